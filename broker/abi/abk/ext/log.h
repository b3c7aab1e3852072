/* abk/ext/log.h - lines in the daemon's log. There is no field type for secrets: do not try. */
#ifndef ABK_EXT_LOG_H
#define ABK_EXT_LOG_H
#include <abk/plugin.h>
#define ABK_EXT_LOG "abk.log/1"
enum { ABK_LOG_DEBUG = 0, ABK_LOG_INFO = 1, ABK_LOG_WARNING = 2, ABK_LOG_ERROR = 3 };
typedef struct abk_log {
  uint32_t size;
  /* `event` is a stable word such as "file_reread"; fields are escaped and cut at 200 bytes, at most 16 of them. [any] */
  void (*write)(const abk_host *, uint32_t level, const char *event, const abk_attribute *fields, size_t field_count);
} abk_log;
#endif
