// What no table can be judged on alone: names, references, shared sockets, domains that two routes claim, and accounts that
// two people could share.
#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>

#include "base/text.hpp"
#include "config/addresses.hpp"
#include "config/keys.hpp"
#include "config/sections.hpp"

namespace authbroker {
namespace {

std::string at_text(const place& p) { return p.file + ":" + std::to_string(p.line) + ":" + std::to_string(p.column); }

const setting* child(const setting& table, std::string_view key) {
  const auto* const keys = std::get_if<setting::table>(&table.value);
  if (keys == nullptr) return nullptr;
  const auto at = keys->find(key);
  return at == keys->end() ? nullptr : &at->second;
}
// Where `key` is written, or the item of its list that says `text`, as nearly as the file tells.
place place_of(const setting& table, std::string_view key, std::string_view text = {}) {
  const setting* const value = child(table, key);
  if (value == nullptr) return table.where;
  if (const auto* list = std::get_if<setting::list>(&value->value))
    for (const setting& item : *list)
      if (const auto* t = std::get_if<std::string>(&item.value); t != nullptr && equal_fold(*t, text)) return item.where;
  return value->where;
}

class together {
 public:
  together(reading& all, configuration& config, const origins& from) : all_(all), config_(config), from_(from) {}

  void check() {
    names(config_.listeners, from_.listeners, "listener");
    names(config_.backends, from_.backends, "backend");
    sockets();
    for (const backend_rules& b : config_.backends) by_name_.emplace(b.name, &b);
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      route_rules& r = config_.routes[i];
      references(i, r.login, "login");
      references(i, r.mailbox, "mailbox");
      references(i, r.addresses, "addresses");
      const setting* const cache = child(*from_.routes[i], "mailbox_cache");
      if (cache == nullptr || child(*cache, "negative_refresh") == nullptr) directory_refresh(r);
      dynamic(i);
    }
    domains();
    accounts();
    idle_backends();
    default_domains();
    timeouts();
  }

 private:
  void problem(const place& where, std::string key, std::string what) { all_.problems.push_back({where, std::move(key), std::move(what)}); }
  static std::string key_of(const route_rules& r, std::string_view key) { return "route." + (r.name.empty() ? "?" : escape_for_log(r.name, 64)) + "." + std::string(key); }

  template <class T>
  void names(const std::vector<T>& things, const std::vector<const setting*>& tables, const std::string& kind) {
    std::map<std::string, place> seen;
    for (std::size_t i = 0; i < things.size(); ++i) {
      const T& thing = things[i];
      if (thing.name.empty()) continue;
      const place where = place_of(*tables[i], "name");
      const auto [at, fresh] = seen.emplace(thing.name, where);
      if (!fresh) problem(where, kind + "." + thing.name + ".name", "found twice, first at " + at_text(at->second) + "; wanted: one " + kind + " of each name");
    }
  }

  void sockets() {
    std::map<std::string, std::string> seen{{"unix:" + config_.broker.admin_socket, "broker.admin_socket"}};
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const listener_rules& l = config_.listeners[i];
      const std::string address = l.address.is_unix ? "unix:" + l.address.path : "tcp:" + l.address.host + ":" + std::to_string(l.address.port);
      if (address == "unix:") continue;
      const auto [at, fresh] = seen.emplace(address, "listener." + l.name + ".address");
      if (!fresh) problem(place_of(*from_.listeners[i], "address"), "listener." + l.name + ".address", "found the address of " + at->second + "; wanted: one socket each");
    }
  }

  void references(std::size_t i, const std::vector<std::string>& backends, std::string_view key) {
    const route_rules& r = config_.routes[i];
    std::vector<std::string_view> known;
    for (const backend_rules& b : config_.backends) known.push_back(b.name);
    for (const std::string& name : backends) {
      if (by_name_.contains(name)) {
        used_.insert(name);
        continue;
      }
      const std::string_view meant = nearest(name, known);
      problem(place_of(*from_.routes[i], key, name), key_of(r, key), "found \"" + escape_for_log(name, 80) + "\", which is no backend" + (meant.empty() ? "" : "; did you mean \"" + std::string(meant) + "\"?"));
    }
  }

  // A directory answers so fast and changes so often that three hours of "no" are too long.
  void directory_refresh(route_rules& r) const {
    if (r.mailbox.empty()) return;
    const auto directory = [this](const std::string& name) {
      const auto at = by_name_.find(name);
      return at != by_name_.end() && (at->second->plugin == "static" || at->second->plugin == "ldap" || at->second->plugin == "exchange");
    };
    if (std::all_of(r.mailbox.begin(), r.mailbox.end(), directory)) r.mailbox_cache.negative_refresh = std::min<std::chrono::milliseconds>(std::chrono::minutes(1), r.mailbox_cache.negative);
  }

  void dynamic(std::size_t i) {
    const route_rules& r = config_.routes[i];
    const place where = place_of(*from_.routes[i], "dynamic");
    if (r.dynamic.separator == '\0') return;
    if (r.login.empty()) return problem(where, key_of(r, "dynamic"), "found no login backend; wanted: one, whose first upstream's scheme and port are used");
    const auto at = by_name_.find(r.login.front());
    if (at == by_name_.end()) return;
    if (at->second->upstream.empty()) problem(where, key_of(r, "dynamic"), "found the backend \"" + r.login.front() + "\" without upstream; wanted: one, whose scheme and port are used");
    else if (at->second->upstream.front().srv) problem(where, key_of(r, "dynamic"), "found an srv+ scheme in the backend \"" + r.login.front() + "\"; wanted: a scheme for a host");
  }

  void domains() {
    std::unordered_map<std::string, place> seen;
    for (std::size_t i = 0; i < config_.routes.size(); ++i) {
      const route_rules& r = config_.routes[i];
      if (r.dynamic.separator != '\0') continue;
      for (const std::string& domain : r.domains) {
        const place where = place_of(*from_.routes[i], "domains", domain);
        const auto [at, fresh] = seen.emplace(domain, where);
        if (!fresh) problem(where, key_of(r, "domains"), "found \"" + domain + "\" again, first at " + at_text(at->second) + "; wanted: each domain once");
      }
    }
  }

  static bool stripped(const route_rules& r) {
    if (r.dynamic.separator != '\0') return false;
    const auto use = check_template(r.login_name);
    return use && !use->address && !use->domain;
  }

  void accounts() {
    std::map<std::string, std::vector<const route_rules*>> strippers;  // by backend
    for (const route_rules& r : config_.routes) {
      if (!stripped(r) || r.domains.empty()) continue;
      if (!r.ambiguous_names && r.people_domain().empty()) {
        problem(r.where, key_of(r, "login_name"), "drops the domain of several domains, so that two people could be one account; wanted: canonical_domain if they are the same people, or ambiguous_names = true");
        continue;
      }
      for (const std::string& backend : r.login) strippers[backend].push_back(&r);
    }
    for (const auto& [backend, routes] : strippers)
      for (const route_rules* r : routes) {
        const auto other = std::find_if(routes.begin(), routes.end(), [r](const route_rules* o) { return o != r && (o->people_domain() != r->people_domain() || o->people_domain().empty()); });
        if (!r->ambiguous_names && other != routes.end())
          problem(r->where, key_of(*r, "login_name"), "drops the domain, as the route at " + at_text((*other)->where) + " does for the same backend \"" + backend +
                                                          "\", so that two people could be one account; wanted: the same canonical_domain in both if they are the same people, or ambiguous_names = true");
      }
  }

  void default_domains() {
    const auto served = [this](const std::string& domain) {
      return std::any_of(config_.routes.begin(), config_.routes.end(), [&domain](const route_rules& r) {
        return r.dynamic.separator != '\0' || std::any_of(r.domains.begin(), r.domains.end(), [&domain](const std::string& d) {
          return d == "*" || d == domain || (d.starts_with("*.") && domain.size() > d.size() - 1 && domain.ends_with(std::string_view(d).substr(1)));
        });
      });
    };
    for (std::size_t i = 0; i < config_.listeners.size(); ++i) {
      const listener_rules& l = config_.listeners[i];
      if (!l.default_domain.empty() && !served(l.default_domain))
        all_.warnings.push_back({place_of(*from_.listeners[i], "default_domain"), "listener." + l.name + ".default_domain", "no route has \"" + l.default_domain + "\""});
    }
  }

  void timeouts() {
    for (std::size_t i = 0; i < config_.backends.size(); ++i) {
      const backend_rules& b = config_.backends[i];
      const setting* const written = child(*from_.backends[i], "timeouts");
      const auto warn = [&](std::string_view key, std::chrono::milliseconds value) {
        if (written == nullptr || child(*written, key) == nullptr || value <= config_.broker.request_timeout) return;
        all_.warnings.push_back({child(*written, key)->where, "backend." + b.name + ".timeouts." + std::string(key),
                                 "is longer than broker.request_timeout (" + format_duration(config_.broker.request_timeout) + "), which ends the question before"});
      };
      warn("connect", b.timeouts.connect);
      warn("reply", b.timeouts.reply);
    }
  }

  void idle_backends() {
    for (const backend_rules& b : config_.backends)
      if (!b.name.empty() && !used_.contains(b.name)) all_.warnings.push_back({b.where, "backend." + b.name, "is used by no route"});
  }

  reading& all_;
  configuration& config_;
  const origins& from_;
  std::map<std::string, const backend_rules*, std::less<>> by_name_;
  std::set<std::string> used_;
};

}  // namespace

void check_together(reading& all, configuration& config, const origins& from) { together(all, config, from).check(); }

}  // namespace authbroker
