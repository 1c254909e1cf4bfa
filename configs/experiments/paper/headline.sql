/* What splitting at trace-GET's edges saves over random splits, seed by seed: medians and ranges. */
WITH pairs AS (
  SELECT r.activation_bits AS bits, r.search, r.budget, r.fuseable_dram_bytes / 1e6 AS random,
    t.fuseable_dram_bytes / 1e6 AS explained,
    100.0 * (1 - 1.0 * t.fuseable_dram_bytes / r.fuseable_dram_bytes) AS saved
  FROM v_run AS r JOIN v_run AS t USING (experiment, hardware_id, search, budget, seed)
  WHERE experiment = 'paper-headline' AND r.splitter = 'random' AND t.splitter = 'trace-get'),
ranked AS (
  SELECT *, count(*) OVER policy AS n,
    row_number() OVER (PARTITION BY bits, search, budget ORDER BY random) AS by_random,
    row_number() OVER (PARTITION BY bits, search, budget ORDER BY explained) AS by_explained,
    row_number() OVER (PARTITION BY bits, search, budget ORDER BY saved) AS by_saved
  FROM pairs WINDOW policy AS (PARTITION BY bits, search, budget))
SELECT bits, search, budget AS plans, max(n) AS seeds,
  printf('%.2f [%.2f, %.2f]', avg(CASE WHEN by_random IN ((n + 1) / 2, (n + 2) / 2) THEN random END), min(random),
    max(random)) AS 'random split, MB',
  printf('%.2f [%.2f, %.2f]', avg(CASE WHEN by_explained IN ((n + 1) / 2, (n + 2) / 2) THEN explained END),
    min(explained), max(explained)) AS 'trace-GET, MB',
  printf('%.1f [%.1f, %.1f]', avg(CASE WHEN by_saved IN ((n + 1) / 2, (n + 2) / 2) THEN saved END), min(saved),
    max(saved)) AS 'saved, %'
FROM ranked GROUP BY bits, search, budget ORDER BY bits DESC, search, budget
