#include "unit/host/lab.hpp"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <boost/asio/post.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <cstring>
#include <future>

namespace authbroker::lab {

// ---------------------------------------------------------------- workers

crew::crew(unsigned n, const std::string& name_servers) {
  for (unsigned i = 0; i < n; ++i) {
    workers_.push_back(std::make_unique<worker>(i, name_servers));
    work_.push_back(boost::asio::make_work_guard(workers_.back()->io));
    threads_.emplace_back([w = workers_.back().get()] {
      worker::set_current(w);
      w->io.run();
    });
  }
}

crew::~crew() {
  settle();
  work_.clear();
  for (auto& w : workers_) boost::asio::post(w->io, [io = &w->io] { io->stop(); });
  for (std::thread& t : threads_) t.join();
}

std::vector<worker*> crew::workers() const {
  std::vector<worker*> out;
  for (const auto& w : workers_) out.push_back(w.get());
  return out;
}

void crew::settle() {
  for (int round = 0; round < 3; ++round)
    for (auto& w : workers_) {
      std::promise<void> done;
      boost::asio::post(w->io, [&] { done.set_value(); });
      done.get_future().wait();
    }
}

finding crew::ask(backend& b, const stage_question& q, std::chrono::milliseconds within, unsigned w, std::chrono::milliseconds start_within) {
  std::promise<void> done;
  finding out;
  const auto until = steady::now() + within;
  const auto start_by = start_within.count() == 0 ? until : steady::now() + start_within;
  boost::asio::post(workers_[w]->io, [&] {
    run_task(b.ask(q, start_by, until, out), nullptr, [&](const std::exception_ptr& e) {
      if (e) done.set_exception(e);
      else done.set_value();
    });
  });
  done.get_future().get();
  return out;
}

// ---------------------------------------------------------------- the server

line_server::line_server(behaviour b, loopback::bound_socket where) : says_(std::move(b)), listening_(where.fd), port_(where.port) {
  if (listen(listening_, 128) != 0) throw std::runtime_error(std::strerror(errno));
  acceptor_ = std::thread([this] {
    while (!stop_) {
      pollfd p{listening_, POLLIN, 0};
      if (poll(&p, 1, 20) <= 0) continue;
      const int fd = accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::lock_guard hold(mutex_);
      fds_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  });
}

line_server::~line_server() {
  stop_ = true;
  acceptor_.join();
  close(listening_);
  {
    const std::lock_guard hold(mutex_);
    for (const int fd : fds_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& t : threads_) t.join();
  for (const int fd : fds_) close(fd);
}

void line_server::serve(int fd) {
  ++connections_;
  std::string line = "CONNECT", buffer;
  bool up = true;
  while (up) {
    {
      const std::lock_guard hold(mutex_);
      lines_.push_back(line);
    }
    std::string say = says_(line);
    if (say.starts_with('!')) {
      up = false;
      say.erase(0, 1);
    }
    if (!say.empty()) {
      say += '\n';
      if (send(fd, say.data(), say.size(), MSG_NOSIGNAL) < 0) break;
    }
    if (!up) break;
    std::size_t end = std::string::npos;
    while ((end = buffer.find('\n')) == std::string::npos) {
      char part[512];
      const ssize_t n = recv(fd, part, sizeof part, 0);
      if (n <= 0) {
        up = false;
        break;
      }
      buffer.append(part, static_cast<std::size_t>(n));
    }
    if (!up) break;
    line = buffer.substr(0, end);
    buffer.erase(0, end + 1);
  }
  shutdown(fd, SHUT_RDWR);
}

upstream_rules line_server::upstream() const {
  upstream_rules u;
  u.scheme = "tcp";
  u.host = "127.0.0.1";
  u.port = port_;
  return u;
}

int line_server::heard(const std::string& line) const {
  const std::lock_guard hold(mutex_);
  return static_cast<int>(std::count(lines_.begin(), lines_.end(), line));
}

void line_server::talk(const std::string& text) {
  const std::lock_guard hold(mutex_);
  const int one = 1;
  for (const int fd : fds_) {
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);  // at once, whether the reply before it was acknowledged or not
    send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  }
}

line_server::behaviour honest(const std::string& password) {
  return [password](const std::string& line) -> std::string {
    if (line == "CONNECT") return "HI";
    if (line.starts_with("NAME ")) return "OK";
    return line == "KEY " + password ? "YES" : "NO";
  };
}

// ---------------------------------------------------------------- the plugin

namespace {

struct line_session {
  abk_session api;
  bool reusable = false;
  enum { greeting, idle, name, key } at = greeting;
  std::uint32_t id = 0;
  std::string password;
};

line_session& of(abk_session* s) { return *static_cast<line_session*>(s->self); }

bool take_line(abk_io* io, std::string& out) {
  const std::string_view in(io->in.data, io->in.len);
  const std::size_t end = in.find('\n');
  if (end == std::string_view::npos) return false;
  out = in.substr(0, end);
  io->consume(io, end + 1);
  return true;
}

void say(abk_io* io, const std::string& text, bool is_secret) {
  const abk_range all{0, text.size()};
  io->send(io, text.data(), text.size(), &all, is_secret ? 1 : 0);
}

void finish(abk_io* io, std::uint32_t id, std::uint32_t verdict, std::uint32_t why) {
  abk_answer a{};
  a.size = sizeof a;
  a.verdict = verdict;
  a.reason = why;
  io->finish(io, id, &a);
}

abk_step line_resume(abk_session* s, abk_io* io) {
  line_session& me = of(s);
  std::string line;
  if (!take_line(io, line)) return ABK_READ;
  switch (me.at) {
    case line_session::greeting:
      if (line != "HI") {
        finish(io, 0, ABK_TEMPFAIL, line == "ACCOUNT" ? ABK_REASON_SERVICE_ACCOUNT : ABK_REASON_UPSTREAM_BUSY);
        return ABK_CLOSE;
      }
      me.at = line_session::idle;
      return ABK_READY;
    case line_session::name:
      say(io, "KEY " + me.password + "\n", true);
      me.at = line_session::key;
      return ABK_READ;
    case line_session::key:
      if (line == "YES") finish(io, me.id, ABK_YES, ABK_REASON_NONE);
      else if (line == "NO") finish(io, me.id, ABK_NO, ABK_REASON_WRONG_PASSWORD);
      else finish(io, me.id, ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE);
      me.at = line_session::idle;
      return me.reusable ? ABK_READY : ABK_CLOSE;
    case line_session::idle: return ABK_CLOSE;
  }
  return ABK_CLOSE;
}

abk_step line_begin(abk_session* s, const abk_question* q, abk_io* io) {
  line_session& me = of(s);
  me.id = q->id;
  me.password.assign(q->password.data, q->password.len);
  say(io, "NAME " + std::string(q->login_name.data, q->login_name.len) + "\n", false);
  me.at = line_session::name;
  return ABK_READ;
}

void line_farewell(abk_session*, abk_io* io) { say(io, "BYE\n", false); }
void line_destroy(abk_session* s) { delete &of(s); }

struct line_backend {
  abk_backend api;
  bool reusable;
};

abk_session* line_open(const abk_backend* b, std::uint32_t) {
  auto* s = new line_session;
  s->reusable = static_cast<const line_backend*>(b->self)->reusable;
  s->api = {sizeof(abk_session), s, &line_resume, &line_begin, &line_resume, nullptr, &line_destroy, &line_farewell, nullptr};
  return &s->api;
}

void destroy_line_backend(abk_backend* b) { delete static_cast<line_backend*>(b->self); }

template <bool reusable>
abk_backend* create_line(const abk_host*, abk_config*) {
  auto* b = new line_backend{{}, reusable};
  b->api = {sizeof(abk_backend), b, ABK_LOGIN, 0, 0, 1, 0, 0, {1}, 0, &line_open, nullptr, &destroy_line_backend};
  return &b->api;
}

// Two questions a connection, both at a time if they come so; then it drains.
struct pair_session {
  abk_session api{};
  bool greeted = false;
  int begun = 0;
  std::deque<std::uint32_t> open;
};
pair_session& pair_of(abk_session* s) { return *static_cast<pair_session*>(s->self); }

abk_step pair_resume(abk_session* s, abk_io* io) {
  pair_session& me = pair_of(s);
  std::string line;
  while (take_line(io, line)) {
    if (!me.greeted) {
      me.greeted = true;
      return ABK_READY;
    }
    finish(io, me.open.front(), ABK_YES, ABK_REASON_NONE);
    me.open.pop_front();
  }
  if (!me.open.empty() || !me.greeted) return ABK_READ;
  return me.begun < 2 ? ABK_READY : ABK_CLOSE;
}
abk_step pair_begin(abk_session* s, const abk_question* q, abk_io* io) {
  pair_session& me = pair_of(s);
  me.open.push_back(q->id);
  say(io, "ASK\n", false);
  return ++me.begun < 2 ? ABK_READ : ABK_DRAIN;
}
abk_session* pair_open(const abk_backend*, std::uint32_t) {
  auto* s = new pair_session;
  s->api = {sizeof(abk_session), s, &pair_resume, &pair_begin, &pair_resume, nullptr, [](abk_session* dead) { delete &pair_of(dead); }, nullptr, nullptr};
  return &s->api;
}
abk_backend* create_pair(const abk_host*, abk_config*) {
  static const auto destroy = [](abk_backend* b) { delete b; };
  return new abk_backend{sizeof(abk_backend), nullptr, ABK_LOGIN, 0, 0, 1, 0, 0, {8}, 0, &pair_open, nullptr, destroy};
}

std::function<void(const abk_question&, abk_check&)> the_deed;
bool the_deed_is_inline = false;
abk_backend* create_check(const abk_host*, abk_config*) {
  static const auto check = [](const abk_backend*, const abk_question* q, abk_check* c) { the_deed(*q, *c); };
  static const auto destroy = [](abk_backend* b) { delete b; };
  const std::uint32_t inline_kinds = the_deed_is_inline ? ABK_LOGIN : 0;
  return new abk_backend{sizeof(abk_backend), nullptr, ABK_LOGIN, ABK_LOGIN, inline_kinds, 1, 0, 0, {1}, 0, nullptr, check, destroy};
}

}  // namespace

const abk_plugin* line_plugin(bool reusable) {
  static const abk_plugin once{sizeof(abk_plugin), ABK_ABI_MINOR, "line", "1", nullptr, &create_line<false>};
  static const abk_plugin again{sizeof(abk_plugin), ABK_ABI_MINOR, "line", "1", nullptr, &create_line<true>};
  return reusable ? &again : &once;
}

const abk_plugin* pair_plugin() {
  static const abk_plugin api{sizeof(abk_plugin), ABK_ABI_MINOR, "line", "1", nullptr, &create_pair};
  return &api;
}

const abk_plugin* check_plugin(std::function<void(const abk_question&, abk_check&)> deed, bool inline_kind) {
  static const abk_plugin api{sizeof(abk_plugin), ABK_ABI_MINOR, "check", "1", nullptr, &create_check};
  the_deed = std::move(deed);
  the_deed_is_inline = inline_kind;
  return &api;
}

backend_rules rules_for(std::vector<upstream_rules> upstreams) {
  backend_rules r;
  r.name = "mail1";
  r.plugin = "line";
  r.cleartext = true;
  r.upstream = std::move(upstreams);
  return r;
}

made make(crew& c, logger& log, const abk_plugin* plugin, const backend_rules& rules, std::uint32_t blocking_share) {
  static const wall_clock time;
  static const abk_host host{sizeof(abk_host), ABK_ABI_MINOR, nullptr, [](const abk_host*, const char*) -> const void* { return nullptr; }};
  plugin_backend::environment env;
  env.log = &log;
  env.time = &time;
  env.workers = c.workers();
  env.blocking_share = blocking_share;
  env.on_main = [](const std::function<void()>& what) { what(); };
  loaded_plugin loaded;
  loaded.name = "line";
  loaded.api = plugin;
  made out;
  out.backend = plugin_backend::make(rules, loaded, &host, env, out.problems);
  return out;
}

bool eventually(const std::function<bool()>& what) {
  for (const auto until = steady::now() + std::chrono::seconds(10); !what(); std::this_thread::sleep_for(std::chrono::milliseconds(2)))
    if (steady::now() > until) return false;
  return true;
}

stage_question login(const secret& password, std::string_view name) {
  stage_question q;
  q.login_name = name;
  q.address = "ann@example.com";
  q.local = "ann";
  q.domain = "example.com";
  q.identity = "ann@example.com";
  q.route = "example.com";
  q.password = &password;
  return q;
}

}  // namespace authbroker::lab
