/* Traces as CSV (RFC 4180 with comment lines). traces/README.md describes the format. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sim/hash.h"
#include "sim/trace.h"
#include "util/file.h"
#include "util/text.h"
#include "util/units.h"

enum csv_column {
  CSV_STEP,
  CSV_KIND,
  CSV_OP,
  CSV_TENSOR,
  CSV_ROW,
  CSV_BYTES,
  CSV_OCCUPIED,
  CSV_OTHER, /* not one of ours */
};
enum { CSV_COLUMN_COUNT = CSV_OTHER, CSV_MAX_FIELDS = 256 };

static const char csv_header[] = "step,kind,op,tensor,row,bytes,occupied_bytes";

static const char *const csv_column_names[CSV_COLUMN_COUNT] = {
    [CSV_STEP] = "step",     [CSV_KIND] = "kind", [CSV_OP] = "op",
    [CSV_TENSOR] = "tensor", [CSV_ROW] = "row",   [CSV_BYTES] = "bytes",
    [CSV_OCCUPIED] = "occupied_bytes",
};

/* ---- writing ---- */

static void write_name(FILE *file, const char *name) {
  if (strpbrk(name, ",\"\r\n") == NULL) {
    fputs(name, file);
    return;
  }
  putc('"', file);
  for (; *name != '\0'; name++) {
    if (*name == '"') putc('"', file);
    putc(*name, file);
  }
  putc('"', file);
}

/* A comment is one line, whatever the network is called. */
static void write_network(FILE *file, const char *name) {
  if (*name == '\0') return;
  fputs("# network: ", file);
  for (; *name != '\0'; name++) putc((unsigned char)*name < 0x20 ? '?' : *name, file);
  putc('\n', file);
}

static void write_event(FILE *file, const struct trace *trace, const struct trace_event *event) {
  fprintf(file, "%llu,%s,", (unsigned long long)event->step, trace_kind_names[event->kind]);
  write_name(file, trace->op_names[event->op]);
  putc(',', file);
  if (event->tensor != TRACE_NO_TENSOR) write_name(file, trace->tensor_names[event->tensor]);
  fprintf(file, ",%u,%llu,%llu\n", event->row, (unsigned long long)event->bytes,
          (unsigned long long)event->occupied_bytes);
}

int trace_write_csv(const struct trace *trace, FILE *file, const char *path, struct error *err) {
  if (trace->out_of_memory) return error_memory(err);
  write_network(file, trace->network);
  if (trace->capacity_bytes != 0) {
    fprintf(file, "# capacity_bytes: %llu\n", (unsigned long long)trace->capacity_bytes);
  }
  fprintf(file, "%s\n", csv_header);
  for (size_t i = 0; i < trace->event_count && !ferror(file); i++) write_event(file, trace, &trace->events[i]);
  if (fflush(file) == 0 && !ferror(file)) return 0;
  return error_set(err, ERROR_OUTPUT, "%s: cannot write the trace: %s", path, strerror(errno));
}

/* ---- reading: records and fields ---- */

struct csv_name {
  const char *name;
  uint32_t index;
  bool weights_seen; /* of an op */
  UT_hash_handle hh;
};

struct csv_names {
  struct csv_name *table; /* in the order of their indices */
  uint32_t count;
};

struct csv_field {
  char text[TRACE_MAX_NAME_BYTES + 1];
  size_t length;
};

struct csv_reader {
  const char *path, *at, *end;
  unsigned long line;      /* where the record begins */
  unsigned long next_line; /* where `at` is */
  enum csv_column columns[CSV_MAX_FIELDS];
  unsigned column_count;
  struct csv_field fields[CSV_COLUMN_COUNT];
  struct csv_names ops, tensors;
  struct arena arena; /* of the names' entries */
  struct trace_rows *rows;
  bool staging_seen;
  struct trace *trace;
};

#define CSV_ERROR(reader, err, ...) error_input((err), (reader)->path, (reader)->line, __VA_ARGS__)

static bool at_line_end(const struct csv_reader *reader) {
  const char *at = reader->at;
  if (at == reader->end || *at == '\n') return true;
  return *at == '\r' && (at + 1 == reader->end || at[1] == '\n');
}

static void skip_line_end(struct csv_reader *reader) {
  if (reader->at < reader->end && *reader->at == '\r') reader->at++;
  if (reader->at < reader->end && *reader->at == '\n') reader->at++;
  reader->next_line++;
}

/* field may be NULL: read past, not kept. */
static int field_put(const struct csv_reader *reader, struct csv_field *field, char c, struct error *err) {
  if (c == '\0') return CSV_ERROR(reader, err, "a NUL character; expected text");
  if (field == NULL) return 0;
  if (field->length == TRACE_MAX_NAME_BYTES) {
    return CSV_ERROR(reader, err, "a field of more than %d bytes, the most that a name may have",
                     TRACE_MAX_NAME_BYTES);
  }
  field->text[field->length++] = c;
  return 0;
}

static int read_quoted(struct csv_reader *reader, struct csv_field *field, struct error *err) {
  for (reader->at++; reader->at < reader->end; reader->at++) {
    if (*reader->at == '"' && (++reader->at == reader->end || *reader->at != '"')) return 0;
    if (*reader->at == '\n') reader->next_line++;
    if (field_put(reader, field, *reader->at, err) != 0) return -1;
  }
  return CSV_ERROR(reader, err, "the file ends inside a quoted field; expected a closing '\"'");
}

static int read_unquoted(struct csv_reader *reader, struct csv_field *field, struct error *err) {
  for (; !at_line_end(reader) && *reader->at != ','; reader->at++) {
    if (*reader->at == '"') {
      return CSV_ERROR(reader, err, "a '\"' inside a field; expected the whole field in quotes and its quotes doubled");
    }
    if (field_put(reader, field, *reader->at, err) != 0) return -1;
  }
  return 0;
}

/* The next field and what follows it. *last: it was the record's last. */
static int read_field(struct csv_reader *reader, struct csv_field *field, bool *last, struct error *err) {
  bool quoted = reader->at < reader->end && *reader->at == '"';
  if (field != NULL) field->length = 0;
  if ((quoted ? read_quoted : read_unquoted)(reader, field, err) != 0) return -1;
  if (field != NULL) field->text[field->length] = '\0';
  *last = at_line_end(reader);
  if (*last) {
    skip_line_end(reader);
    return 0;
  }
  if (*reader->at++ == ',') return 0;
  return CSV_ERROR(reader, err, "text after a closing '\"'; expected a comma or the end of the line");
}

/* ---- reading: comments ---- */

/* The value of a comment "# KEY VALUE" in *text, without blanks around it. */
static bool comment_value(const char **text, size_t *length, const char *key) {
  size_t key_length = strlen(key);
  if (*length < key_length || memcmp(*text, key, key_length) != 0) return false;
  *text += key_length;
  *length -= key_length;
  while (*length > 0 && **text == ' ') ++*text, --*length;
  while (*length > 0 && (*text)[*length - 1] == ' ') --*length;
  return true;
}

static int read_network(struct csv_reader *reader, const char *text, size_t length, struct error *err) {
  if (length > TRACE_MAX_NAME_BYTES) {
    return CSV_ERROR(reader, err, "a network name of %zu bytes; expected at most %d", length, TRACE_MAX_NAME_BYTES);
  }
  const char *name = arena_strndup(&reader->trace->arena, text, length);
  if (name == NULL) return error_memory(err);
  if (strlen(name) != length || !text_is_utf8(name)) {
    return CSV_ERROR(reader, err, "the network's name is no UTF-8 text");
  }
  reader->trace->network = name;
  return 0;
}

static int read_capacity(struct csv_reader *reader, const char *text, size_t length, struct error *err) {
  char number[24];
  snprintf(number, sizeof number, "%.*s", length < sizeof number ? (int)length : (int)sizeof number - 1, text);
  if (length >= sizeof number || units_parse_u64(&reader->trace->capacity_bytes, number) != 0) {
    return CSV_ERROR(reader, err, "capacity_bytes is '%s'; expected a whole number of bytes", number);
  }
  return 0;
}

static int read_comment(struct csv_reader *reader, struct error *err) {
  const char *text = ++reader->at;
  while (!at_line_end(reader)) reader->at++;
  size_t length = (size_t)(reader->at - text);
  skip_line_end(reader);
  comment_value(&text, &length, "");
  if (comment_value(&text, &length, "network:")) return read_network(reader, text, length, err);
  if (comment_value(&text, &length, "capacity_bytes:")) return read_capacity(reader, text, length, err);
  return 0;
}

/* Goes to the next line that is neither empty nor a comment: 1, 0 at the end, or -1. */
static int next_record(struct csv_reader *reader, struct error *err) {
  while (reader->at < reader->end) {
    reader->line = reader->next_line;
    if (*reader->at == '#') {
      if (read_comment(reader, err) != 0) return -1;
    } else if (at_line_end(reader)) {
      skip_line_end(reader);
    } else {
      return 1;
    }
  }
  return 0;
}

/* ---- reading: header ---- */

static enum csv_column find_column(const char *name) {
  int c = 0;
  while (c < CSV_COLUMN_COUNT && strcmp(csv_column_names[c], name) != 0) c++;
  return (enum csv_column)c;
}

static int check_header(const struct csv_reader *reader, struct error *err) {
  unsigned times[CSV_COLUMN_COUNT + 1] = {0};
  for (unsigned i = 0; i < reader->column_count; i++) times[reader->columns[i]]++;
  for (int c = 0; c < CSV_COLUMN_COUNT; c++) {
    if (times[c] == 1) continue;
    return CSV_ERROR(reader, err, "the header has %s column '%s'; expected %s", times[c] == 0 ? "no" : "more than one",
                     csv_column_names[c], csv_header);
  }
  return 0;
}

static int read_header(struct csv_reader *reader, struct error *err) {
  int found = next_record(reader, err);
  if (found < 0) return -1;
  if (found == 0) return error_input(err, reader->path, 0, "has no header line; expected %s", csv_header);
  for (bool last = false; !last;) {
    if (reader->column_count == CSV_MAX_FIELDS) {
      return CSV_ERROR(reader, err, "the header has more than %d columns; expected %s", CSV_MAX_FIELDS, csv_header);
    }
    if (read_field(reader, &reader->fields[0], &last, err) != 0) return -1;
    reader->columns[reader->column_count++] = find_column(reader->fields[0].text);
  }
  return check_header(reader, err);
}

/* ---- reading: events ---- */

static int read_fields(struct csv_reader *reader, struct error *err) {
  unsigned count = 0;
  for (bool last = false; !last; count++) {
    if (count == reader->column_count) {
      return CSV_ERROR(reader, err, "more than %u fields; expected as many as the header has", count);
    }
    enum csv_column column = reader->columns[count];
    struct csv_field *field = column == CSV_OTHER ? NULL : &reader->fields[column];
    if (read_field(reader, field, &last, err) != 0) return -1;
  }
  if (count == reader->column_count) return 0;
  return CSV_ERROR(reader, err, "%u field%s; expected %u, as many as the header has", count, count == 1 ? "" : "s",
                   reader->column_count);
}

static int parse_number(const struct csv_reader *reader, enum csv_column column, uint64_t limit, uint64_t *value,
                        struct error *err) {
  const char *text = reader->fields[column].text;
  if (units_parse_u64(value, text) == 0 && *value <= limit) return 0;
  return CSV_ERROR(reader, err, "%s is '%.40s'; expected a whole number from 0 to %llu", csv_column_names[column],
                   text, (unsigned long long)limit);
}

static int parse_kind(const struct csv_reader *reader, enum trace_kind *kind, struct error *err) {
  const char *text = reader->fields[CSV_KIND].text;
  for (int k = 0; k < TRACE_KIND_COUNT; k++) {
    if (strcmp(text, trace_kind_names[k]) != 0) continue;
    *kind = (enum trace_kind)k;
    return 0;
  }
  char known[192] = "";
  for (int k = 0; k < TRACE_KIND_COUNT; k++) {
    const char *before = k == 0 ? "" : k + 1 == TRACE_KIND_COUNT ? " or " : ", ";
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", before, trace_kind_names[k]);
  }
  return CSV_ERROR(reader, err, "kind is '%.40s'; expected %s", text, known);
}

/* The entry of a name, a new one if it has not been met before. */
static int find_name(struct csv_reader *reader, struct csv_names *names, enum csv_column column,
                     struct csv_name **out, struct error *err) {
  const struct csv_field *field = &reader->fields[column];
  HASH_FIND(hh, names->table, field->text, field->length, *out);
  if (*out != NULL) return 0;
  if (!text_is_utf8(field->text)) return CSV_ERROR(reader, err, "%s is no UTF-8 text", csv_column_names[column]);
  struct csv_name *entry = ARENA_NEW(&reader->arena, struct csv_name, 1);
  const char *copy = arena_strndup(&reader->trace->arena, field->text, field->length);
  if (entry == NULL || copy == NULL) return error_memory(err);
  entry->name = copy;
  HASH_ADD_KEYPTR(hh, names->table, copy, field->length, entry);
  if (entry->hh.tbl == NULL) return error_memory(err);
  entry->index = names->count++;
  *out = entry;
  return 0;
}

static bool is_of_weights(enum trace_kind kind) {
  return kind == TRACE_WEIGHTS || kind == TRACE_STAGING || kind == TRACE_FETCH;
}

/* Weights have no tensor, rows have one; an overflow has what it came from. */
static int parse_tensor(struct csv_reader *reader, struct trace_event *event, struct error *err) {
  const char *text = reader->fields[CSV_TENSOR].text;
  event->tensor = TRACE_NO_TENSOR;
  if (*text == '\0') {
    if (!is_of_weights(event->kind) && event->kind != TRACE_OVERFLOW) {
      return CSV_ERROR(reader, err, "tensor is empty; expected the name of the tensor whose row this is");
    }
    if (event->row == 0) return 0;
    return CSV_ERROR(reader, err, "row %u without a tensor; expected 0", event->row);
  }
  if (is_of_weights(event->kind)) {
    return CSV_ERROR(reader, err, "weights of tensor '%.80s'; expected an empty tensor, for weights belong to their op",
                     text);
  }
  struct csv_name *name;
  if (find_name(reader, &reader->tensors, CSV_TENSOR, &name, err) != 0) return -1;
  event->tensor = name->index;
  return 0;
}

static int parse_event(struct csv_reader *reader, struct trace_event *event, struct csv_name **op,
                       struct error *err) {
  uint64_t row;
  if (read_fields(reader, err) != 0 || parse_number(reader, CSV_STEP, UINT64_MAX, &event->step, err) != 0 ||
      parse_kind(reader, &event->kind, err) != 0 || parse_number(reader, CSV_ROW, UINT32_MAX, &row, err) != 0 ||
      parse_number(reader, CSV_BYTES, UINT64_MAX, &event->bytes, err) != 0 ||
      parse_number(reader, CSV_OCCUPIED, UINT64_MAX, &event->occupied_bytes, err) != 0) {
    return -1;
  }
  event->row = (uint32_t)row;
  if (reader->fields[CSV_OP].length == 0) return CSV_ERROR(reader, err, "op is empty; expected the name of an op");
  if (find_name(reader, &reader->ops, CSV_OP, op, err) != 0) return -1;
  event->op = (*op)->index;
  return parse_tensor(reader, event, err);
}

/* ---- reading: does the event follow from those before? ---- */

static int check_weights(const struct csv_reader *reader, struct csv_name *op, struct error *err) {
  if (op->weights_seen) {
    return CSV_ERROR(reader, err, "weights of '%.80s' once more; expected them once, for they stay", op->name);
  }
  op->weights_seen = true;
  return 0;
}

static int check_staging(struct csv_reader *reader, struct error *err) {
  if (reader->staging_seen) {
    return CSV_ERROR(reader, err, "staging once more; expected it once, for all ops share the area and it stays");
  }
  reader->staging_seen = true;
  return 0;
}

static int check_arrival(const struct csv_reader *reader, const struct trace_event *event, struct error *err) {
  const struct trace *trace = reader->trace;
  int status = trace_rows_add(reader->rows, event->tensor, event->row, trace->event_count);
  if (status == 0) return 0;
  if (status < 0) return error_memory(err);
  size_t since = trace_rows_find(reader->rows, event->tensor, event->row);
  return CSV_ERROR(reader, err,
                   "%s of row %u of '%.80s', which is in the buffer since step %llu; expected its free first",
                   trace_kind_names[event->kind], event->row, reader->fields[CSV_TENSOR].text,
                   (unsigned long long)trace->events[since].step);
}

static int check_free(const struct csv_reader *reader, const struct trace_event *event, struct error *err) {
  const char *tensor = reader->fields[CSV_TENSOR].text;
  size_t since = trace_rows_remove(reader->rows, event->tensor, event->row);
  if (since == TRACE_NO_EVENT) {
    return CSV_ERROR(reader, err,
                     "free of row %u of '%.80s', which is not in the buffer; expected a load or alloc of it first",
                     event->row, tensor);
  }
  const struct trace_event *came = &reader->trace->events[since];
  if (came->bytes == event->bytes) return 0;
  return CSV_ERROR(reader, err,
                   "free of row %u of '%.80s' with %llu bytes; expected the %llu that it took at step %llu",
                   event->row, tensor, (unsigned long long)event->bytes, (unsigned long long)came->bytes,
                   (unsigned long long)came->step);
}

static int check_present(const struct csv_reader *reader, const struct trace_event *event, struct error *err) {
  if (trace_rows_find(reader->rows, event->tensor, event->row) != TRACE_NO_EVENT) return 0;
  return CSV_ERROR(reader, err,
                   "read of row %u of '%.80s', which is not in the buffer; expected a load or alloc of it first",
                   event->row, reader->fields[CSV_TENSOR].text);
}

static int check_row(struct csv_reader *reader, const struct trace_event *event, struct csv_name *op,
                     struct error *err) {
  switch (event->kind) {
    case TRACE_WEIGHTS: return check_weights(reader, op, err);
    case TRACE_STAGING: return check_staging(reader, err);
    case TRACE_LOAD:
    case TRACE_ALLOC: return check_arrival(reader, event, err);
    case TRACE_FREE: return check_free(reader, event, err);
    case TRACE_READ: return check_present(reader, event, err);
    case TRACE_FETCH:
    case TRACE_FIRE:
    case TRACE_STORE:
    case TRACE_OVERFLOW: break;
  }
  return 0;
}

/* A row that is freed is one of those in the buffer, so before >= bytes. */
static int check_occupied(const struct csv_reader *reader, const struct trace_event *event, uint64_t before,
                          struct error *err) {
  uint64_t after = before;
  const char *change = "leaves them";
  if (event->kind == TRACE_FREE) {
    after -= event->bytes;
    change = "takes bytes away";
  } else if (event->kind == TRACE_WEIGHTS || event->kind == TRACE_STAGING || event->kind == TRACE_LOAD ||
             event->kind == TRACE_ALLOC) {
    change = "adds bytes";
    if (__builtin_add_overflow(before, event->bytes, &after)) {
      return CSV_ERROR(reader, err, "%llu bytes on top of %llu; expected a sum that fits 64 bits",
                       (unsigned long long)event->bytes, (unsigned long long)before);
    }
  }
  if (event->occupied_bytes == after) return 0;
  return CSV_ERROR(reader, err, "occupied_bytes is %llu; expected %llu, since it was %llu before and %s %s",
                   (unsigned long long)event->occupied_bytes, (unsigned long long)after,
                   (unsigned long long)before, trace_kind_names[event->kind], change);
}

static int check_event(struct csv_reader *reader, const struct trace_event *event, struct csv_name *op,
                       struct error *err) {
  const struct trace *trace = reader->trace;
  const struct trace_event *last = trace->event_count == 0 ? NULL : &trace->events[trace->event_count - 1];
  if (last != NULL && event->step < last->step) {
    return CSV_ERROR(reader, err, "step %llu after step %llu; expected steps that never decrease",
                     (unsigned long long)event->step, (unsigned long long)last->step);
  }
  if (check_row(reader, event, op, err) != 0) return -1;
  return check_occupied(reader, event, last == NULL ? 0 : last->occupied_bytes, err);
}

/* ---- reading: the whole ---- */

static int read_events(struct csv_reader *reader, struct error *err) {
  for (;;) {
    struct trace_event event;
    struct csv_name *op;
    int found = next_record(reader, err);
    if (found <= 0) return found;
    if (parse_event(reader, &event, &op, err) != 0 || check_event(reader, &event, op, err) != 0) return -1;
    trace_append(reader->trace, &event);
    if (reader->trace->out_of_memory) return error_memory(err);
  }
}

static int list_names(struct arena *arena, const char ***list, size_t *count, const struct csv_names *names,
                      struct error *err) {
  *list = ARENA_NEW(arena, const char *, names->count);
  if (*list == NULL) return error_memory(err);
  *count = names->count;
  for (const struct csv_name *name = names->table; name != NULL; name = name->hh.next) {
    (*list)[name->index] = name->name;
  }
  return 0;
}

static int read_all(struct csv_reader *reader, struct error *err) {
  struct trace *trace = reader->trace;
  if (reader->rows == NULL) return error_memory(err);
  if (reader->end - reader->at >= 3 && memcmp(reader->at, "\xef\xbb\xbf", 3) == 0) reader->at += 3;
  if (read_header(reader, err) != 0 || read_events(reader, err) != 0) return -1;
  if (list_names(&trace->arena, &trace->op_names, &trace->op_count, &reader->ops, err) != 0) return -1;
  return list_names(&trace->arena, &trace->tensor_names, &trace->tensor_count, &reader->tensors, err);
}

int trace_read_csv_memory(struct trace *out, const void *bytes, size_t length, const char *path,
                          struct error *err) {
  *out = (struct trace){.network = "", .arena = ARENA_INIT};
  struct csv_reader reader = {
      .path = path,
      .at = bytes,
      .end = (const char *)bytes + length,
      .next_line = 1,
      .rows = trace_rows_create(),
      .trace = out,
  };
  int status = read_all(&reader, err);
  HASH_CLEAR(hh, reader.ops.table);
  HASH_CLEAR(hh, reader.tensors.table);
  arena_free(&reader.arena);
  trace_rows_free(reader.rows);
  if (status != 0) trace_free(out);
  return status;
}

int trace_read_csv(struct trace *out, const char *path, struct error *err) {
  char *bytes;
  size_t length;
  if (file_read(&bytes, &length, path, TRACE_MAX_FILE_BYTES, err) != 0) return -1;
  int status = trace_read_csv_memory(out, bytes, length, path, err);
  free(bytes);
  return status;
}
