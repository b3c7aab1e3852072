#include "host/services.hpp"

#include <algorithm>
#include <cstring>

#include "base/text.hpp"
#include "host/answers.hpp"
#include "host/connection.hpp"

namespace authbroker {

host_services::host_services(logger& log) : log_(log), api_{sizeof(abk_host), ABK_ABI_MINOR, this, &extension} {}

const void* host_services::extension(const abk_host*, const char* id) {
  static constexpr abk_log log{sizeof(abk_log), &write_log};
  static constexpr abk_facts facts{sizeof(abk_facts), &connection::facts_get, &connection::facts_put};
  if (id == nullptr) return nullptr;
  if (std::strcmp(id, ABK_EXT_LOG) == 0) return &log;
  if (std::strcmp(id, ABK_EXT_FACTS) == 0) return &facts;
  return nullptr;
}

void host_services::write_log(const abk_host* host, std::uint32_t l, const char* event, const abk_attribute* fields, std::size_t count) {
  if (host == nullptr || event == nullptr) return;
  const auto* self = static_cast<const host_services*>(host->host);
  const level at = l >= ABK_LOG_ERROR ? level::error : l == ABK_LOG_WARNING ? level::warning : l == ABK_LOG_INFO ? level::info : level::debug;
  log_line line = self->log_.line(at, escape_for_log(event, 40));
  for (std::size_t i = 0; i < std::min<std::size_t>(count, 16); ++i) {
    std::string key(view(fields[i].name).substr(0, 40));
    for (char& c : key)
      if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')) c = '_';
    line.field(key, view(fields[i].value));
  }
}

}  // namespace authbroker
