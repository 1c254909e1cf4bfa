#include "sim/dram_trace.h"

#include <errno.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, WORD_BYTES = 32, END = -1 };

struct reader {
  FILE *file;
  const char *path;
  unsigned long line;
  size_t at, length;
  char word[WORD_BYTES + 1]; /* of the line, at most its first bytes */
  char chunk[CHUNK_BYTES];
};

/* ---- words and lines ---- */

static int peek(struct reader *reader) {
  if (reader->at == reader->length) {
    reader->length = fread(reader->chunk, 1, CHUNK_BYTES, reader->file);
    reader->at = 0;
    if (reader->length == 0) return END;
  }
  return (unsigned char)reader->chunk[reader->at];
}

static bool is_blank(int c) { return c == ' ' || c == '\t' || c == '\r'; }
static bool ends_words(int c) { return c == END || c == '\n' || c == '#'; }

/* Reads the next word of the line; false if there is none. */
static bool read_word(struct reader *reader) {
  size_t length = 0;
  while (is_blank(peek(reader))) reader->at++;
  for (int c = peek(reader); !ends_words(c) && !is_blank(c); reader->at++, c = peek(reader)) {
    if (length < WORD_BYTES) reader->word[length++] = c == '\0' ? '?' : (char)c;
  }
  reader->word[length] = '\0';
  return length > 0;
}

/* Goes to the next line, past a comment; false at the end of the file. */
static bool next_line(struct reader *reader) {
  int c = peek(reader);
  for (; c != END && c != '\n'; c = peek(reader)) reader->at++;
  reader->at += c == '\n';
  reader->line++;
  return c != END;
}

static int unexpected(const struct reader *reader, const char *expected, struct error *err) {
  if (reader->word[0] == '\0') {
    return error_input(err, reader->path, reader->line, "the line ends here, expected %s", expected);
  }
  return error_input(err, reader->path, reader->line, "found '%s', expected %s", reader->word, expected);
}

/* ---- numbers ---- */

static unsigned digit_value(char c) {
  if (c >= '0' && c <= '9') return (unsigned)(c - '0');
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/* The whole of text as a number; 0 or -1. */
static int parse_number(uint64_t *value, const char *text, unsigned base) {
  *value = 0;
  if (*text == '\0') return -1;
  for (; *text != '\0'; text++) {
    unsigned digit = digit_value(*text);
    if (digit >= base || *value > (UINT64_MAX - digit) / base) return -1;
    *value = *value * base + digit;
  }
  return 0;
}

static int read_address(struct reader *reader, uint64_t *address, struct error *err) {
  read_word(reader);
  const char *text = reader->word;
  if (text[0] == '0' && (text[1] | 0x20) == 'x') text += 2;
  if (parse_number(address, text, 16) == 0) return 0;
  return unexpected(reader, "a hexadecimal address of at most 64 bits", err);
}

static int read_idle(struct reader *reader, uint64_t *clock, struct error *err) {
  uint64_t clocks;
  read_word(reader);
  if (parse_number(&clocks, reader->word, 10) != 0) return unexpected(reader, "a number of clocks", err);
  if (*clock >= DRAM_TRACE_MAX_CLOCK || clocks >= DRAM_TRACE_MAX_CLOCK - *clock) {
    return unexpected(reader, "fewer clocks: a trace ends before clock 2^60", err);
  }
  *clock += clocks;
  return 0;
}

/* ---- the trace ---- */

/* The line's request, if it has one; *clock is the earliest for the next. */
static int replay_line(struct reader *reader, struct dram *dram, uint64_t *clock, struct error *err) {
  uint64_t address;
  if (!read_word(reader)) return 0;
  char letter = reader->word[1] == '\0' ? reader->word[0] : '\0';
  if (letter == 'R' || letter == 'W') {
    if (read_address(reader, &address, err) != 0) return -1;
    *clock = dram_push(dram, letter == 'W', address, *clock);
  } else if (letter == 'I') {
    uint64_t end_clock = dram_drain(dram);
    if (end_clock > *clock) *clock = end_clock;
    if (read_idle(reader, clock, err) != 0) return -1;
  } else {
    return unexpected(reader, "R, W or I", err);
  }
  return read_word(reader) ? unexpected(reader, "the end of the line or a comment", err) : 0;
}

int dram_trace_replay(uint64_t *total_clocks, struct dram *dram, FILE *file, const char *path, struct error *err) {
  struct reader reader = {.file = file, .path = path, .line = 1};
  uint64_t clock = 0;
  do {
    if (replay_line(&reader, dram, &clock, err) != 0) return -1;
  } while (next_line(&reader));
  if (ferror(file)) return error_input(err, path, 0, "cannot be read: %s", strerror(errno));
  *total_clocks = dram_drain(dram);
  return 0;
}
