#include "util/text.h"

#include <string.h>

/* Bytes of the character that begins at text, 0 if it is malformed. The ranges of the
 * second byte are those of table 3-7 of the Unicode Standard. */
static size_t text_character_bytes(const unsigned char *text) {
  static const struct {
    unsigned char first, last, second_low, second_high;
    size_t bytes;
  } forms[] = {
      {0x00, 0x7f, 0, 0, 1},       {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
      {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
      {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
  };
  for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
    if (text[0] < forms[i].first || text[0] > forms[i].last) continue;
    if (forms[i].bytes == 1) return 1;
    if (text[1] < forms[i].second_low || text[1] > forms[i].second_high) return 0;
    for (size_t b = 2; b < forms[i].bytes; b++) {
      if (text[b] < 0x80 || text[b] > 0xbf) return 0;
    }
    return forms[i].bytes;
  }
  return 0;
}

bool text_is_utf8(const char *text) {
  const unsigned char *at = (const unsigned char *)text;
  while (*at != '\0') {
    size_t bytes = text_character_bytes(at);
    if (bytes == 0) return false;
    at += bytes;
  }
  return true;
}

enum { TEXT_COMPARED_BYTES = 255, TEXT_MAX_EDITS = 8 };

static size_t text_min(size_t a, size_t b) { return a < b ? a : b; }

/* Edits that turn a into b (optimal string alignment), or limit + 1 if there are more.
 * Only the cells within limit of the diagonal are computed. */
static size_t text_distance(const char *a, const char *b, size_t limit) {
  const size_t far = limit + 1;
  size_t rows[3][TEXT_COMPARED_BYTES + 1];
  size_t a_length = strlen(a), b_length = strlen(b);
  if (a_length > TEXT_COMPARED_BYTES || b_length > TEXT_COMPARED_BYTES) return far;
  if ((a_length > b_length ? a_length - b_length : b_length - a_length) > limit) return far;
  for (size_t j = 0; j <= b_length; j++) {
    rows[0][j] = text_min(j, far);
    rows[1][j] = rows[2][j] = far;
  }
  size_t least_above = 0;
  for (size_t i = 1; i <= a_length; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
    size_t low = i > limit ? i - limit : 1, high = text_min(b_length, i + limit);
    size_t least = row[low - 1] = low == 1 ? text_min(i, far) : far;
    for (size_t j = low; j <= high; j++) {
      size_t edits = text_min(above[j - 1] + (a[i - 1] != b[j - 1]), text_min(above[j], row[j - 1]) + 1);
      bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) edits = text_min(edits, above2[j - 2] + 1);
      row[j] = text_min(edits, far);
      least = text_min(least, row[j]);
    }
    /* A swap reaches two rows back, so that two rows out of reach are the end. */
    if (least == far && least_above == far) return far;
    least_above = least;
  }
  return rows[a_length % 3][b_length];
}

struct text_nearest text_nearest_start(const char *found) {
  size_t limit = 1 + strlen(found) / 4;
  return (struct text_nearest){.found = found, .limit = text_min(limit, TEXT_MAX_EDITS)};
}

void text_nearest_offer(struct text_nearest *nearest, const char *name) {
  size_t limit = nearest->limit;
  if (nearest->best != NULL) {
    if (limit == 0) return;
    limit--; /* only a nearer name is better */
  }
  size_t edits = text_distance(nearest->found, name, limit);
  if (edits > limit) return;
  nearest->best = name;
  nearest->limit = edits;
}
