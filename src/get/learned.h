/* What explainers that learn are given: the weights of one method and their hyper-parameters, a table from which the
 * option, its messages and its documentation come. */
#ifndef SPILLWAY_GET_LEARNED_H
#define SPILLWAY_GET_LEARNED_H

#include <stddef.h>
#include <stdint.h>

#include "gnn/gnne.h"
#include "gnn/pg.h"
#include "gnn/rg.h"
#include "util/error.h"

struct learned_settings {
  struct gnne_options gnne;
  struct rg_explain_options rg;
};

/* One hyper-parameter: "gnne.steps". */
struct learned_parameter {
  const char *name;
  enum { LEARNED_COUNT, LEARNED_REAL } type; /* of the field: uint64_t, double */
  double minimum, maximum;                   /* inclusive */
  double initial;
  const char *help; /* one line */
  size_t offset;    /* in struct learned_settings */
};
extern const struct learned_parameter learned_parameters[];
extern const size_t learned_parameter_count;

/* Sets the defaults and then what "gnne.steps=50,rg.seeds=3" says; NULL or "" says nothing. ERROR_USAGE. */
int learned_settings_parse(struct learned_settings *out, const char *text, struct error *err);

/* What of it the explainer of that name (NULL: any) depends on: "gnne.steps=100,gnne.rate=0.1", each value in one way
 * however it was written, or "". The caller frees it with free(); NULL without memory. */
char *learned_settings_text(const struct learned_settings *settings, const char *explainer);

/* Immutable once loaded, shared between threads. */
struct learned {
  struct learned_settings settings;
  struct gnn_model model;
  struct gnn_pg pg; /* none unless asked for */
  struct gnn_rg rg; /* likewise */
};

/* What of it an explainer needs; several need what theirs combine to (|). */
enum learned_need {
  LEARNED_NOTHING = 0,
  LEARNED_MODEL = 1, /* the classifier */
  LEARNED_PG = 2 | LEARNED_MODEL,
  LEARNED_RG = 4 | LEARNED_MODEL,
};

/* The files of one method's weights that are needed, below their folder: "lbdf/validity.safetensors", and
 * pg.safetensors or rg.safetensors beside it. How many; the caller frees each with free(). One is NULL without
 * memory. */
#define LEARNED_MAX_FILES 3
size_t learned_files(char *files[LEARNED_MAX_FILES], enum learned_need need, const char *method);

/* Reads those files. method: whose classifier it is (method.h). The caller frees with learned_free(). */
int learned_load(struct learned *out, enum learned_need need, const char *folder, const char *method,
                 const struct learned_settings *settings, struct error *err);
void learned_free(struct learned *learned);

#endif
