/* The newest comparison of explainers on all networks for each method, width and breadth: means over groups. Of the
   medians those of networks and buffers are there, so none is shown. */
WITH whole AS (
  SELECT comparison_id, method, weight_bits AS bits, breadth,
    row_number() OVER (PARTITION BY method, weight_bits, breadth ORDER BY comparison_id DESC) AS place
  FROM v_explainer GROUP BY comparison_id HAVING count(DISTINCT network) > 1),
ours AS (
  SELECT method, bits, breadth, explainer, min(ordinal) AS ordinal, sum(group_count) AS n,
    sum(rectified_at_once) AS at_once, sum(first_cuts) AS first_cuts, sum(best_first_cuts) AS best,
    sum(possible_first_cuts) AS possible, sum(regret_sum) AS regret, sum(regret_groups) AS regret_groups,
    sum(simulations) AS simulations, sum(microseconds_mean * group_count) AS microseconds,
    sum(sparsity * group_count) AS sparsity, sum(stability * group_count) AS stability,
    sum(fidelity_plus * group_count) AS plus, sum(fidelity_minus * group_count) AS minus
  FROM whole JOIN v_explainer USING (comparison_id, method, breadth)
  WHERE place = 1 GROUP BY method, bits, whole.breadth, explainer)
SELECT printf('%s, %d bits, breadth %d', method, bits, breadth) AS 'compared under', explainer, n AS groups,
  printf('%.1f', 100.0 * at_once / n) AS 'at once %', printf('%.1f', 100.0 * first_cuts / n) AS 'first cut %',
  iif(possible = 0, NULL, printf('%.1f', 100.0 * best / possible)) AS 'best cut %',
  printf('%.2f', 100 * regret / regret_groups) AS 'regret mean %',
  printf('%.1f', 1.0 * simulations / n) AS simulations, printf('%.0f', microseconds / n) AS us,
  printf('%.2f', sparsity / n) AS sparsity, printf('%.2f', stability / n) AS stability,
  iif(plus IS NULL, NULL, printf('%.3f', plus / n)) AS 'fidelity+',
  iif(minus IS NULL, NULL, printf('%.3f', minus / n)) AS 'fidelity-'
FROM ours ORDER BY method DESC, bits, breadth DESC, ordinal
