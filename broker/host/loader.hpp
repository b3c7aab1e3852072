// Shared objects in harness: finds, judges and loads plugins. A library is never unloaded.
#pragma once
#include <abk/plugin.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/result.hpp"
#include "host/services.hpp"

namespace authbroker {

struct loaded_plugin {
  std::string name, file, version;
  const abk_plugin* api = nullptr;
  std::uint64_t inode = 0;  // of the file that was loaded
};

class plugin_set {
 public:
  explicit plugin_set(logger& log) : services_(log), log_(log) {}

  // The plugin `name` from the first of `dirs` that has name.so; loaded at its first use, then the same for ever. The problem
  // names the file, what was found and what is wanted: a file or directory that others can write, no entry symbol, another
  // ABI major, a struct that is too short, another name, an init() that refuses. [main]
  result<const loaded_plugin*> get(const std::string& name, const std::vector<std::string>& dirs);

  const abk_host* host() const { return services_.api(); }
  host_services& services() { return services_; }
  const std::map<std::string, loaded_plugin>& loaded() const { return loaded_; }

 private:
  host_services services_;
  logger& log_;
  std::map<std::string, loaded_plugin> loaded_;
};

}  // namespace authbroker
