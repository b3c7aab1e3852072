#include "ops/generation.hpp"

#include <algorithm>

namespace authbroker {
namespace {

// Two people could be one account where a backend's own settings drop the domain, which no rule about login names can see.
void warn_of_dropped_domains(const configuration& config, const std::vector<std::shared_ptr<plugin_backend>>& backends, const std::function<void(const config_problem&)>& warn) {
  for (const auto& b : backends)
    for (const auto& [kind, flag] : {std::pair("login", ABK_LOCAL_LOGIN), std::pair("mailbox", ABK_LOCAL_MAILBOX)}) {
      if ((b->flags() & static_cast<std::uint32_t>(flag)) == 0) continue;
      const route_rules* first = nullptr;
      for (const route_rules& r : config.routes) {
        const std::vector<std::string>& asked = flag == ABK_LOCAL_LOGIN ? r.login : r.mailbox;
        if (r.ambiguous_names || r.dynamic.separator != '\0' || std::find(asked.begin(), asked.end(), b->name()) == asked.end()) continue;
        if (r.people_domain().empty() || (first != nullptr && first->people_domain() != r.people_domain()))
          warn({r.where, "route." + r.name + "." + kind,
                "two people could be one account: \"" + std::string(b->name()) + "\" drops the domain; wanted: canonical_domain, ambiguous_names = true, or {address} in its filter"});
        if (first == nullptr) first = &r;
      }
    }
}

}  // namespace

std::vector<std::pair<std::string, std::string>> default_domains_of(const std::vector<listener_rules>& listeners) {
  std::vector<std::pair<std::string, std::string>> out;
  for (const listener_rules& l : listeners)
    if (!l.default_domain.empty()) out.emplace_back(l.name, l.default_domain);
  return out;
}

std::shared_ptr<generation> make_generation(std::uint64_t number, configuration config, plugin_set& plugins, const plugin_backend::environment& env,
                                            std::vector<config_problem>& problems, const std::function<void(const std::string&)>& progress) {
  auto out = std::make_shared<generation>();
  out->number = number;
  plugin_backend::environment each = env;
  // A stuck backend of the blocking kind must leave threads to the others.
  each.blocking_share = std::max<std::uint32_t>(1, config.broker.blocking_threads / std::max<std::uint32_t>(1, static_cast<std::uint32_t>(config.backends.size())));
  for (const backend_rules& rules : config.backends) {
    if (progress) progress("backend \"" + rules.name + "\" of plugin \"" + rules.plugin + "\"");
    const result<const loaded_plugin*> plugin = plugins.get(rules.plugin, config.broker.plugin_dirs);
    if (!plugin) {
      problems.push_back({rules.where, "backend." + rules.name + ".plugin", plugin.error().text});
      continue;
    }
    if (auto made = plugin_backend::make(rules, **plugin, plugins.host(), each, problems)) out->backends.push_back(std::move(made));
  }
  if (!problems.empty()) return nullptr;
  // Does each route ask its backends what they can answer?
  for (const route_rules& r : config.routes) {
    const auto check = [&](const std::vector<std::string>& names, question_kind kind, const char* key) {
      for (const std::string& n : names)
        for (const auto& b : out->backends)
          if (b->name() == n && !b->answers(kind))
            problems.push_back({r.where, "route." + r.name + "." + key, "found \"" + n + "\", whose plugin \"" + b->rules().plugin + "\" does not answer " + std::string(name(kind)) + " questions"});
    };
    check(r.login, question_kind::login, "login");
    check(r.mailbox, question_kind::mailbox, "mailbox");
    check(r.addresses, question_kind::mailbox, "addresses");
  }
  if (!problems.empty()) return nullptr;
  if (env.warn) warn_of_dropped_domains(config, out->backends, env.warn);
  auto answers = std::make_shared<snapshot>();
  answers->generation = number;
  answers->request_timeout = config.broker.request_timeout;
  answers->backends.assign(out->backends.begin(), out->backends.end());
  answers->routes = std::make_unique<const route_table>(config.routes, answers->backends);
  out->answers = std::move(answers);
  out->config = std::move(config);
  return out;
}

}  // namespace authbroker
