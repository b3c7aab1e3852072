/* abk/plugin.h - the authbroker plugin ABI, major 1. Plain C11; also valid C++.
 *
 * A plugin answers questions: is this password right (login), does this address exist (mailbox). It comes in two kinds,
 * and one plugin may serve one question each way:
 *
 *   conversation  The host connects, encrypts, times out, pools and logs. The plugin never sees a socket: it is handed the
 *                 bytes an upstream sent, queues bytes to send, and says what is to happen next (an abk_step).
 *   check         One function that answers. It may block; the host runs it on a bounded set of threads.
 *
 * Who may call a function, and when, is tagged:
 *   [main]    the host's configuration thread. Calls tagged [main] never overlap each other; workers may be running.
 *   [any]     any thread, concurrently. The object is immutable.
 *   [session] one thread at a time for one session; calls for one session never overlap and never nest.
 *   [pool]    a host thread that is allowed to block.
 *
 * Rules that hold everywhere:
 *   - No function may let a C++ exception out. The host catches what it can, answers tempfail, and counts it against you.
 *   - All lengths are bytes. Text is bytes: not NUL-terminated, not checked to be UTF-8 unless said so.
 *   - A struct that starts with `size` is filled in by its maker with sizeof; it only ever grows at its end. A reader touches
 *     a field only if `size` covers it (ABK_HAS). Values of enums are frozen; an unknown one is read as the harmless one.
 *   - Pointers passed into a call are borrowed for that call, unless a longer life is stated. Nobody frees across the border.
 *   - A plugin may not call setlocale, signal, umask, chdir, setenv, fork or exit.
 */
#ifndef ABK_PLUGIN_H
#define ABK_PLUGIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Grows by one when a struct grows at its end. For messages; decisions are made by `size`. */
#define ABK_ABI_MINOR 0u
#define ABK_EXPORT __attribute__((visibility("default")))
#define ABK_HAS(ptr, type, field) ((ptr)->size >= offsetof(type, field) + sizeof((ptr)->field))

/* Frozen for ever: passed by value, in arrays, everywhere. data may be NULL when len is 0. */
typedef struct abk_str {
  const char *data;
  size_t len;
} abk_str;

/* ---------------------------------------------------------------- questions and answers */

/* Bits, so that a backend can declare several. */
enum {
  ABK_LOGIN = 1,   /* is the password right? */
  ABK_MAILBOX = 2, /* does the address exist? */
  ABK_PROBE = 4    /* no name, no password: what can you tell of this upstream? Asked by `check-config --connect` and `probe`. */
};

/* How an answer to ABK_PROBE tells (all of it optional): a yes, with attributes whose names are lower case with hyphens and whose
 * values are "yes", "no", a number or words. Plugins call alike what is alike, so that `authbroker probe` can give advice:
 *   sasl-plain, sasl-scram-sha-256 ...  this mechanism is offered, after TLS where there is TLS; and so on for the others
 *   login-disabled                      no password is taken on this connection
 *   vrfy                                VRFY is answered in a way that tells something
 *   xclient, pipelining, smtputf8       these extensions
 *   naming-context                      one for each, of a directory
 * What a server does after it refused a login only a login shows: a conversation that is `watched` then learns the fact
 * "hangs-up" (abk.facts/1, ABK_FACT_UPSTREAM) as "yes" or "no", once the answer is given. */

/* One question. All strings are free of NUL, CR, LF and other control characters, and names are valid UTF-8: the host has
 * refused everything else. A login's password is never empty. Borrowed until finish(), next(), cancel() or destroy(). */
typedef struct abk_question {
  uint32_t size;
  uint32_t kind;          /* ABK_LOGIN, ABK_MAILBOX or ABK_PROBE */
  uint32_t id;            /* chosen by the host, never 0, never used twice on one connection */
  abk_str login_name;     /* what to send upstream: the name after the route's rewriting */
  abk_str address;        /* the name as it was typed, for templates */
  abk_str local;          /* what stands before its last '@' */
  abk_str domain;         /* what stands after its last '@'; empty if there was none */
  abk_str identity;       /* the canonical full address */
  abk_str password;       /* ABK_LOGIN only, and empty on a leg that may not see it. The host wipes it. */
  abk_str client;         /* the end user's IP address, vouched for by a trusted caller; empty if unknown */
  abk_str carry;          /* what next() handed over from the leg before; empty on a first leg */
  uint32_t time_left_ms;  /* a hint: the host keeps the deadline itself */
} abk_question;

/* The verdict. Anything but these values is read as ABK_TEMPFAIL: what could not be found out is never a no and never a yes. */
enum {
  ABK_TEMPFAIL = 0,
  ABK_YES = 1,          /* login: accept; mailbox: exists */
  ABK_NO = 2,           /* login: reject; mailbox: absent */
  ABK_UNVERIFIABLE = 3  /* mailbox only: this upstream cannot tell */
};

/* Reasons. A reason that does not belong to its verdict turns the answer into tempfail `internal`. */
enum {
  ABK_REASON_NONE = 0,
  /* with ABK_YES */
  ABK_REASON_MAILBOX_BUSY = 1,         /* the password was right, the maildrop is in use */
  ABK_REASON_ALERT = 2,                /* the password was right; `notice` holds what the user must read */
  ABK_REASON_PASSWORD_EXPIRING = 3,
  ABK_REASON_YES_MUST_CHANGE = 4,      /* the server let the login in, and asks for a new password */
  /* with ABK_NO, login */
  ABK_REASON_WRONG_PASSWORD = 20,
  ABK_REASON_NO_SUCH_USER = 21,
  ABK_REASON_ACCOUNT_DISABLED = 22,
  ABK_REASON_ACCOUNT_LOCKED = 23,
  ABK_REASON_ACCOUNT_EXPIRED = 24,
  ABK_REASON_PASSWORD_EXPIRED = 25,
  ABK_REASON_PASSWORD_MUST_CHANGE = 26,
  ABK_REASON_NOT_PERMITTED = 27,
  /* with ABK_NO or ABK_UNVERIFIABLE: this protocol cannot carry what was asked; nothing was sent */
  ABK_REASON_BAD_NAME = 28,
  ABK_REASON_BAD_PASSWORD = 29,        /* ABK_NO only */
  ABK_REASON_TOO_LONG = 30,
  /* with ABK_UNVERIFIABLE */
  ABK_REASON_ACCEPTS_ALL = 40,
  ABK_REASON_VRFY_UNSUPPORTED = 41,
  ABK_REASON_CANNOT_VERIFY = 42,
  /* with ABK_TEMPFAIL */
  ABK_REASON_UPSTREAM_DOWN = 60,
  ABK_REASON_UPSTREAM_BUSY = 61,
  ABK_REASON_UPSTREAM_REFUSES_US = 62,
  ABK_REASON_UPSTREAM_NONSENSE = 63,   /* the reply broke the protocol */
  ABK_REASON_TLS_UNAVAILABLE = 64,     /* STARTTLS was wanted and not given */
  ABK_REASON_SERVICE_ACCOUNT = 65,     /* the plugin's own account is not valid upstream */
  ABK_REASON_TOO_FREQUENT = 66,
  ABK_REASON_GREYLISTED = 67,
  ABK_REASON_MISCONFIGURED = 68,
  ABK_REASON_INTERNAL = 69,
  ABK_REASON_SLOW_DOWN = 70            /* the plugin's own bound on what it asks an upstream is reached */
};

enum { /* what kind of mailbox an address is */
  ABK_KIND_UNKNOWN = 0,
  ABK_KIND_USER = 1,
  ABK_KIND_ALIAS = 2,
  ABK_KIND_GROUP = 3,
  ABK_KIND_SHARED = 4,
  ABK_KIND_RESOURCE = 5
};

typedef struct abk_attribute { /* frozen, as abk_str is */
  abk_str name, value;
} abk_attribute;

/* An answer. Zero-filled with `size` set it is a valid tempfail. The host copies all of it during finish(). */
typedef struct abk_answer {
  uint32_t size;
  uint32_t verdict;
  uint32_t reason;
  abk_str rule;            /* the row of your table that decided, such as "pass.err-auth"; for logs and tests. 64 bytes. */
  abk_str public_text;     /* may reach strangers: never words of the upstream. Usually empty: the host has a text a reason. */
  abk_str operator_text;   /* for the log and the command line: the upstream's words are welcome. 400 bytes. */
  abk_str notice;          /* an upstream's words meant for the user. Cleaned by the host, 200 characters. */
  abk_str mailbox;         /* the canonical address, where you know it. 320 bytes. */
  uint32_t kind;           /* ABK_KIND_... */
  const abk_str *addresses; /* all addresses of this mailbox; at most 256 of at most 320 bytes are kept */
  size_t address_count;
  const abk_attribute *attributes;
  size_t attribute_count;  /* at most 64 are kept */
  uint32_t retry_after_ms; /* 0: nothing known */
  int64_t password_expires_in_s; /* negative: nothing known. A zero-filled answer means "nothing known" too: see flags */
  int32_t grace_logins;
  uint32_t flags;          /* ABK_ANSWER_... */
} abk_answer;
enum {
  ABK_ANSWER_HAS_EXPIRY = 1,        /* password_expires_in_s is meant */
  ABK_ANSWER_HAS_GRACE = 2,         /* grace_logins is meant */
  ABK_ANSWER_ADDRESSES_COMPLETE = 4 /* addresses lists every address of the mailbox */
};

/* ---------------------------------------------------------------- conversations */

/* What the host does next, after sending what send() queued. An unknown value ends the connection.
 *   READ       Call resume() when more bytes, or the end of the stream, have come.
 *   START_TLS  Legal during prepare only. resume() follows once TLS is up and verified; a failed handshake ends the session
 *              with destroy(). Bytes unread at this point are an injection: the host ends the session.
 *   READY      The connection can take a question: begin() follows, perhaps much later; bytes or the end of the stream that
 *              come before it end the session, unless the plugin asked for IDLE_READ in its backend's flags.
 *   CLOSE      Nothing more is wanted. What is queued is sent if that is quick, and the connection is closed.
 *   DRAIN      As READ; and from now on no further question begins on this connection, as its server has had enough of them.
 *              Not during prepare.
 *   COMPUTE    Call compute() on a thread where it holds up nobody, then resume(): for what takes longer than some 100 us. Legal
 *              with a question under way, in a role of one question at a time. Between the two nothing else is called but
 *              destroy(), and that after compute() has returned; the deadline goes on. */
typedef enum abk_step { ABK_READ = 1, ABK_START_TLS = 2, ABK_READY = 3, ABK_CLOSE = 4, ABK_DRAIN = 5, ABK_COMPUTE = 6 } abk_step;

enum { /* abk_io.channel */
  ABK_CLEARTEXT = 0,        /* not encrypted, and the configuration says that this is wanted */
  ABK_STARTTLS_WANTED = 1,  /* not encrypted yet: prepare must bring it to START_TLS, or fail with tls_unavailable */
  ABK_TLS = 2               /* encrypted and verified */
};

typedef struct abk_range { /* frozen. Bytes of one send() that are secret, or let the secret be computed */
  size_t offset, len;
} abk_range;

/* The host's end of one session; owned by the host, valid as long as the session. Its functions may be called from within
 * prepare, begin, resume and farewell only. */
typedef struct abk_io {
  uint32_t size;
  void *host;
  abk_str in;        /* received and not yet consumed; at most 64 KiB, beyond which the host ends the session */
  uint32_t channel;  /* ABK_CLEARTEXT, ABK_STARTTLS_WANTED, ABK_TLS */
  bool eof;          /* the upstream will send no more */
  /* Drops the first n bytes of `in`; `in` changes. */
  void (*consume)(struct abk_io *, size_t n);
  /* Queues a copy, sent before the next step is taken. At most 64 KiB may be queued. The ranges are blotted out of every
   * transcript; after the first byte of a range the question counts as sent and is never asked elsewhere. */
  void (*send)(struct abk_io *, const void *bytes, size_t n, const abk_range *secrets, size_t secret_count);
  /* Answers question `id`; id 0, during prepare: says why the connection cannot be prepared (follow it with CLOSE). May come
   * before the step READY or CLOSE: the asker is answered at once, what follows only tidies the connection, and nothing that
   * happens then changes the answer. A second answer to one id is dropped and counted against the plugin. */
  void (*finish)(struct abk_io *, uint32_t id, const abk_answer *);
  /* Ends this leg of question `id`: it goes on, with `carry` (at most 4 KiB) in abk_question.carry, on a connection of
   * another role of this backend, under the same deadline. */
  void (*next)(struct abk_io *, uint32_t id, uint32_t role, abk_str carry);
  /* A line for the transcript of `authbroker test` (id 0: of whoever waits for this connection), such as "search",
   * "base=dc=example filter=(mail=ann@example.com)". Costs little when nobody watches. Never a password: a line
   * that holds it is withheld. The only lines there are of a backend with ABK_BINARY. */
  void (*note)(struct abk_io *, uint32_t id, abk_str what, abk_str text);
  bool watched; /* a transcript is being made: otherwise note() is for nobody, and need not be called */
} abk_io;

/* One upstream connection. Made by open(), ended by destroy(). */
typedef struct abk_session {
  uint32_t size;
  void *self;
  /* The life before a question: greeting, capabilities, STARTTLS, service login. Ends with READY, or with finish(io, 0, why)
   * and CLOSE. NULL: the connection is ready as soon as it is up. [session] */
  abk_step (*prepare)(struct abk_session *, abk_io *);
  /* A question. Called only after READY, only on a channel that is TLS or was declared cleartext by the configuration, and
   * for further questions only up to questions_max at a time. [session] */
  abk_step (*begin)(struct abk_session *, const abk_question *, abk_io *);
  /* More bytes, the end of the stream, or TLS is up. [session] */
  abk_step (*resume)(struct abk_session *, abk_io *);
  /* Nobody waits for question `id` any more; its memory is gone when this returns. True: the connection is still good.
   * False, or NULL: the host closes it when the other questions are done. [session] */
  bool (*cancel)(struct abk_session *, uint32_t id);
  /* Also the way to cancel everything, at any point between two calls. [session] */
  void (*destroy)(struct abk_session *);
  /* The connection is idle and the host is about to close it: the moment to take leave, as protocols like it. What is queued is
   * sent if that is quick, and destroy() follows; no answer is read. NULL: nothing is to be said. [session] */
  void (*farewell)(struct abk_session *, abk_io *);
  /* What the step COMPUTE is about. It may use what the session owns and nothing else: neither abk_io nor the question, whose
   * memory may be gone. NULL: the session never says COMPUTE. [pool] */
  void (*compute)(struct abk_session *);
} abk_session;

/* ---------------------------------------------------------------- the check kind */

typedef struct abk_check { /* where a check() puts its answer; valid for the call */
  uint32_t size;
  void *host;
  void (*finish)(struct abk_check *, const abk_answer *); /* copies; once */
} abk_check;

/* ---------------------------------------------------------------- backends and their configuration */

/* Reader of one [backend.settings]. A reader returns true and sets *out if the key is there and of the right type; false if
 * it is absent, or wrong, in which case the host has reported file:line already. Keys that nobody asked for are errors.
 * Dots reach into sub-tables ("cache.size"). Text and lists live as long as the backend. [main], within create() only. */
typedef struct abk_config {
  uint32_t size;
  void *host;
  abk_str backend_name;
  bool (*text)(struct abk_config *, const char *key, abk_str *out);
  bool (*number)(struct abk_config *, const char *key, int64_t min, int64_t max, int64_t *out);
  bool (*boolean)(struct abk_config *, const char *key, bool *out);
  bool (*duration)(struct abk_config *, const char *key, int64_t *out_ms); /* "300ms", "5s", "10m", "31d" */
  bool (*bytes)(struct abk_config *, const char *key, int64_t *out);       /* "64KiB" */
  bool (*list)(struct abk_config *, const char *key, const abk_str **out, size_t *count);
  /* A secret: a string, { file = "..." } or { credential = "..." }. Wiped when the backend is destroyed. */
  bool (*secret)(struct abk_config *, const char *key, abk_str *out);
  /* Reports a semantic error at `key`, as "what was found; what is wanted". Loading then fails. */
  void (*problem)(struct abk_config *, const char *key, const char *what);
  /* How connections to this backend's upstreams begin: bits 1u << ABK_CLEARTEXT, 1u << ABK_STARTTLS_WANTED, 1u << ABK_TLS; 0 if
   * it has no upstream. For settings that are illegal with some of them. */
  uint32_t channels;
} abk_config;

enum { /* abk_backend.flags */
  ABK_IDLE_READ = 1, /* call resume() also between questions */
  /* Exactly one leg after the first one that sent a secret may see the password again. For a ladder such as POP3's (a digest
   * was refused by a server that then hung up: it may know the password in another form only), and for nothing else. */
  ABK_SECOND_TRY = 2,
  ABK_BINARY = 4, /* its protocol is not made of text: transcripts show what note() says, and how many bytes went each way */
  /* Its settings may find a person by what stands before the '@' alone, so that ann@a.example and ann@b.example are one. The host
   * warns where a route could bring it people of several domains. */
  ABK_LOCAL_LOGIN = 8,
  ABK_LOCAL_MAILBOX = 16
};
enum { ABK_ROLES_MAX = 4 };

typedef struct abk_backend { /* one [[backend]]; immutable once created */
  uint32_t size;
  void *self;
  uint32_t kinds;         /* the questions it answers: ABK_LOGIN | ABK_MAILBOX */
  uint32_t check_kinds;   /* of these, the ones answered by check(); the others are conversations */
  uint32_t inline_kinds;  /* of check_kinds, those whose check() never blocks and takes less than 50 us: run on the event loop */
  uint32_t roles;         /* conversations: how many connection roles, 1 to ABK_ROLES_MAX; 0 counts as 1. Probes go to role 0. */
  uint32_t login_role;    /* where a login starts */
  uint32_t mailbox_role;  /* where a mailbox question starts */
  uint32_t questions_max[ABK_ROLES_MAX]; /* questions in flight on one connection of a role; 0 counts as 1 */
  uint32_t flags;
  abk_session *(*open)(const struct abk_backend *, uint32_t role);                         /* [any] NULL: out of memory */
  void (*check)(const struct abk_backend *, const abk_question *, abk_check *);            /* [pool], or [any] when inline */
  void (*destroy)(struct abk_backend *);                                                   /* [main] after its last session */
} abk_backend;

/* ---------------------------------------------------------------- the plugin and its host */

typedef struct abk_host {
  uint32_t size;
  uint32_t abi_minor;
  void *host;
  /* A service by name, such as ABK_EXT_LOG; NULL if this host has none of that name. Lives as long as the process. [any] */
  const void *(*extension)(const struct abk_host *, const char *id);
} abk_host;

typedef struct abk_plugin {
  uint32_t size;
  uint32_t abi_minor;   /* ABK_ABI_MINOR as the plugin saw it */
  const char *name;     /* must equal the file's name without ".so" */
  const char *version;
  /* Once per process, before the first create(). False: the plugin cannot work here. May be NULL. [main] */
  bool (*init)(const abk_host *);
  /* A backend of `settings`, or NULL after problem(). [main] */
  abk_backend *(*create)(const abk_host *, abk_config *);
} abk_plugin;

/* The one exported symbol; the 1 is the ABI's major. */
ABK_EXPORT const abk_plugin *abk_plugin_1(void);

#ifdef __cplusplus
}
#endif
#endif
