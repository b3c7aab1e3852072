/* abk/ext/facts.h - small things a conversation learns about its upstream and wants to find again.
 *
 * The host owns them: bounded per backend (least recently used go first), lost on restart, kept apart per route, shown by
 * `authbroker cache show`. They are hints: a plugin must be right without them. Never put a password, or anything computed
 * from one, into a fact. */
#ifndef ABK_EXT_FACTS_H
#define ABK_EXT_FACTS_H
#include <abk/plugin.h>
#define ABK_EXT_FACTS "abk.facts/1"
enum {
  ABK_FACT_BACKEND = 1,         /* true of the whole backend (for the route of the question being answered) */
  ABK_FACT_UPSTREAM = 2,        /* true of the server at the other end of this connection, for all routes */
  ABK_FACT_UPSTREAM_DOMAIN = 3, /* of that server and the question's domain */
  ABK_FACT_QUESTION = 4         /* of the question's login name at this backend */
};
enum { ABK_FACT_KEY_MAX = 64, ABK_FACT_VALUE_MAX = 64 };
typedef struct abk_facts {
  uint32_t size;
  /* `id` names the question the fact is about; during prepare, and once the question is answered, only ABK_FACT_UPSTREAM is
   * legal. True if known and not expired; the value is copied to `value` (ABK_FACT_VALUE_MAX bytes of room), its length to *len.
   * [session] */
  bool (*get)(abk_io *, uint32_t id, uint32_t scope, abk_str key, char *value, size_t *len);
  /* Over-long keys or values are dropped and counted against the plugin. A ttl_s of 0 forgets what was known. [session] */
  void (*put)(abk_io *, uint32_t id, uint32_t scope, abk_str key, abk_str value, uint32_t ttl_s);
} abk_facts;
#endif
