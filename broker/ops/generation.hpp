// From a configuration to everything that answers questions: plugins made into backends, backends wired into routes.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config/config.hpp"
#include "core/dispatcher.hpp"
#include "host/plugin_backend.hpp"

namespace authbroker {

struct generation {
  std::uint64_t number = 0;
  configuration config;
  std::vector<std::shared_ptr<plugin_backend>> backends;
  std::shared_ptr<const snapshot> answers;
  std::vector<std::pair<std::string, std::string>> default_domains;  // of the listeners that have one, by name
};
std::vector<std::pair<std::string, std::string>> default_domains_of(const std::vector<listener_rules>&);

// Makes all backends, or says everything that is wrong with any of them. `progress`, if set, is told each backend before its
// plugin is entered: what was told last is what a crash was in. [main]
std::shared_ptr<generation> make_generation(std::uint64_t number, configuration config, plugin_set& plugins, const plugin_backend::environment&,
                                            std::vector<config_problem>& problems, const std::function<void(const std::string&)>& progress = {});

}  // namespace authbroker
