// Reload: a trial of the configuration in a child, then all of it or nothing.
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cstdio>
#include <utility>

#include "ops/daemon.hpp"

namespace authbroker {
namespace {

constexpr auto leaving_time = std::chrono::seconds(30);

bool same_socket(const listener_rules& a, const listener_rules& b) {
  return a.protocol == b.protocol && a.address.is_unix == b.address.is_unix && a.address.path == b.address.path && a.address.host == b.address.host &&
         a.address.port == b.address.port && a.mode == b.mode && a.owner == b.owner && a.group == b.group;
}

// What keeps a listener of the running configuration from becoming the one wanted at the same address.
std::string what_differs(const listener_rules& is, const listener_rules& wanted) {
  std::string out;
  const auto say = [&out](std::string_view key, std::string_view old) { out += (out.empty() ? "" : ", ") + std::string(key) + " (now \"" + std::string(old) + "\")"; };
  if (is.name != wanted.name) say("name", is.name);
  if (is.protocol != wanted.protocol) say("protocol", name(is.protocol));
  if (is.mode != wanted.mode) {
    char octal[16];
    std::snprintf(octal, sizeof octal, "%04o", static_cast<unsigned>(is.mode));
    say("mode", octal);
  }
  if (is.owner != wanted.owner) say("owner", is.owner);
  if (is.group != wanted.group) say("group", is.group);
  return out;
}

}  // namespace

void daemon::reload(std::function<void(const reload_outcome&)> done) {
  boost::asio::post(main_, [this, done = std::move(done)] {
    waiting_.push_back(done);
    try_reload();
  });
}

// At most one trial at a time; what comes meanwhile is one more afterwards.
void daemon::try_reload() {
  if (draining_) return end_reload({"the daemon is stopping"});
  if (trial_ != nullptr) {
    reload_again_ = true;
    return;
  }
  tell_systemd("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(std::chrono::duration_cast<std::chrono::microseconds>(steady::now().time_since_epoch()).count()));
  trial_ = std::make_unique<config_trial>(main_, file_, [this](std::vector<std::string> problems) {
    boost::asio::post(main_, [this, problems = std::move(problems)]() mutable { trial_done(std::move(problems)); });
  });
}

void daemon::trial_done(std::vector<std::string> problems) {
  if (trial_ == nullptr) return;
  trial_.reset();
  if (problems.empty()) {
    load_outcome loaded = load_configuration(file_);
    problems = loaded.config ? take(std::move(*loaded.config)) : to_lines(loaded.problems);
  }
  tell_systemd("READY=1\nSTATUS=serving");
  if (reload_again_) {
    reload_again_ = false;
    if (problems.empty()) log_.line(level::info, "reloaded").field("generation", static_cast<std::int64_t>(generations_));
    return try_reload();
  }
  end_reload(std::move(problems));
}

void daemon::end_reload(std::vector<std::string> problems) {
  if (problems.empty()) log_.line(level::info, "reloaded").field("generation", static_cast<std::int64_t>(generations_));
  for (const std::string& p : problems) log_.line(level::error, "reload_refused").field("text", p);
  reload_outcome outcome;
  outcome.generation = generations_;
  outcome.problems = std::move(problems);
  outcome.warnings = std::exchange(notes_, {});
  const auto waiting = std::move(waiting_);
  waiting_.clear();
  for (const auto& each : waiting) each(outcome);
}

// All or nothing: whatever can fail is tried before anything is changed.
std::vector<std::string> daemon::take(configuration fresh) {
  const auto old = current();
  notes_.clear();
  const auto needs_restart = [this, &fresh](const char* key, bool differs) {
    if (differs) note(level::warning, "restart_needed", to_string(config_problem{fresh.place_of(key, {fresh.file, 0, 0}), key, "changes only when the daemon is started again; the old value stays in use"}));
  };
  needs_restart("broker.workers", fresh.broker.workers != old->config.broker.workers);
  needs_restart("broker.user", fresh.broker.user != old->config.broker.user);
  needs_restart("broker.admin_socket", fresh.broker.admin_socket != old->config.broker.admin_socket);
  std::vector<config_problem> problems;
  std::vector<listener_rules> wanted = std::move(fresh.listeners);
  fresh.listeners.clear();
  for (const config_problem& w : fresh.warnings) note(level::warning, "config_warning", to_string(w));
  if (const std::string missing = use_what_is_there(fresh.log); !missing.empty()) note(level::warning, "config_warning", to_string(config_problem{fresh.place_of("log.target"), "log.target", missing}));
  const log_settings log_wanted = fresh.log;
  auto made = make_generation(generations_ + 1, std::move(fresh), plugins_, environment(), problems);
  if (made == nullptr) return to_lines(problems);
  made->default_domains = default_domains_of(wanted);

  // Listeners: rules that cannot be resolved and sockets that cannot be made refuse the reload.
  std::vector<std::string> bad;
  std::map<std::string, std::unique_ptr<listener>> opened;
  std::vector<listener_rules*> kept;
  for (listener_rules& rules : wanted) {
    const std::string key = "listener." + rules.name + ".address";
    const auto it = listeners_.find(rules.name);
    const bool same_place = it != listeners_.end() && same_socket(it->second->rules(), rules);
    if (auto terms = make_terms_check(rules); !terms.empty()) {
      bad.push_back(to_string(config_problem{rules.where, "listener." + rules.name, terms}));
      continue;
    }
    if (same_place) {
      if (rules.address.is_unix && access(rules.address.path.c_str(), F_OK) != 0)
        note(level::warning, "config_warning", to_string(config_problem{made->config.place_of(key, rules.where), key, "somebody has removed the socket's file, and nobody can connect any more; wanted: a restart"}));
      kept.push_back(&rules);
      continue;
    }
    // The old socket would have to go before the new one can come, and then there is no way back.
    const auto in_use = std::find_if(listeners_.begin(), listeners_.end(), [&](const auto& each) {
      const socket_address& a = each.second->rules().address;
      return rules.address.is_unix ? a.is_unix && a.path == rules.address.path : !a.is_unix && a.host == rules.address.host && a.port == rules.address.port;
    });
    if (in_use != listeners_.end()) {
      bad.push_back(to_string(config_problem{made->config.place_of(key, rules.where), key,
                                             "the running configuration uses this address with another " + what_differs(in_use->second->rules(), rules) +
                                                 ", which only a restart can change; wanted: a restart, or another address"}));
      continue;
    }
    const std::string name = rules.name;
    const place where = made->config.place_of(key, rules.where);
    auto l = open_listener(std::move(rules));
    rules.name = name;
    if (l) opened.emplace(name, std::move(*l));
    else bad.push_back(to_string(config_problem{where, key, l.error().text}));
  }
  if (bad.empty()) {
    try {
      log_.reconfigure(log_wanted);
    } catch (const std::exception& e) {
      bad.push_back(to_string(config_problem{made->config.place_of("log.target"), "log.target", e.what()}));
    }
  }
  if (!bad.empty()) return bad;

  // From here on nothing is refused.
  generations_ = made->number;
  std::map<std::string, std::unique_ptr<listener>> old_ones;
  {
    const std::lock_guard hold(mutex_);
    now_ = made;
    dispatcher_.replace(made->answers);
    for (auto it = listeners_.begin(); it != listeners_.end();) {
      const bool stays = std::any_of(kept.begin(), kept.end(), [&](const listener_rules* r) { return r->name == it->first; });
      if (stays) {
        ++it;
        continue;
      }
      old_ones.emplace(it->first, std::move(it->second));
      it = listeners_.erase(it);
    }
    for (listener_rules* r : kept) {
      const std::string name = r->name;
      if (const auto done = listeners_[name]->update(std::move(*r)); !done) log_.line(level::error, "listener_kept").field("listener", name).field("text", done.error().text);
    }
  }
  for (const auto& [name, l] : old_ones) l->close();
  {
    const std::lock_guard hold(mutex_);
    for (auto& [name, l] : opened) {
      l->start();
      listeners_[name] = std::move(l);
    }
  }
  for (const auto& b : made->backends) b->keep_warm();
  // Sessions of closed listeners end by themselves; the listener goes when the last one has.
  for (auto& [name, l] : old_ones) leaving_.push_back(std::move(l));
  sweep_leaving(leaving_time);
  return {};
}

std::string daemon::make_terms_check(const listener_rules& rules) {
  const auto peers = resolve_peers(rules);
  return peers ? std::string() : peers.error().text;
}

// A listener must outlive its sessions: looked at again until there are none, or their time is up.
void daemon::sweep_leaving(std::chrono::milliseconds left) {
  std::erase_if(leaving_, [](const auto& l) { return l->sessions() == 0; });
  if (leaving_.empty()) return;
  if (left.count() <= 0)
    for (const auto& l : leaving_) l->end_now();
  leaving_timer_.expires_after(std::chrono::milliseconds(100));
  leaving_timer_.async_wait([this, left](boost::system::error_code ec) {
    if (!ec) sweep_leaving(left - std::chrono::milliseconds(100));
  });
}

}  // namespace authbroker
