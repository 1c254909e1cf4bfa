/* Fuseable DRAM bytes of the best plan against plans proposed, a curve per run of the
 * results database. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/figure.h"
#include "cli/gnuplot.h"
#include "cli/memory.h"
#include "store/query.h"

enum { MAX_CURVES = 2 * GNUPLOT_COLOURS };

/* Repeated runs give the same curve, so the newest of each stands for all. */
static const char sql[] =
    "WITH chosen AS ("
    "  SELECT *, row_number() OVER ("
    "    PARTITION BY network_hash, network, hardware_id, method, search, splitter, budget, seed, options"
    "    ORDER BY run_id DESC) AS place"
    "  FROM v_run WHERE search IS NOT NULL AND (:network = '' OR network = :network) AND (%s))"
    " SELECT run_id, printf('%%s, buffer %%g KiB, %%d-bit activations, %%s', network, buffer_bytes / 1024.0,"
    "    activation_bits, method),"
    "  search || ' search, ' || splitter || ' split', 'seed ' || seed, plans, v_curve.fuseable_dram_bytes / 1e6"
    " FROM v_curve JOIN chosen USING (run_id) WHERE place = 1"
    " ORDER BY chosen.network, buffer_bytes, method, search, splitter, seed, run_id, v_curve.ordinal";

enum { COLUMN_RUN, COLUMN_SETTING, COLUMN_POLICY, COLUMN_SEED, COLUMN_PLANS, COLUMN_MB };

struct curve {
  char *setting, *policy, *seed;
};

struct curves {
  struct curve items[MAX_CURVES];
  size_t count;
};

static char *value_text(const struct query *query, size_t column) {
  struct query_value value = query_value(query, column);
  return value.type == QUERY_TEXT ? cli_format("%.*s", (int)value.length, value.bytes) : cli_strdup("");
}

/* Data blocks $run0, $run1, ...; each of steps from point to point. */
static int write_data(FILE *script, struct curves *curves, struct query *query, struct error *err) {
  int64_t run = -1;
  int more;
  while ((more = query_step(query, err)) == 1) {
    int64_t now = query_value(query, COLUMN_RUN).integer;
    if (now != run && curves->count == MAX_CURVES) {
      return error_set(err, ERROR_USAGE,
                       "more than %d runs to draw; choose some with --where, such as --where \"budget = 2000\"",
                       MAX_CURVES);
    }
    if (now != run) {
      if (run >= 0) fputs("EOD\n", script);
      fprintf(script, "$run%zu << EOD\n", curves->count);
      curves->items[curves->count++] = (struct curve){value_text(query, COLUMN_SETTING),
                                                      value_text(query, COLUMN_POLICY), value_text(query, COLUMN_SEED)};
      run = now;
    }
    fprintf(script, "%" PRId64 " %.6f\n", query_value(query, COLUMN_PLANS).integer, query_value(query, COLUMN_MB).real);
  }
  if (run >= 0) fputs("EOD\n", script);
  return more;
}

static bool all_equal(const struct curves *curves, size_t offset) {
  for (size_t i = 1; i < curves->count; i++) {
    const char *const *a = (const void *)((const char *)&curves->items[0] + offset);
    const char *const *b = (const void *)((const char *)&curves->items[i] + offset);
    if (strcmp(*a, *b) != 0) return false;
  }
  return true;
}

/* What all curves share is in the title, what they do not in the key. */
static void write_plot(FILE *script, const struct curves *curves, const char *title) {
  bool same_setting = all_equal(curves, offsetof(struct curve, setting));
  bool same_seed = all_equal(curves, offsetof(struct curve, seed));
  fputs("set title ", script);
  gnuplot_text(script, title != NULL ? title : same_setting ? curves->items[0].setting : "best plan found");
  fputs(
      "\nset xlabel 'plans proposed'\nset ylabel 'DRAM traffic of fuseable ops (MB)'\nset logscale x\nset xrange [*:*] "
      "noextend\n"
      "set grid\n"
      "set key top right\nset tics out nomirror\nset border 3\nset rmargin 3\nplot ",
      script);
  for (size_t i = 0; i < curves->count; i++) {
    const struct curve *curve = &curves->items[i];
    char *name = cli_format("%s%s%s%s%s", same_setting ? "" : curve->setting, same_setting ? "" : ", ", curve->policy,
                            same_seed ? "" : ", ", same_seed ? "" : curve->seed);
    fprintf(script, "%s$run%zu using 1:2 with steps lw 2.5 dt %zu lc rgb '%s' title ", i == 0 ? "" : ", \\\n  ", i,
            i / GNUPLOT_COLOURS + 1, gnuplot_colours[i % GNUPLOT_COLOURS]);
    gnuplot_text(script, name);
    free(name);
  }
  putc('\n', script);
}

static void curves_free(struct curves *curves) {
  for (size_t i = 0; i < curves->count; i++) {
    free(curves->items[i].setting);
    free(curves->items[i].policy);
    free(curves->items[i].seed);
  }
}

int figure_curves(FILE *script, const struct plot_settings *settings, const char *network, struct error *err) {
  struct curves curves = {.count = 0};
  struct query *query;
  char *text = cli_format(sql, settings->where == NULL ? "true" : settings->where);
  char *parameter = cli_format("network=%s", network == NULL ? "" : network);
  const char *const parameters[] = {parameter};
  int status = query_open(&query, settings->database.path, NULL, err);
  if (status == 0) status = query_ask(query, text, parameters, 1, err);
  if (status == 0) status = write_data(script, &curves, query, err);
  if (status == 0 && curves.count == 0) {
    status = error_set(err, ERROR_INPUT, "%s: no searches%s%s%s to draw; run 'spillway schedule' first",
                       settings->database.path, network == NULL ? "" : " of ", network == NULL ? "" : network,
                       settings->where == NULL ? "" : " that --where lets through");
  }
  if (status == 0) write_plot(script, &curves, settings->title);
  query_close(query);
  curves_free(&curves);
  free(text);
  free(parameter);
  return status == 0 ? 0 : -1;
}
