/* Share of valid groups in percent, of the same groups in every buffer, and whether it rises with the buffer. */
WITH shares AS (
  SELECT method, activation_bits AS bits, network, groups, buffer_bytes, 100.0 * valid_groups / groups AS share
  FROM v_sample WHERE seed = 1 AND groups_wanted = 1000),
steps AS (
  SELECT *, share - lag(share) OVER (PARTITION BY method, bits, network ORDER BY buffer_bytes) AS step FROM shares)
SELECT method, bits, network, groups,
  printf('%.0f', max(CASE WHEN buffer_bytes = 131072 THEN share END)) AS '128 KiB',
  printf('%.0f', max(CASE WHEN buffer_bytes = 262144 THEN share END)) AS '256 KiB',
  printf('%.0f', max(CASE WHEN buffer_bytes = 524288 THEN share END)) AS '512 KiB',
  printf('%.0f', max(CASE WHEN buffer_bytes = 1048576 THEN share END)) AS '1 MiB',
  printf('%.0f', max(CASE WHEN buffer_bytes = 2097152 THEN share END)) AS '2 MiB',
  CASE WHEN min(step) >= 0 THEN 'yes' ELSE printf('no: %.1f points down', -min(step)) END AS rising
FROM steps GROUP BY method, bits, network ORDER BY method, bits, network
