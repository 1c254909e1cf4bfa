#define XXH_STATIC_LINKING_ONLY /* a hash's state on the stack */
#include "gnn/dataset.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "util/bitset.h"
#include "util/file.h"
#include "util/rng.h"
#include "util/text.h"

/* The file, numbers little-endian:
 *
 *   8 bytes  "spwgroup"
 *   u32      version
 *   u64      seed
 *   u8       sizes, then each in bytes, u64, ascending
 *   u16      networks, then of each: u16 ops, u64 hash, u16 length of its name, the name
 *   u64      ops of all groups together
 *   u64      groups, then of each: u16 network; u8 flags, 1 wide, 2 half; u64 content; for each method u8, bit s
 *            tells whether it fits size s; number of its ops, and their labels, ascending: the first, then how many
 *            labels lie between one and the next; these as LEB128
 *   u64      XXH64 of all that is before */
static const char magic[8] = {'s', 'p', 'w', 'g', 'r', 'o', 'u', 'p'};

enum {
  FORMAT_VERSION = 1,
  FLAG_WIDE = 1,
  FLAG_HALF = 2,
  CHECKSUM_BYTES = 8,
  NETWORK_LEAST_BYTES = 2 + 8 + 2 + 1,
  GROUP_LEAST_BYTES = 2 + 1 + 8 + DATASET_METHODS + 1 + 1,
  MOST_NAME_BYTES = 4096,
};

#define DATASET_MAX_BYTES ((size_t)1 << 30)

const char *const dataset_methods[DATASET_METHODS] = {"lbdf", "brr"};

void dataset_free(struct dataset *dataset) {
  for (uint32_t i = 0; dataset->networks != NULL && i < dataset->network_count; i++) free(dataset->networks[i].name);
  free(dataset->networks);
  free(dataset->groups);
  free(dataset->ops);
  *dataset = (struct dataset){0};
}

/* ---- writing ---- */

struct sink {
  XXH64_state_t state;
  FILE *file; /* NULL: for the hash alone */
};

static void put_bytes(struct sink *sink, const void *bytes, size_t length) {
  XXH64_update(&sink->state, bytes, length);
  if (sink->file != NULL) fwrite(bytes, 1, length, sink->file);
}

static void put_number(struct sink *sink, uint64_t value, size_t bytes) {
  uint8_t text[8];
  for (size_t i = 0; i < bytes; i++) text[i] = (uint8_t)(value >> 8 * i);
  put_bytes(sink, text, bytes);
}

static void put_leb128(struct sink *sink, uint32_t value) {
  for (; value >= 0x80; value >>= 7) put_number(sink, (value & 0x7f) | 0x80, 1);
  put_number(sink, value, 1);
}

static void put_network(struct sink *sink, const struct dataset_network *network) {
  size_t length = strlen(network->name);
  put_number(sink, network->op_count, 2);
  put_number(sink, network->hash, 8);
  put_number(sink, length, 2);
  put_bytes(sink, network->name, length);
}

static void put_group(struct sink *sink, const struct dataset *dataset, const struct dataset_group *group) {
  const uint16_t *ops = dataset->ops + group->first_op;
  put_number(sink, group->network, 2);
  put_number(sink, (group->wide ? FLAG_WIDE : 0) + (group->half ? FLAG_HALF : 0), 1);
  put_number(sink, group->content, 8);
  for (size_t m = 0; m < DATASET_METHODS; m++) put_number(sink, group->fits[m], 1);
  put_leb128(sink, group->op_count);
  for (uint32_t i = 0; i < group->op_count; i++) put_leb128(sink, i == 0 ? ops[0] : ops[i] - ops[i - 1] - 1U);
}

static void put_all(struct sink *sink, const struct dataset *dataset) {
  XXH64_reset(&sink->state, 0);
  put_bytes(sink, magic, sizeof magic);
  put_number(sink, FORMAT_VERSION, 4);
  put_number(sink, dataset->seed, 8);
  put_number(sink, dataset->size_count, 1);
  for (uint32_t s = 0; s < dataset->size_count; s++) put_number(sink, dataset->sizes_bytes[s], 8);
  put_number(sink, dataset->network_count, 2);
  for (uint32_t i = 0; i < dataset->network_count; i++) put_network(sink, &dataset->networks[i]);
  put_number(sink, dataset->op_count, 8);
  put_number(sink, dataset->group_count, 8);
  for (size_t i = 0; i < dataset->group_count; i++) put_group(sink, dataset, &dataset->groups[i]);
}

uint64_t dataset_hash(const struct dataset *dataset) {
  struct sink sink = {.file = NULL};
  put_all(&sink, dataset);
  return XXH64_digest(&sink.state);
}

static int put_file(void *context, FILE *file, struct error *err) {
  struct sink sink = {.file = file};
  (void)err; /* failures of the stream are found by the caller */
  put_all(&sink, context);
  put_number(&sink, XXH64_digest(&sink.state), CHECKSUM_BYTES);
  return 0;
}

int dataset_write(const struct dataset *dataset, const char *path, struct error *err) {
  struct dataset borrowed = *dataset;
  return file_stream(path, put_file, &borrowed, err);
}

/* ---- reading ---- */

/* Never reads beyond its end: what is missing there reads as 0, and failed is set. */
struct source {
  const char *name; /* of the file */
  const uint8_t *bytes;
  size_t length, at;
  struct error *err;
};

static size_t left(const struct source *source) { return source->length - source->at; }

static int malformed(const struct source *source, const char *what) {
  return error_input(source->err, source->name, 0, "byte %zu: %s; make the data set anew", source->at, what);
}

/* A number of so many bytes; the caller made sure that they are there. */
static uint64_t take_number(struct source *source, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; i++) value |= (uint64_t)source->bytes[source->at + i] << 8 * i;
  source->at += bytes;
  return value;
}

/* 0, or -1 if no number of at most `most` is there in its shortest form. */
static int take_leb128(struct source *source, uint32_t *value, uint32_t most) {
  uint32_t result = 0;
  for (unsigned shift = 0; shift < 21; shift += 7) {
    if (left(source) == 0) return -1;
    uint8_t byte = source->bytes[source->at++];
    result |= (uint32_t)(byte & 0x7f) << shift;
    if (byte >= 0x80) continue;
    *value = result;
    return result <= most && (byte > 0 || shift == 0) ? 0 : -1;
  }
  return -1;
}

/* Without magic, version and checksum, which are right, nothing else is looked at. */
static int take_frame(struct source *source) {
  const size_t least = sizeof magic + 4 + CHECKSUM_BYTES;
  if (source->length < least || memcmp(source->bytes, magic, sizeof magic) != 0) {
    return error_input(source->err, source->name, 0,
                       "is no data set of groups; expected a file that train-validity --make-data has written");
  }
  source->at = sizeof magic;
  uint64_t version = take_number(source, 4);
  if (version != FORMAT_VERSION) {
    return error_input(source->err, source->name, 0, "is a data set of version %" PRIu64 "; expected %d; make it anew",
                       version, FORMAT_VERSION);
  }
  struct source tail = {.bytes = source->bytes, .at = source->length - CHECKSUM_BYTES};
  if (take_number(&tail, CHECKSUM_BYTES) != XXH64(source->bytes, source->length - CHECKSUM_BYTES, 0)) {
    return error_input(source->err, source->name, 0,
                       "does not match its checksum: it was cut short or damaged; make the data set anew");
  }
  source->length -= CHECKSUM_BYTES;
  return 0;
}

static int take_sizes(struct dataset *out, struct source *source) {
  if (left(source) < 9) return malformed(source, "expected the seed and the number of buffer sizes");
  out->seed = take_number(source, 8);
  out->size_count = (uint32_t)take_number(source, 1);
  if (out->size_count < 1 || out->size_count > DATASET_MAX_SIZES) return malformed(source, "expected 1 to 8 sizes");
  if (left(source) < (size_t)8 * out->size_count) return malformed(source, "expected buffer sizes");
  for (uint32_t s = 0; s < out->size_count; s++) {
    out->sizes_bytes[s] = take_number(source, 8);
    if (out->sizes_bytes[s] <= (s > 0 ? out->sizes_bytes[s - 1] : 0)) {
      return malformed(source, "expected buffer sizes that ascend, and no 0");
    }
  }
  return 0;
}

static int take_network(struct dataset_network *network, struct source *source) {
  if (left(source) < NETWORK_LEAST_BYTES) return malformed(source, "expected a network");
  network->op_count = (uint32_t)take_number(source, 2);
  network->hash = take_number(source, 8);
  size_t length = take_number(source, 2);
  if (network->op_count < 1 || network->op_count > GRAPH_MAX_OPS) return malformed(source, "expected 1 to 16384 ops");
  if (length < 1 || length > MOST_NAME_BYTES || length > left(source)) {
    return malformed(source, "expected the name of a network");
  }
  network->name = malloc(length + 1);
  if (network->name == NULL) return error_memory(source->err);
  memcpy(network->name, source->bytes + source->at, length);
  network->name[length] = '\0';
  if (strlen(network->name) != length || !text_is_utf8(network->name)) {
    return malformed(source, "expected the name of a network in UTF-8");
  }
  source->at += length;
  return 0;
}

static int take_networks(struct dataset *out, struct source *source) {
  if (left(source) < 2) return malformed(source, "expected the number of networks");
  size_t count = take_number(source, 2);
  if (count > left(source) / NETWORK_LEAST_BYTES) return malformed(source, "there are more networks than bytes");
  out->networks = calloc(count + 1, sizeof *out->networks);
  if (out->networks == NULL) return error_memory(source->err);
  out->network_count = (uint32_t)count;
  for (size_t i = 0; i < count; i++) {
    if (take_network(&out->networks[i], source) != 0) return -1;
  }
  return 0;
}

/* The group's ops go behind those before it; there is room for `room` more. */
static int take_labels(struct dataset *out, struct dataset_group *group, struct source *source, size_t room) {
  uint32_t ops = out->networks[group->network].op_count, next = 0, gap;
  if (take_leb128(source, &group->op_count, ops) != 0 || group->op_count == 0 || group->op_count > room) {
    return malformed(source, "expected a number of ops that the network, and the total before the groups, allow");
  }
  for (uint32_t i = 0; i < group->op_count; i++) {
    if (next >= ops || take_leb128(source, &gap, ops - 1 - next) != 0) {
      return malformed(source, "expected the label of an op of the network");
    }
    out->ops[group->first_op + i] = (uint16_t)(next + gap);
    next += gap + 1;
  }
  return 0;
}

static int take_group(struct dataset *out, struct dataset_group *group, struct source *source) {
  if (left(source) < GROUP_LEAST_BYTES) return malformed(source, "expected a group");
  group->network = (uint32_t)take_number(source, 2);
  uint64_t flags = take_number(source, 1);
  group->content = take_number(source, 8);
  if (group->network >= out->network_count) return malformed(source, "expected the number of a network");
  if (flags > (FLAG_WIDE | FLAG_HALF)) return malformed(source, "expected flags from 0 to 3");
  group->wide = (flags & FLAG_WIDE) != 0;
  group->half = (flags & FLAG_HALF) != 0;
  for (size_t m = 0; m < DATASET_METHODS; m++) {
    group->fits[m] = (uint8_t)take_number(source, 1);
    if (group->fits[m] >> out->size_count != 0) return malformed(source, "expected no more labels than sizes");
  }
  return 0;
}

static int take_groups(struct dataset *out, struct source *source) {
  if (left(source) < 16) return malformed(source, "expected the numbers of ops and groups");
  uint64_t ops = take_number(source, 8), groups = take_number(source, 8);
  if (groups > left(source) / GROUP_LEAST_BYTES) return malformed(source, "there are more groups than bytes");
  if (ops > left(source) || ops > UINT32_MAX) return malformed(source, "there are more ops than bytes");
  out->groups = calloc(groups + 1, sizeof *out->groups);
  out->ops = calloc(ops + 1, sizeof *out->ops);
  if (out->groups == NULL || out->ops == NULL) return error_memory(source->err);
  for (; out->group_count < groups; out->group_count++) {
    struct dataset_group *group = &out->groups[out->group_count];
    group->first_op = (uint32_t)out->op_count;
    if (take_group(out, group, source) != 0 || take_labels(out, group, source, ops - out->op_count) != 0) return -1;
    out->op_count += group->op_count;
  }
  if (out->op_count != ops) return malformed(source, "the groups have not as many ops as the file says");
  return left(source) == 0 ? 0 : malformed(source, "expected the end behind the last group");
}

int dataset_parse(struct dataset *out, const char *name, const void *bytes, size_t length, struct error *err) {
  struct source source = {.name = name, .bytes = bytes, .length = length, .err = err};
  *out = (struct dataset){0};
  int status = take_frame(&source);
  if (status == 0) status = take_sizes(out, &source);
  if (status == 0) status = take_networks(out, &source);
  if (status == 0) status = take_groups(out, &source);
  if (status != 0) dataset_free(out);
  return status;
}

int dataset_read(struct dataset *out, const char *path, struct error *err) {
  char *bytes;
  size_t length;
  *out = (struct dataset){0};
  if (file_read(&bytes, &length, path, DATASET_MAX_BYTES, err) != 0) return -1;
  int status = dataset_parse(out, path, bytes, length, err);
  free(bytes);
  return status;
}

/* ---- groups ---- */

enum dataset_part dataset_part_of(const struct dataset *dataset, const struct dataset_group *group) {
  struct rng rng = rng_stream(dataset->seed, group->content, 0);
  uint32_t tenth = rng_below(&rng, 10);
  if (tenth == 9) return DATASET_TEST;
  return tenth == 8 ? DATASET_VALIDATION : DATASET_TRAINING;
}

void dataset_group_set(uint64_t *set, size_t words, const struct dataset *dataset, const struct dataset_group *group) {
  bitset_clear(set, words);
  for (uint32_t i = 0; i < group->op_count; i++) bitset_add(set, dataset->ops[group->first_op + i]);
}
