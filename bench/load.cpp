// load: keeps callers busy in a closed loop, checks every verdict, and says how fast it went and what it cost.
//
//   load --mode MODE (see dialogs.hpp) --target unix:PATH|tcp:IP:PORT|udp:IP:PORT [--callers 16] [--seconds 5] [--tls] [--full-handshake]
//        [--user ann@example.com] [--users N] [--password right] [--expect yes] [--watch PID]... [--hold N] [--hold-target ADDRESS]
//
// With --users N the user is u0..u(N-1) before the '@'. --hold N opens N more connections that say nothing. One JSON line at the
// end; status 1 if a verdict was not the expected one.
#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include <unistd.h>

#include "dialogs.hpp"
#include "loop.hpp"
#include "watch.hpp"

namespace {

using namespace bench;

struct options {
  std::string mode = "http", target, user = "ann@example.com", password = "right", expect = "yes", hold_target;
  int callers = 16, users = 0, hold = 0;
  double seconds = 5;
  bool tls = false, full_handshake = false;
  std::vector<int> watch;
};

options parse(int argc, char** argv) {
  options o;
  for (int i = 1; i < argc; ++i) {
    const std::string key = argv[i];
    errno = 0;
    if (key == "--tls") { o.tls = true; continue; }
    if (key == "--full-handshake") { o.full_handshake = true; continue; }
    if (i + 1 == argc) die("no value for " + key);
    const std::string value = argv[++i];
    if (key == "--mode") o.mode = value;
    else if (key == "--target") o.target = value;
    else if (key == "--hold-target") o.hold_target = value;
    else if (key == "--user") o.user = value;
    else if (key == "--password") o.password = value;
    else if (key == "--expect") o.expect = value;
    else if (key == "--callers") o.callers = std::stoi(value);
    else if (key == "--users") o.users = std::stoi(value);
    else if (key == "--hold") o.hold = std::stoi(value);
    else if (key == "--seconds") o.seconds = std::stod(value);
    else if (key == "--watch") o.watch.push_back(std::stoi(value));
    else die("unknown: " + key);
  }
  if (o.target.empty() || !make_dialog(o.mode)) die("load --mode MODE --target ADDRESS ...");
  return o;
}

struct caller {
  stream wire;
  std::unique_ptr<dialog> talk;
  std::string in, out;
  std::deque<nanoseconds> began;  // of several at a time any answer counts for the oldest
};

class load {
 public:
  explicit load(const options& o) : o_(o), target_(parse_address(o.target)), callers_(static_cast<std::size_t>(o.callers)) {
    epoll_ = epoll_create1(EPOLL_CLOEXEC);
    if (o.tls) {
      tls_ = SSL_CTX_new(TLS_client_method());
      SSL_CTX_set_session_cache_mode(tls_, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
      SSL_CTX_sess_set_new_cb(tls_, keep_session);
    }
    latencies_.reserve(4'000'000);
  }

  int run() {
    hold();
    for (caller& c : callers_) c.talk = make_dialog(o_.mode);
    std::vector<usage> before;
    for (const int pid : o_.watch) before.push_back(usage_of(pid));
    const double own_before = usage_of(::getpid()).cpu_us;
    const nanoseconds start = now(), stop = start + static_cast<nanoseconds>(o_.seconds * 1e9);
    nanoseconds next_look = start;
    for (caller& c : callers_)
      for (int i = 0; i < c.talk->at_once(); ++i) ask(c);
    while (now() < stop) {
      turn();
      if (now() > next_look) {  // the most memory that was seen
        next_look = now() + 250'000'000;
        give_up_on_lost();
        for (const int pid : o_.watch) rss_[pid] = std::max(rss_[pid], usage_of(pid).rss_kib);
      }
    }
    report(static_cast<double>(now() - start) / 1e9, usage_of(::getpid()).cpu_us - own_before, before);
    return contrary_ == 0 ? 0 : 1;
  }

 private:
  static int keep_session(SSL*, SSL_SESSION* s) {
    SSL_SESSION_free(session_);
    session_ = s;
    return 1;
  }

  void hold() {
    const address to = parse_address(o_.hold_target.empty() ? o_.target : o_.hold_target);
    for (int i = 0; i < o_.hold;) {
      const int fd = connect_to(to);
      if (fd >= 0) ++i;
      else ::usleep(1000);  // the backlog is full: the server is accepting as fast as it can
    }
  }

  void ask(caller& c) {
    if (!c.wire.is_open()) {
      const int fd = connect_to(target_);
      if (fd < 0) {
        waiting_.push_back(&c);
        return;
      }
      c.in.clear();
      c.out.clear();
      c.began.clear();
      c.wire.open(fd);
      c.wire.watch(epoll_, {.ptr = &c}, target_.family != AF_UNIX);
      if (tls_) {
        SSL* ssl = SSL_new(tls_);
        if (session_ && !o_.full_handshake) SSL_set_session(ssl, session_);
        c.wire.start_tls(ssl, true);
      }
    }
    question q{o_.user, o_.password};
    if (o_.users > 0) q.user = "u" + std::to_string(asked_++ % o_.users) + o_.user.substr(std::min(o_.user.find('@'), o_.user.size()));
    c.began.push_back(now());
    c.out += c.talk->begin(q);
    if (!corked_ && c.wire.write(c.out) == flow::end) errno = 0;  // read() will see it
  }

  void turn() {
    std::vector<caller*> again;
    again.swap(waiting_);
    for (caller* c : again) ask(*c);
    epoll_event events[256];
    const int n = epoll_wait(epoll_, events, 256, waiting_.empty() ? 100 : 1);
    for (int i = 0; i < n; ++i) serve(*static_cast<caller*>(events[i].data.ptr));
  }

  void serve(caller& c) {
    if (!c.wire.is_open()) return;
    c.wire.write(c.out);
    for (;;) {
      const flow f = c.wire.read(c.in);
      if (f == flow::later_read || f == flow::later_write) return;
      verdict v = c.talk->go_on(c.in, c.out, f == flow::end);
      c.wire.write(c.out);
      if (v == verdict::none && f == flow::ok) continue;
      corked_ = c.talk->at_once() > 1;  // what they ask anew goes out in one piece
      done(c, v);
      if (!corked_) return;
      while (c.wire.is_open() && (v = c.talk->go_on(c.in, c.out, false)) != verdict::none) done(c, v);
      corked_ = false;
      c.wire.write(c.out);
      if (!c.wire.is_open()) return;
    }
  }

  void done(caller& c, verdict v) {
    latencies_.push_back(static_cast<std::uint32_t>((now() - c.began.front()) / 1000));
    c.began.pop_front();
    ++seen_[std::string(name(v))];
    if (name(v) != o_.expect) ++contrary_;
    if (!c.talk->kept() || v == verdict::none || v == verdict::nonsense) c.wire.close();
    ask(c);
  }

  // An answer that does not come is contrary to any that is due.
  void give_up_on_lost() {
    for (caller& c : callers_) {
      const double patience = c.talk->patience();
      if (patience > 0 && !c.began.empty() && now() - c.began.front() > static_cast<nanoseconds>(patience * 1e9)) done(c, verdict::none);
    }
  }

  double percentile(double p) {
    if (latencies_.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(p * static_cast<double>(latencies_.size() - 1));
    std::nth_element(latencies_.begin(), latencies_.begin() + at, latencies_.end());
    return latencies_[static_cast<std::size_t>(at)];
  }

  void report(double seconds, double own_us, const std::vector<usage>& before) {
    const double n = static_cast<double>(latencies_.size());
    std::printf("{\"mode\":\"%s\",\"requests\":%.0f,\"per_second\":%.1f,\"p50_us\":%.0f,\"p99_us\":%.0f,\"own_cpu_us_per_request\":%.2f,\"contrary\":%ld,\"verdicts\":{", o_.mode.c_str(), n,
                n / seconds, percentile(0.5), percentile(0.99), n > 0 ? own_us / n : 0, contrary_);
    const char* comma = "";
    for (const auto& [what, count] : seen_) {
      std::printf("%s\"%s\":%ld", comma, what.c_str(), count);
      comma = ",";
    }
    std::printf("},\"watched\":[");
    comma = "";
    for (std::size_t i = 0; i < o_.watch.size(); ++i) {
      const usage after = usage_of(o_.watch[i]);
      std::printf("%s{\"pid\":%d,\"cpu_us_per_request\":%.2f,\"rss_kib\":%ld}", comma, o_.watch[i], n > 0 ? (after.cpu_us - before[i].cpu_us) / n : 0,
                  std::max(after.rss_kib, rss_[o_.watch[i]]));
      comma = ",";
    }
    std::printf("]}\n");
  }

  static inline SSL_SESSION* session_ = nullptr;
  const options& o_;
  address target_;
  std::vector<caller> callers_;
  std::vector<caller*> waiting_;
  std::vector<std::uint32_t> latencies_;
  std::map<std::string, long> seen_;
  std::map<int, long> rss_;
  long contrary_ = 0;
  int asked_ = 0;
  bool corked_ = false;
  int epoll_ = -1;
  SSL_CTX* tls_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) {
  ::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
  const options o = parse(argc, argv);
  return load(o).run();
}
