#include "sweep_fixture.h"

#include <string.h>

#include "cli_run.h"

const char sweep_text[] =
    "networks: [squeezenet1_1, mobilenet_v3_small]\n"
    "buffers: {from: 64KiB, to: 256KiB, factor: 2}\n"
    "methods: [lbdf, brr]\n"
    "budgets: 24\n"
    "seeds: [1, 2]\n";

void sweep_write(void) { cli_write("exp.yaml", sweep_text); }

/* Columns of a view but those that may differ between two runs of the same cell. */
static const char *columns(const char *database, const char *view) {
  const char *sql = cli_format(
      "SELECT group_concat(name, ', ') FROM pragma_table_info('%s') WHERE name NOT IN"
      " ('run_id', 'started_at', 'wall_seconds', 'hardware_id')",
      view);
  const char *text = OUTPUT("query", sql, "--db", database, "--format", "csv");
  const char *line = strchr(text, '\n'); /* the header ends; the value is in quotes */
  ck_assert_ptr_nonnull(line);
  return cli_format("%.*s", (int)strcspn(line + 2, "\""), line + 2);
}

const char *sweep_contents(const char *database) {
  static const char *const parts[] = {"v_group", "v_curve", "v_explanation", "v_front"};
  const char *text = OUTPUT("query",
                            cli_format("SELECT %s FROM v_run WHERE cell_key IS NOT NULL ORDER BY cell_key",
                                       columns(database, "v_run")),
                            "--db", database, "--format", "csv");
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
    const char *sql = cli_format(
        "SELECT cell_key, %s FROM %s JOIN (SELECT run_id, cell_key FROM v_run) USING (run_id)"
        " WHERE cell_key IS NOT NULL ORDER BY cell_key, ordinal",
        columns(database, parts[i]), parts[i]);
    text = cli_format("%s%s", text, OUTPUT("query", sql, "--db", database, "--format", "csv"));
  }
  return text;
}

const char *sweep_undisturbed(void) {
  OUTPUT("sweep", "exp.yaml", "--quiet", "--db", "undisturbed.db");
  ck_assert_int_eq(sweep_runs("undisturbed.db"), SWEEP_CELLS);
  return sweep_contents("undisturbed.db");
}

int64_t sweep_runs(const char *database) { return cli_sql(database, "SELECT count(*) FROM v_run"); }

void sweep_assert_whole(const char *database) {
  ck_assert_int_eq(cli_sql(database, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
  ck_assert_int_eq(cli_sql(database, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
  ck_assert_int_eq(cli_sql(database,
                           "SELECT count(*) FROM v_run AS r WHERE group_count <>"
                           " (SELECT count(*) FROM v_group AS g WHERE g.run_id = r.run_id)"),
                   0);
}
