/* Rectify rates of the newest comparison and median times of the searches, beside those of Table V. */
WITH paper (search, splitter, rectified, seconds) AS (VALUES
  ('local', 'gnne', '83.1', '168'), ('local', 'pg', '59.1', '72'), ('local', 'rg', '94.0', '99'),
  ('random', 'gnne', '72.1', '106'), ('random', 'pg', '50.7', '32'), ('random', 'rg', '91.4', '42')),
timed AS (
  SELECT search, splitter, activation_bits AS bits, wall_seconds, fuseable_dram_bytes / 1e6 AS mb,
    count(*) OVER policy AS n,
    row_number() OVER (PARTITION BY search, splitter, activation_bits ORDER BY wall_seconds) AS by_time,
    row_number() OVER (PARTITION BY search, splitter, activation_bits ORDER BY fuseable_dram_bytes) AS by_mb
  FROM v_run WHERE experiment = 'paper-table-5' WINDOW policy AS (PARTITION BY search, splitter, activation_bits)),
medians AS (
  SELECT search, splitter, bits,
    avg(CASE WHEN by_time IN ((n + 1) / 2, (n + 2) / 2) THEN wall_seconds END) AS seconds,
    avg(CASE WHEN by_mb IN ((n + 1) / 2, (n + 2) / 2) THEN mb END) AS mb
  FROM timed GROUP BY search, splitter, bits),
newest AS (
  SELECT *, row_number() OVER (PARTITION BY explainer, activation_bits ORDER BY comparison_id DESC) AS place
  FROM v_explainer WHERE network = 'mobilenet_v2' AND method = 'lbdf' AND buffer_bytes = 131072
    AND comparison_id IN (SELECT comparison_id FROM v_explainer GROUP BY 1 HAVING count(DISTINCT network) = 1)),
ours AS (
  SELECT search, splitter, bits, seconds, mb, group_count, 100.0 * rectified_at_once / group_count AS at_once,
    100.0 * rectified / group_count AS rectified
  FROM medians LEFT JOIN newest ON explainer = splitter AND activation_bits = bits AND place = 1)
SELECT search, splitter, NULL AS bits, rectified AS 'rectified by the first explanation, %',
  NULL AS 'rectified in the end, %', NULL AS 'invalid groups', seconds AS 'search, s', NULL AS 'best plan, MB'
FROM paper
UNION ALL
SELECT search, splitter, bits, iif(at_once IS NULL, NULL, printf('%.1f', at_once)),
  iif(rectified IS NULL, NULL, printf('%.1f', rectified)), group_count,
  printf('%.3f', seconds), printf('%.3f', mb)
FROM ours ORDER BY search, bits, splitter
