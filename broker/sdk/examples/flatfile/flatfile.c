/* A blocking plugin, complete: address:password lines in a file.
 *
 * An example of the ABI, not of an authenticator: it keeps passwords in the clear, and how long a comparison takes tells
 * how much of them was right. The plugin `static` does it properly. */
#define _DEFAULT_SOURCE
#include <abk/plugin.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct flatfile {
  abk_backend api;
  char path[4096];
};

static bool same(abk_str a, const char *b, size_t n) { return a.len == n && memcmp(a.data, b, n) == 0; }

/* [pool] May block; runs on one of a bounded set of threads. */
static void check(const abk_backend *b, const abk_question *q, abk_check *out) {
  const struct flatfile *me = b->self;
  /* A zero-filled answer is a tempfail: whatever goes wrong below is neither a yes nor a no. */
  abk_answer a = {.size = sizeof a};
  FILE *f = fopen(me->path, "re");
  char line[1024];
  if (f) {
    a.verdict = ABK_NO;
    a.reason = ABK_REASON_NO_SUCH_USER;
    while (fgets(line, sizeof line, f)) {
      const char *colon = strchr(line, ':');
      if (!colon || !same(q->login_name, line, (size_t)(colon - line))) continue;
      const bool right = same(q->password, colon + 1, strcspn(colon + 1, "\r\n"));
      a.verdict = right ? ABK_YES : ABK_NO;
      a.reason = right ? ABK_REASON_NONE : ABK_REASON_WRONG_PASSWORD;
      break;
    }
    if (ferror(f)) a.verdict = ABK_TEMPFAIL, a.reason = ABK_REASON_INTERNAL;
    fclose(f);
  } else {
    a.reason = ABK_REASON_MISCONFIGURED;
    a.operator_text = (abk_str){"the file cannot be read", 23};
  }
  explicit_bzero(line, sizeof line);
  out->finish(out, &a);
}

static void destroy(abk_backend *b) { free(b->self); }

/* [main] Reads the settings; every key that is read nowhere is an error. */
static abk_backend *create(const abk_host *host, abk_config *cfg) {
  (void)host;
  abk_str path;
  if (!cfg->text(cfg, "file", &path)) {
    cfg->problem(cfg, "file", "found none; wanted: the name of a file with address:password lines");
    return NULL;
  }
  struct flatfile *me = calloc(1, sizeof *me);
  if (!me) return NULL;
  if (path.len >= sizeof me->path) {
    cfg->problem(cfg, "file", "a name of 4096 bytes or more; wanted: a shorter one");
    free(me);
    return NULL;
  }
  memcpy(me->path, path.data, path.len);
  me->api = (abk_backend){.size = sizeof me->api, .self = me, .kinds = ABK_LOGIN, .check_kinds = ABK_LOGIN, .check = check, .destroy = destroy};
  return &me->api;
}

const abk_plugin *abk_plugin_1(void) {
  static const abk_plugin me = {.size = sizeof me, .abi_minor = ABK_ABI_MINOR, .name = "flatfile", .version = "1", .create = create};
  return &me;
}
