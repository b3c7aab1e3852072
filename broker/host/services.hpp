// What plugins may ask of the host by name: abk.log/1 and abk.facts/1.
#pragma once
#include <abk/ext/facts.h>
#include <abk/ext/log.h>
#include <abk/plugin.h>

#include "base/log.hpp"

namespace authbroker {

class host_services {
 public:
  explicit host_services(logger& log);
  host_services(const host_services&) = delete;
  host_services& operator=(const host_services&) = delete;
  const abk_host* api() const { return &api_; }

 private:
  static const void* extension(const abk_host*, const char* id);
  static void write_log(const abk_host*, std::uint32_t level, const char* event, const abk_attribute* fields, std::size_t count);
  logger& log_;
  abk_host api_;
};

}  // namespace authbroker
