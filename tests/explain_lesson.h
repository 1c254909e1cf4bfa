/* Groups with one heavy op each, and classifiers by hand for which that op decides. */
#ifndef SPILLWAY_TESTS_EXPLAIN_LESSON_H
#define SPILLWAY_TESTS_EXPLAIN_LESSON_H

#include "gnn/model.h"
#include "gnn/train.h"
#include "sim_fixture.h"

enum { LESSON_OPS = 70, LESSON_STRIDE = 7, LESSON_SAMPLES = LESSON_OPS - LESSON_STRIDE + 1 };

struct explain_lesson {
  struct sim_fixture fixture;
  struct gnn_network *network;
  uint64_t groups[LESSON_SAMPLES][GRAPH_MAX_SET_WORDS]; /* LESSON_STRIDE ops in a row from every op */
  struct gnn_sample samples[LESSON_SAMPLES]; /* these, in a buffer that one heavy op's weights fill */
  struct gnn_model model;
};

/* The model is of two hidden units and one layer: unit 0 is the sum of the neighbours' weights over the buffer, unit 1
 * the node's own. The logit is 1 less `neighbours` and `own` times what these units sum to. */
void explain_lesson_open(struct explain_lesson *lesson, double neighbours, double own);
/* The same groups, but a random model with these layers. */
void explain_lesson_draw(struct explain_lesson *lesson, uint32_t hidden, uint32_t layers, uint64_t seed);
void explain_lesson_close(struct explain_lesson *lesson);

/* Of the sample's nodes the heavy one. */
uint32_t explain_lesson_heavy(uint32_t sample);

#endif
