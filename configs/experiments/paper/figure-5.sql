/* The median over seeds of the best plan, in MB, at four budgets. */
WITH reached AS (
  SELECT run_id, budget.value AS plans, min(v_curve.fuseable_dram_bytes) / 1e6 AS mb
  FROM v_curve JOIN json_each('[1000, 2000, 3000, 4000]') AS budget ON v_curve.plans <= budget.value
  GROUP BY run_id, budget.value),
ranked AS (
  SELECT network, method, search, activation_bits AS bits, splitter, reached.plans, mb, count(*) OVER policy AS n,
    row_number() OVER (PARTITION BY network, method, search, activation_bits, splitter, reached.plans ORDER BY mb)
      AS rank
  FROM reached JOIN v_run USING (run_id) WHERE experiment = 'paper-figure-5'
  WINDOW policy AS (PARTITION BY network, method, search, activation_bits, splitter, reached.plans)),
medians AS (
  SELECT network, method, search, bits, splitter, plans, max(n) AS seeds,
    avg(CASE WHEN rank IN ((n + 1) / 2, (n + 2) / 2) THEN mb END) AS mb
  FROM ranked GROUP BY network, method, search, bits, splitter, plans)
SELECT network, method, search, bits, splitter, max(seeds) AS seeds,
  printf('%.3f', max(CASE WHEN plans = 1000 THEN mb END)) AS '1,000 plans',
  printf('%.3f', max(CASE WHEN plans = 2000 THEN mb END)) AS '2,000',
  printf('%.3f', max(CASE WHEN plans = 3000 THEN mb END)) AS '3,000',
  printf('%.3f', max(CASE WHEN plans = 4000 THEN mb END)) AS '4,000'
FROM medians GROUP BY network, method, search, bits, splitter ORDER BY bits, method, network, splitter
