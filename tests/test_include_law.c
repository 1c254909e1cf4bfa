/* The include law: a file in src/<module>/ includes only headers of its own module and of
 * those that the table allows it. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 4096
#define REPORT_BYTES 8192

static const struct law {
  const char *module;
  const char *may_include; /* a space before and after each name */
} laws[] = {
    {"util", " "},
    {"graph", " util "},
    {"hw", " util "},
    {"plan", " util graph hw "},
    {"sim", " util graph hw plan "},
    {"gnn", " util graph hw plan sim "},
    {"get", " util graph hw plan sim gnn "},
    {"sched", " util graph hw plan sim gnn get "},
    {"store", " util "},
    {"cli", " util graph hw plan sim gnn get sched store "},
};
enum { LAW_COUNT = sizeof laws / sizeof laws[0] };

/* What a check of a tree found. */
struct findings {
  size_t files[LAW_COUNT]; /* read, by module */
  size_t violations;
  char report[REPORT_BYTES]; /* one line each, as far as they fit */
};

static const struct law *law_of(const char *module, size_t length) {
  for (size_t i = 0; i < LAW_COUNT; i++) {
    if (strlen(laws[i].module) == length && strncmp(laws[i].module, module, length) == 0) return &laws[i];
  }
  return NULL;
}

static bool law_allows(const struct law *law, const struct law *other) {
  char name[16];
  snprintf(name, sizeof name, " %s ", other->module);
  return other == law || strstr(law->may_include, name) != NULL;
}

static void add_violation(struct findings *findings, const char *where, const char *what) {
  size_t used = strlen(findings->report);
  snprintf(findings->report + used, sizeof findings->report - used, "%s: %s\n", where, what);
  findings->violations++;
}

/* If line is an #include, cuts out what it names; *quoted tells "x" from <x>. */
static bool included_name(char *line, char **name, bool *quoted) {
  char *at = line + strspn(line, " \t");
  if (*at++ != '#') return false;
  at += strspn(at, " \t");
  if (strncmp(at, "include", 7) != 0) return false;
  at += 7 + strspn(at + 7, " \t");
  if (*at != '"' && *at != '<') return false;
  *quoted = *at == '"';
  *name = at + 1;
  (*name)[strcspn(*name, *quoted ? "\"\n" : ">\n")] = '\0';
  return true;
}

static void check_include(struct findings *findings, const struct law *law, const char *where,
                          const char *name, bool quoted) {
  const char *slash = strchr(name, '/');
  const struct law *other = slash != NULL ? law_of(name, (size_t)(slash - name)) : NULL;
  char what[512];
  if (other != NULL) {
    if (quoted && law_allows(law, other)) return;
    snprintf(what, sizeof what, "src/%s may not include %c%s%c", law->module, quoted ? '"' : '<', name,
             quoted ? '"' : '>');
  } else {
    if (!quoted || strcmp(name, "config.h") == 0) return;
    snprintf(what, sizeof what, "\"%s\" is no header of a module, written \"module/file.h\"", name);
  }
  add_violation(findings, where, what);
}

static void check_file(struct findings *findings, const struct law *law, const char *path) {
  FILE *file = fopen(path, "r");
  ck_assert_msg(file != NULL, "%s: %s", path, strerror(errno));
  char line[1024], where[PATH_BYTES + 32], *name;
  bool quoted;
  for (unsigned number = 1; fgets(line, sizeof line, file) != NULL; number++) {
    snprintf(where, sizeof where, "%s:%u", path, number);
    if (included_name(line, &name, &quoted)) check_include(findings, law, where, name, quoted);
  }
  fclose(file);
  findings->files[law - laws]++;
}

static bool is_source(const char *name) {
  size_t length = strlen(name);
  if (name[0] == '.' || length < 3) return false;
  return strcmp(name + length - 2, ".c") == 0 || strcmp(name + length - 2, ".h") == 0;
}

static void check_module(struct findings *findings, const char *root, const char *module) {
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/src/%s", root, module);
  DIR *folder = opendir(path);
  if (folder == NULL && errno == ENOTDIR) return;
  ck_assert_msg(folder != NULL, "%s: %s", path, strerror(errno));
  const struct law *law = law_of(module, strlen(module));
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (!is_source(entry->d_name)) continue;
    snprintf(path, sizeof path, "%s/src/%s/%s", root, module, entry->d_name);
    if (law != NULL) {
      check_file(findings, law, path);
    } else {
      add_violation(findings, path, "is in a folder that is no module");
    }
  }
  closedir(folder);
}

/* Checks every src/<module>/<file>.[ch] below root. */
static void check_tree(struct findings *findings, const char *root) {
  memset(findings, 0, sizeof *findings);
  char path[PATH_BYTES];
  snprintf(path, sizeof path, "%s/src", root);
  DIR *folder = opendir(path);
  ck_assert_msg(folder != NULL, "%s: %s; set SPILLWAY_SOURCE_DIR to the top of the source tree", path,
                strerror(errno));
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] != '.') check_module(findings, root, entry->d_name);
  }
  closedir(folder);
}

START_TEST(the_sources_obey) {
  const char *root = getenv("SPILLWAY_SOURCE_DIR");
  struct findings findings;
  check_tree(&findings, root != NULL ? root : ".");
  ck_assert_msg(findings.violations == 0, "%zu include(s) break the law:\n%s", findings.violations,
                findings.report);
  for (size_t i = 0; i < LAW_COUNT; i++) {
    ck_assert_msg(findings.files[i] > 0, "no source was found in src/%s", laws[i].module);
  }
}
END_TEST

/* A tree of one source file, in a temporary folder. */
struct planted {
  char root[64], file[PATH_BYTES];
};

static void planted_create(struct planted *tree, const char *module, const char *text) {
  char path[PATH_BYTES];
  strcpy(tree->root, "/tmp/spillway-law-XXXXXX");
  ck_assert_ptr_nonnull(mkdtemp(tree->root));
  snprintf(path, sizeof path, "%s/src", tree->root);
  ck_assert_int_eq(mkdir(path, 0700), 0);
  snprintf(path, sizeof path, "%s/src/%s", tree->root, module);
  ck_assert_int_eq(mkdir(path, 0700), 0);
  snprintf(tree->file, sizeof tree->file, "%s/src/%s/planted.c", tree->root, module);
  FILE *file = fopen(tree->file, "w");
  ck_assert_ptr_nonnull(file);
  fputs(text, file);
  ck_assert_int_eq(fclose(file), 0);
}

static void planted_remove(struct planted *tree, const char *module) {
  char path[PATH_BYTES];
  unlink(tree->file);
  snprintf(path, sizeof path, "%s/src/%s", tree->root, module);
  rmdir(path);
  snprintf(path, sizeof path, "%s/src", tree->root);
  rmdir(path);
  ck_assert_int_eq(rmdir(tree->root), 0);
}

static const struct plant {
  const char *module, *text;
  unsigned line; /* of the violation; 0: there is none */
} plants[] = {
    {"util", "#include <stdio.h>\n#include \"util/error.h\"\n#include \"config.h\"\n", 0},
    {"util", "#include <stdio.h>\n#include \"graph/graph.h\"\n", 2},
    {"graph", "#include \"graph/onnx.pb-c.h\"\n#include \"util/arena.h\"\n", 0},
    {"graph", "#include \"hw/hw.h\"\n", 1},
    {"plan", "#include \"graph/graph.h\"\n#include \"hw/hw.h\"\n\n#include \"sim/sim.h\"\n", 4},
    {"sim", "#include \"plan/plan.h\"\n#include \"get/rank.h\"\n", 2},
    {"sched", "#include \"get/explainer.h\"\n", 0},
    {"store", "  #  include\t\"sim/sim.h\" /* spaces hide nothing */\n", 1},
    {"store", "#include <sqlite3.h>\n#include <sim/sim.h>\n", 2},
    {"hw", "#include \"key.h\"\n", 1},
    {"hw", "#include \"../graph/graph.h\"\n", 1},
    {"cli", "#include \"store/store.h\"\n#include \"sched/search.h\"\n", 0},
};

START_TEST(a_violation_is_found) {
  const struct plant *plant = &plants[_i];
  struct planted tree;
  planted_create(&tree, plant->module, plant->text);
  struct findings findings;
  check_tree(&findings, tree.root);
  ck_assert_uint_eq(findings.files[law_of(plant->module, strlen(plant->module)) - laws], 1);
  ck_assert_uint_eq(findings.violations, plant->line != 0);
  char place[PATH_BYTES + 16];
  snprintf(place, sizeof place, "%s:%u: ", tree.file, plant->line);
  ck_assert_msg(plant->line == 0 || strncmp(findings.report, place, strlen(place)) == 0, "%s",
                findings.report);
  planted_remove(&tree, plant->module);
}
END_TEST

START_TEST(an_unknown_module_is_found) {
  struct planted tree;
  planted_create(&tree, "misc", "#include <stdio.h>\n");
  struct findings findings;
  check_tree(&findings, tree.root);
  ck_assert_uint_eq(findings.violations, 1);
  ck_assert_ptr_nonnull(strstr(findings.report, "src/misc/planted.c"));
  planted_remove(&tree, "misc");
}
END_TEST

Suite *include_law_suite(void);
Suite *include_law_suite(void) {
  Suite *suite = suite_create("include_law");
  TCase *test_case = tcase_create("include law");
  tcase_add_test(test_case, the_sources_obey);
  tcase_add_loop_test(test_case, a_violation_is_found, 0, sizeof plants / sizeof plants[0]);
  tcase_add_test(test_case, an_unknown_module_is_found);
  suite_add_tcase(suite, test_case);
  return suite;
}
