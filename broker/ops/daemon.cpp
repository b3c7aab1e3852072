#include "ops/daemon.hpp"

#include <sys/random.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <csignal>

#include "ops/admin_service.hpp"
#include "ops/check.hpp"

namespace authbroker {
namespace {

// Names of decisions differ between runs, so that an id in an old log is not mistaken for one of this run.
std::string run_prefix() {
  std::uint32_t random = 0;
  if (getrandom(&random, sizeof random, 0) != static_cast<ssize_t>(sizeof random)) throw std::runtime_error("the system gives no random bytes");
  static constexpr std::string_view letters = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string out;
  for (int i = 0; i < 5; ++i, random >>= 5) out += letters[random & 31];
  return out + "-";
}

std::uint32_t worker_count(const configuration& c) {
  if (c.broker.workers != 0) return c.broker.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1u, 4u);
}

}  // namespace

daemon::daemon(configuration config, logger& log)
    : log_(log),
      signals_(main_, SIGTERM, SIGINT, SIGHUP),
      drain_timer_(main_),
      watchdog_timer_(main_),
      leaving_timer_(main_),
      plugins_(log),
      dispatcher_(log, run_prefix()),
      first_(std::make_unique<configuration>(std::move(config))),
      file_(first_->file) {}

// Order matters: first nobody asks any more, then the backends go, on the workers' loops, then the loops end.
daemon::~daemon() {
  trial_.reset();
  listeners_.clear();
  leaving_.clear();
  admin_.reset();
  dispatcher_.replace(nullptr);
  std::vector<std::weak_ptr<const void>> backends;
  {
    const std::lock_guard hold(mutex_);
    if (now_)
      for (const auto& b : now_->backends) backends.push_back(b->life());
    now_.reset();
  }
  work_.clear();
  // The loops run until what was posted to them is done; what hangs on then is cut off.
  for (auto& w : workers_) boost::asio::post(w->io, [io = &w->io] { boost::asio::post(*io, [io] { io->stop(); }); });
  for (std::thread& t : threads_) t.join();
  // The plugins' destroy() calls, as soon as threads of the blocking kind let go; a stuck one is not waited for.
  const auto patience = steady::now() + std::chrono::seconds(1);
  const auto alive = [&] { return std::any_of(backends.begin(), backends.end(), [](const auto& b) { return !b.expired(); }); };
  main_.restart();
  main_.poll();
  while (alive() && steady::now() < patience) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    main_.restart();
    main_.poll();
  }
  main_.restart();
  main_.poll();
  to_main_->close();
}

plugin_backend::environment daemon::environment() {
  plugin_backend::environment out;
  out.log = &log_;
  out.time = &time_;
  for (const auto& w : workers_) out.workers.push_back(w.get());
  out.warn = [this](const config_problem& w) { note(level::warning, "config_warning", to_string(w)); };
  out.on_main = [queue = to_main_](std::function<void()> what) { queue->run(std::move(what)); };
  return out;
}

listener_rules daemon::admin_rules(const configuration& c) const {
  listener_rules r;
  r.name = "admin";
  r.protocol = listener_protocol::http;
  r.address.path = c.broker.admin_socket;
  r.mode = 0600;
  r.allow = {permission::login, permission::mailbox, permission::status, permission::metrics};
  r.limits.connections = 50;
  r.limits.in_flight = 50;
  return r;
}

result<std::unique_ptr<listener>> daemon::open_listener(listener_rules rules) {
  front_parts parts;
  for (const auto& w : workers_) parts.workers.push_back(w.get());
  parts.log = &log_;
  parts.who = &dispatcher_;
  parts.status = this;
  const bool admin = rules.name == "admin" && rules.address.path == file_admin_;
  const std::shared_ptr<http_service> service = admin ? std::static_pointer_cast<http_service>(admin_service_) : nullptr;
  if (const auto it = inherited_.find(rules.name); it != inherited_.end()) {
    const int fd = it->second;
    inherited_.erase(it);
    return listener::adopt(fd, std::move(rules), parts, service);
  }
  return listener::open(std::move(rules), parts, service);
}

std::vector<std::string> daemon::start() {
  configuration config = std::move(*first_);
  first_.reset();
  for (std::uint32_t i = 0; i < worker_count(config); ++i) workers_.push_back(std::make_unique<worker>(i));
  admin_service_ = std::make_shared<admin_service>(*this);
  file_admin_ = config.broker.admin_socket;
  inherited_ = inherited_sockets();
  std::vector<config_problem> problems;
  const std::string user = config.broker.user;
  listener_rules admin = admin_rules(config);
  std::vector<listener_rules> wanted = std::move(config.listeners);
  config.listeners.clear();
  for (const config_problem& w : config.warnings) note(level::warning, "config_warning", to_string(w));
  auto made = make_generation(++generations_, std::move(config), plugins_, environment(), problems);
  if (made == nullptr) return to_lines(problems);
  made->default_domains = default_domains_of(wanted);
  std::vector<std::string> bad;
  for (listener_rules& rules : wanted) {
    const std::string name = rules.name;
    const std::string key = "listener." + name + ".address";
    const place where = made->config.place_of(key, rules.where);
    auto l = open_listener(std::move(rules));
    if (l) listeners_.emplace(name, std::move(*l));
    else bad.push_back(to_string(config_problem{where, key, l.error().text}));
  }
  auto a = open_listener(std::move(admin));
  if (a) admin_ = std::move(*a);
  else bad.push_back(to_string(config_problem{made->config.place_of("broker.admin_socket", {file_, 0, 0}), "broker.admin_socket", a.error().text}));
  if (!bad.empty()) return bad;
  if (const auto owner = owner_of(user)) log_.give_to(owner->first, owner->second);  // else no reload could open it again
  const bool changes = owner_of(user).has_value() && geteuid() == 0;
  if (const auto r = become_user(user); !r) return {r.error().text};
  // What root could read at the start, its user may not be able to read again.
  if (changes)
    for (const std::string& p : try_configuration(file_)) note(level::warning, "reload_impossible", p);
  if (!secrets_locked()) log_.line(level::warning, "memory_not_locked").field("text", "passwords may reach the swap: raise LimitMEMLOCK (ulimit -l)");
  for (auto& w : workers_) {
    work_.push_back(boost::asio::make_work_guard(w->io));
    beats_.push_back(std::make_shared<std::atomic<std::uint64_t>>(0));
    threads_.emplace_back([worker = w.get(), this] {
      worker::set_current(worker);
      while (true) {
        try {
          worker->io.run();
          return;
        } catch (const std::exception& e) {  // a defect: the loop goes on, the log says so
          log_.line(level::error, "worker_exception").field("text", e.what());
        }
      }
    });
  }
  {
    const std::lock_guard hold(mutex_);
    now_ = made;
  }
  dispatcher_.replace(made->answers);
  for (const auto& b : made->backends) b->keep_warm();
  for (const auto& [name, l] : listeners_) l->start();
  admin_->start();
  return {};
}

int daemon::run() {
  wait_for_signals();
  watch();
  const auto g = current();
  log_.line(level::info, "started").field("version", AUTHBROKER_VERSION).field("listeners", static_cast<std::int64_t>(listeners_.size()))
      .field("backends", static_cast<std::int64_t>(g->backends.size())).field("routes", static_cast<std::int64_t>(g->config.routes.size()))
      .field("workers", static_cast<std::int64_t>(workers_.size())).field("ready_ms", std::chrono::duration_cast<std::chrono::milliseconds>(steady::now() - started_).count());
  tell_systemd("READY=1\nSTATUS=serving");
  main_.run();
  log_.line(level::info, "stopped");
  return 0;
}

std::shared_ptr<const generation> daemon::current() const {
  const std::lock_guard hold(mutex_);
  return now_;
}

// ---------------------------------------------------------------- signals, watchdog

void daemon::wait_for_signals() {
  signals_.async_wait([this](boost::system::error_code ec, int number) {
    if (ec) return;
    if (number == SIGHUP) {
      open_log_again();  // whatever the configuration is like: the old file was renamed, and nobody looks at it any more
      try_reload();
    } else if (draining_) {
      drain_until_ = steady::now();  // the second one means it
    } else {
      drain();
    }
    wait_for_signals();
  });
}

void daemon::open_log_again() {
  try {
    log_.reconfigure(current()->config.log);
  } catch (const std::exception& e) {
    log_.line(level::error, "log_not_opened").field("text", e.what());
  }
}

void daemon::note(level how, std::string_view event, std::string text) {
  log_.line(how, event).field("text", text);
  notes_.push_back(std::move(text));
}

// Tells systemd that all loops turn: each worker counts along, and only then the next message goes out.
void daemon::watch() {
  const auto interval = watchdog_interval();
  if (interval.count() == 0) return;
  const bool all = std::all_of(beats_.begin(), beats_.end(), [&](const auto& b) { return b->load() == beat_; });
  if (all) {
    tell_systemd("WATCHDOG=1");
    ++beat_;
    for (std::size_t i = 0; i < workers_.size(); ++i) boost::asio::post(workers_[i]->io, [b = beats_[i], to = beat_] { b->store(to); });
  }
  watchdog_timer_.expires_after(interval);
  watchdog_timer_.async_wait([this](boost::system::error_code ec) {
    if (!ec) watch();
  });
}

// ---------------------------------------------------------------- drain

void daemon::drain() {
  boost::asio::post(main_, [this] {
    if (draining_) return;
    draining_ = true;
    tell_systemd("STOPPING=1\nSTATUS=draining");
    log_.line(level::info, "draining").field("sessions", static_cast<std::int64_t>(sessions()));
    trial_.reset();
    if (!waiting_.empty()) end_reload({"the daemon is stopping"});
    for (const auto& [name, l] : listeners_) l->close();
    admin_->close();
    drain_until_ = steady::now() + current()->config.broker.request_timeout;
    wait_for_sessions();
  });
}

std::uint32_t daemon::sessions() const {
  std::uint32_t n = admin_->sessions();
  for (const auto& [name, l] : listeners_) n += l->sessions();
  for (const auto& l : leaving_) n += l->sessions();
  return n;
}

void daemon::wait_for_sessions() {
  if (sessions() == 0) {
    signals_.cancel();
    watchdog_timer_.cancel();
    leaving_timer_.cancel();
    main_.stop();
    return;
  }
  if (steady::now() >= drain_until_) {
    for (const auto& [name, l] : listeners_) l->end_now();
    for (const auto& l : leaving_) l->end_now();
    admin_->end_now();
  }
  drain_timer_.expires_after(std::chrono::milliseconds(10));
  drain_timer_.async_wait([this](boost::system::error_code) { wait_for_sessions(); });
}

}  // namespace authbroker
