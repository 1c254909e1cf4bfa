#include "explain_lesson.h"

#include <check.h>
#include <string.h>

#include "build_graph.h"
#include "support.h"

enum { HEAVY_PLACE = 2, HEAVY_BYTES = 100000, LIGHT_BYTES = 10 };

/* Convolutions, and after every three an addition of the last two maps; every seventh op is heavy. */
static struct graph *lesson_graph(void) {
  struct net net;
  net_begin(&net, 1);
  uint32_t before = net_input(&net, 8, 16), last = before;
  for (uint32_t i = 0; i < LESSON_OPS; i++) {
    net.weights = i % LESSON_STRIDE == HEAVY_PLACE ? HEAVY_BYTES : LIGHT_BYTES;
    uint32_t next = i % 4 == 3 ? net_binary(&net, last, before)
                               : net_conv(&net, last, 16, (struct net_window){1, 1, 0, 1});
    before = last;
    last = next;
  }
  net_mark(&net, last);
  return net_end(&net);
}

static void open_groups(struct explain_lesson *lesson) {
  struct error err = ERROR_INIT;
  struct hw hw = support_hw(HEAVY_BYTES);
  sim_fixture_open(&lesson->fixture, lesson_graph(), &hw);
  ck_assert_int_eq(gnn_network_create(&lesson->network, &lesson->fixture.model, &err), 0);
  for (uint32_t i = 0; i < LESSON_SAMPLES; i++) {
    group_of_range(lesson->fixture.graph, i, i + LESSON_STRIDE - 1, lesson->groups[i]);
    lesson->samples[i] = (struct gnn_sample){lesson->network, lesson->groups[i], HEAVY_BYTES, false};
  }
}

/* The place of "bytes of weights / buffer" among the features. */
static uint32_t weights_feature(void) {
  size_t others = gnn_feature_count() - gnn_op_vocabulary_count;
  for (size_t f = 0; f < others; f++) {
    if (strcmp(gnn_feature_names[f], "bytes of weights / buffer") == 0) return (uint32_t)(gnn_op_vocabulary_count + f);
  }
  ck_abort_msg("no feature of weights");
}

void explain_lesson_open(struct explain_lesson *lesson, double neighbours, double own) {
  struct error err = ERROR_INIT;
  struct gnn_shape shape = {(uint32_t)gnn_feature_count(), 2, 1};
  open_groups(lesson);
  ck_assert_int_eq(gnn_model_create(&lesson->model, shape, &err), 0);
  float *parameters = lesson->model.parameters;
  parameters[gnn_tensor(shape, 0).first + weights_feature()] = 1;                  /* lin_rel.weight, unit 0 */
  parameters[gnn_tensor(shape, 2).first + shape.features + weights_feature()] = 1; /* lin_root.weight, unit 1 */
  parameters[gnn_tensor(shape, 3).first] = (float)-neighbours;
  parameters[gnn_tensor(shape, 3).first + 1] = (float)-own;
  parameters[gnn_tensor(shape, 4).first] = 1;
}

void explain_lesson_draw(struct explain_lesson *lesson, uint32_t hidden, uint32_t layers, uint64_t seed) {
  struct error err = ERROR_INIT;
  struct rng rng = rng_stream(seed, 0, 0);
  open_groups(lesson);
  ck_assert_int_eq(
      gnn_model_create(&lesson->model, (struct gnn_shape){(uint32_t)gnn_feature_count(), hidden, layers}, &err), 0);
  gnn_model_draw(&lesson->model, &rng);
}

void explain_lesson_close(struct explain_lesson *lesson) {
  gnn_model_free(&lesson->model);
  gnn_network_free(lesson->network);
  sim_fixture_close(&lesson->fixture);
}

uint32_t explain_lesson_heavy(uint32_t sample) {
  return (HEAVY_PLACE + LESSON_STRIDE - sample % LESSON_STRIDE) % LESSON_STRIDE;
}
