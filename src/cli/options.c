#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/memory.h"
#include "cli/names.h"
#include "cli/verb.h"
#include "util/text.h"
#include "util/units.h"

const struct option_spec *options_next(const struct option_use **use, size_t *index) {
  for (; (*use)->group != NULL; (*use)++, *index = 0) {
    if (*index < (*use)->group->count) return &(*use)->group->options[(*index)++];
  }
  return NULL;
}

/* ---- values ---- */

/* Sets the field from text; 0, or ERROR_USAGE. */
typedef int option_setter(void *field, const struct option_spec *option, const char *text, struct error *err);

static int set_flag(void *field, const struct option_spec *option, const char *text, struct error *err) {
  (void)option, (void)text, (void)err;
  *(bool *)field = true;
  return 0;
}

static int set_text(void *field, const struct option_spec *option, const char *text, struct error *err) {
  if (text[0] == '\0') return error_set(err, ERROR_USAGE, "--%s is empty; expected %s", option->name, option->argument);
  *(const char **)field = text;
  return 0;
}

static int set_name(void *field, const struct option_spec *option, const char *text, struct error *err) {
  if (names_check(option->kind, text, err) != 0) return -1;
  *(const char **)field = text;
  return 0;
}

static int set_count(void *field, const struct option_spec *option, const char *text, struct error *err) {
  uint64_t value;
  if (units_parse_u64(&value, text) == 0 && value >= option->minimum && value <= option->maximum) {
    *(uint64_t *)field = value;
    return 0;
  }
  return error_set(err, ERROR_USAGE, "--%s is '%.80s'; expected a whole number from %llu to %llu", option->name, text,
                   (unsigned long long)option->minimum, (unsigned long long)option->maximum);
}

static int set_real(void *field, const struct option_spec *option, const char *text, struct error *err) {
  char *end;
  double value = strtod(text, &end);
  if (end != text && *end == '\0' && value >= (double)option->minimum && value <= (double)option->maximum) {
    *(double *)field = value;
    return 0;
  }
  return error_set(err, ERROR_USAGE, "--%s is '%.80s'; expected a number from %llu to %llu", option->name, text,
                   (unsigned long long)option->minimum, (unsigned long long)option->maximum);
}

static option_setter *const setters[] = {
    [OPTION_FLAG] = set_flag,   [OPTION_TEXT] = set_text, [OPTION_NAME] = set_name,
    [OPTION_COUNT] = set_count, [OPTION_REAL] = set_real,
};

/* ---- getopt's view ---- */

/* An option and where it writes. */
struct option_target {
  const struct option_spec *option;
  void *field;
};

struct option_parser {
  const struct verb *verb;
  struct option_target *targets;
  struct option *longs; /* getopt's, val is OPTION_FIRST + index into targets */
  char *shorts;
  size_t count;
};

enum { OPTION_HELP = 'h', OPTION_FIRST = 256 };

static void parser_create(struct option_parser *parser, const struct verb *verb, unsigned char *settings) {
  const struct option_use *use = verb->options;
  size_t index = 0, room = 0, letters = 0;
  while (options_next(&use, &index) != NULL) room++;
  *parser = (struct option_parser){.verb = verb};
  parser->targets = cli_alloc(room, sizeof *parser->targets);
  parser->longs = cli_alloc(room + 2, sizeof *parser->longs);
  parser->shorts = cli_alloc(2 * room + 3, 1);
  parser->shorts[letters++] = ':'; /* tell a missing argument from an unknown option */
  parser->shorts[letters++] = OPTION_HELP;
  use = verb->options;
  index = 0;
  for (const struct option_spec *option; (option = options_next(&use, &index)) != NULL; parser->count++) {
    int takes = option->type == OPTION_FLAG ? no_argument : required_argument;
    parser->targets[parser->count] = (struct option_target){option, settings + use->offset + option->offset};
    parser->longs[parser->count] = (struct option){option->name, takes, NULL, OPTION_FIRST + (int)parser->count};
    if (option->letter == '\0') continue;
    parser->shorts[letters++] = option->letter;
    if (takes == required_argument) parser->shorts[letters++] = ':';
  }
  parser->longs[room] = (struct option){"help", no_argument, NULL, OPTION_HELP};
}

static void parser_free(struct option_parser *parser) {
  free(parser->targets);
  free(parser->longs);
  free(parser->shorts);
}

static const struct option_target *parser_target(const struct option_parser *parser, int code) {
  if (code >= OPTION_FIRST) return &parser->targets[code - OPTION_FIRST];
  for (size_t i = 0; i < parser->count; i++) {
    if (parser->targets[i].option->letter == code) return &parser->targets[i];
  }
  return NULL;
}

/* ---- what is wrong ---- */

/* "--search, --seed": the options that begin like that; how many there are. */
static size_t list_abbreviated(char *list, size_t size, const struct option_parser *parser, const char *found) {
  size_t count = 0, used = 0;
  list[0] = '\0';
  for (size_t i = 0; i <= parser->count; i++) {
    if (strncmp(parser->longs[i].name, found, strlen(found)) != 0 || used >= size) continue;
    used += (size_t)snprintf(list + used, size - used, "%s--%s", count++ == 0 ? "" : ", ", parser->longs[i].name);
  }
  return count;
}

static int complain_unknown_long(const struct option_parser *parser, const char *word, struct error *err) {
  char found[80], list[400];
  size_t length = strcspn(word + 2, "=");
  snprintf(found, sizeof found, "%.*s", (int)(length < sizeof found ? length : sizeof found - 1), word + 2);
  struct text_nearest nearest = text_nearest_start(found);
  for (size_t i = 0; i <= parser->count; i++) text_nearest_offer(&nearest, parser->longs[i].name);
  if (list_abbreviated(list, sizeof list, parser, found) > 1) {
    return error_set(err, ERROR_USAGE, "option --%s could be %s; write it out", found, list);
  }
  if (nearest.best == NULL) return error_set(err, ERROR_USAGE, "unknown option --%s", found);
  return error_set(err, ERROR_USAGE, "unknown option --%s; did you mean --%s?", found, nearest.best);
}

/* After getopt_long() returned '?' or ':' for word. */
static int complain(const struct option_parser *parser, int code, const char *word, struct error *err) {
  if (code == ':') {
    const struct option_spec *option = parser_target(parser, optopt)->option;
    return error_set(err, ERROR_USAGE, "option --%s needs an argument: %s, %s", option->name, option->argument,
                     option->help);
  }
  if (optopt == 0) return complain_unknown_long(parser, word, err);
  if (optopt >= OPTION_FIRST || (optopt == OPTION_HELP && strncmp(word, "--", 2) == 0)) {
    const char *name = optopt == OPTION_HELP ? "help" : parser_target(parser, optopt)->option->name;
    return error_set(err, ERROR_USAGE, "option --%s takes no argument", name);
  }
  return error_set(err, ERROR_USAGE, "unknown option -%c", optopt);
}

static int check_arguments(const struct arguments *arguments, const struct verb *verb, struct error *err) {
  size_t taken = 0;
  for (const struct verb_argument *wanted = verb->arguments; wanted->name != NULL; wanted++) {
    if (taken >= arguments->count) {
      if (wanted->optional) return 0;
      return error_set(err, ERROR_USAGE, "%s needs %s: %s", verb->name, wanted->name, wanted->help);
    }
    taken = wanted->repeated ? arguments->count : taken + 1;
  }
  if (taken >= arguments->count) return 0;
  return error_set(err, ERROR_USAGE, "%s: '%.80s' is one argument too many", verb->name, arguments->values[taken]);
}

/* ---- parsing ---- */

static int parse_defaults(const struct option_parser *parser, struct error *err) {
  for (size_t i = 0; i < parser->count; i++) {
    const struct option_target *target = &parser->targets[i];
    if (target->option->initial == NULL) continue;
    if (setters[target->option->type](target->field, target->option, target->option->initial, err) != 0) return -1;
  }
  return 0;
}

static int parse_line(const struct option_parser *parser, struct arguments *arguments, int argc, char **argv,
                      struct error *err) {
  optind = 0; /* GNU: start over, and forget the last line */
  opterr = 0;
  for (;;) {
    int before = optind == 0 ? 1 : optind;
    int code = getopt_long(argc, argv, parser->shorts, parser->longs, NULL);
    if (code == -1) break;
    if (code == OPTION_HELP) {
      arguments->help = true;
      return 0;
    }
    /* An unknown long option is the word just passed; getopt may have moved it there. */
    if (code == '?' || code == ':') return complain(parser, code, argv[optind > before ? optind - 1 : optind], err);
    const struct option_target *target = parser_target(parser, code);
    if (setters[target->option->type](target->field, target->option, optarg, err) != 0) return -1;
  }
  arguments->values = argv + optind;
  arguments->count = (size_t)(argc - optind);
  return check_arguments(arguments, parser->verb, err);
}

int options_parse(void *settings, struct arguments *arguments, const struct verb *verb, int argc, char **argv,
                  struct error *err) {
  struct option_parser parser;
  *arguments = (struct arguments){0};
  parser_create(&parser, verb, settings);
  int status = parse_defaults(&parser, err);
  if (status == 0) status = parse_line(&parser, arguments, argc, argv, err);
  parser_free(&parser);
  return status;
}
