/* Lines of a figure out of the results database. Runs of searches that differ in nothing but
 * their seed are one line; what lines have in common is for the title, what tells them apart
 * for the key. */
#ifndef SPILLWAY_CLI_SERIES_H
#define SPILLWAY_CLI_SERIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/figure.h"

/* What a run is of. See the table in series.c. */
enum series_part {
  SERIES_NETWORK,
  SERIES_FILE,
  SERIES_FOLD,
  SERIES_HARDWARE,
  SERIES_BUFFER,
  SERIES_BITS,
  SERIES_METHOD,
  SERIES_SEARCH, /* here and below: the policy */
  SERIES_SPLITTER,
  SERIES_BUDGET,
  SERIES_OBJECTIVES,
  SERIES_OPS,
  SERIES_RULES,
  SERIES_LEARNED, /* settings of an explainer that learns, where runs of the same splitter differ in them */
  SERIES_WEIGHTS, /* of it, likewise */
  SERIES_OPTIONS,
  SERIES_PARTS
};

#define SERIES_ALL ((1u << SERIES_PARTS) - 1)
#define SERIES_SETTING ((1u << SERIES_SEARCH) - 1)
#define SERIES_POLICY (SERIES_ALL & ~SERIES_SETTING)

struct series_sample {
  int64_t run;
  double x, y;
};

/* Over the runs that have a y at x. */
struct series_point {
  double x, median, low, high;
};

struct series {
  char *parts[SERIES_PARTS]; /* "" where it is of no account */
  struct series_sample *samples; /* by run, then x, as asked */
  size_t sample_count, sample_capacity;
  struct series_point *points; /* by x, once pooled */
  size_t point_count;
};

struct series_list {
  struct series *items;
  size_t count, most;
};

struct series_question {
  bool samples; /* rows of v_sample instead of searches; --where is on its columns */
  /* SQL over `chosen`, the runs to draw: the columns of v_run, and known_bytes, the best bound
   * of fuseable_dram_bytes that any run of that network, hardware, buffer and method has, and
   * known_optimum, whether it is the optimum. Rows where one of the two is NULL are left out. */
  const char *x, *y;
  const char *join;      /* "JOIN v_curve USING (run_id)"; or "" */
  const char *condition; /* of chosen */
  unsigned parts;        /* bits 1u << part: those that tell lines apart */
  size_t most;           /* lines that can be drawn */
  /* To say that there is nothing: "no <what> to draw; run '<command>' first". */
  const char *what, *command;
};

/* Samples, not pooled yet. The caller frees in all cases. ERROR_INPUT if there are none;
 * ERROR_USAGE if there are too many lines or the condition of --where is no SQL. */
int series_ask(struct series_list *out, const struct series_question *question, const struct plot_settings *settings,
               const char *network, struct error *err);
/* As series_ask(), where nothing is nothing to complain of. */
int series_ask_further(struct series_list *out, const struct series_question *question,
                       const struct plot_settings *settings, const char *network, struct error *err);
void series_free(struct series_list *list);

/* The SQL before which all of this stands: "WITH ... chosen AS (...)". The caller frees it. */
char *series_sql(const char *condition, const struct plot_settings *settings);

/* Says that there is nothing to draw. */
int series_nothing(const struct series_question *question, const struct plot_settings *settings, const char *network,
                   struct error *err);

/* Pools the samples of each x. */
void series_pool(struct series_list *list);
/* Of runs that keep their value until their next sample, at each x that any of them has; the
 * points are the corners of the steps. */
void series_pool_steps(struct series_list *list);

/* The parts that not all lines share, and those of `always`, with commas. The caller frees it. */
char *series_label(const struct series_list *list, size_t i, unsigned parts, unsigned always);
/* The letters of the longest label of all parts. */
size_t series_longest_label(const struct series_list *list, unsigned always);
/* Settings that all lines share, after the figure's own words. The caller frees it. */
char *series_title(const struct series_list *list, const char *words);

/* ---- the script ---- */

struct series_style {
  const char *block;   /* name of its data blocks, each with its number */
  const char *with;    /* "lines" or "linespoints" */
  const char *look;    /* NULL: line i has the style i */
  const char *label;   /* of all lines of one look together, in the key; NULL: nothing */
  unsigned always;     /* parts that are in the key in any case */
};

/* x, median, low and high of each line as a data block. */
void series_write_data(FILE *script, const struct series_list *list, const char *block);
/* Clauses of a plot command with bands and lines; *first is whether none stands before. Returns
 * the number of entries in the key. */
size_t series_write_lines(FILE *script, const struct series_list *list, const struct series_style *style, bool *first);

#endif
