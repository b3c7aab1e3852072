// A listener on a worker of its own in a temporary folder, an asker that does as it is told, and a caller.
#pragma once
#include <gtest/gtest.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <condition_variable>
#include <filesystem>
#include <future>
#include <mutex>
#include <set>
#include <thread>

#include "front/listener.hpp"

namespace authbroker::testing_front {

using namespace std::chrono_literals;

// What was asked, as plain values.
struct asked {
  question_kind kind;
  std::string address, password, client, service, caller, listener, default_domain;
  bool client_believed;
  std::chrono::milliseconds deadline;
  mail_protocol server_for;
  std::string session;
};

// "right" is accepted, "wrong" rejected, "broken" a tempfail, "throw" throws, and "hold" waits until release() or until it is
// cancelled. Mailboxes: "no..." is absent, "cannot..." unverifiable, "broken..." a tempfail, "throw@" and "hold@" as above, what
// is at "nowhere" has no route, and the rest exist; "alias..." is the mailbox real@example.com.
class obedient_asker final : public asker {
 public:
  // Goes on when it is let go, by the loop; when it is stopped, too.
  class held_question final : public stoppable {
   public:
    explicit held_question(obedient_asker& of) : of_(of) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> asking) {
      next_ = continuation(asking);
      signal_ = next_.stop();
      signal_->listen(this);
      home_ = &worker::current();
      of_.hold(this, true);
    }
    void await_resume() {
      signal_->listen(nullptr);
      of_.hold(this, false);
    }
    void let_go() {
      if (next_) boost::asio::post(home_->io, std::move(next_));
    }
    void stop() override {
      stopped = true;
      let_go();
    }
    bool stopped = false;

   private:
    obedient_asker& of_;
    continuation next_;
    stop_signal* signal_ = nullptr;
    worker* home_ = nullptr;
  };

  task<void> ask(const query& q, answer& a, trace*) override {
    const std::string password(q.password.reveal());
    note(q, password);
    const std::string word = q.kind == question_kind::mailbox ? q.address.substr(0, q.address.find('@')) : password;
    if (word == "throw") throw std::runtime_error("as asked");
    if (word == "hold") {
      held_question held(*this);
      co_await held;
      if (held.stopped) {
        count(cancelled_);
        throw std::runtime_error("cancelled");
      }
    }
    judge(q, password, a);
  }

  std::optional<bool> serves(std::string_view domain) const override {
    if (domain == "unsure.example") return std::nullopt;
    return domain == "example.com";
  }

  std::vector<asked> questions() {
    const std::lock_guard hold_it(mutex_);
    return questions_;
  }
  // "TABLE:SAID" of the last answer, as the log would have it; "" if the wire has nothing to say of its own.
  std::string logged() {
    const std::lock_guard hold_it(mutex_);
    return std::exchange(logged_, {});
  }
  bool wait_held(std::size_t n = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return held_.size() >= n; });
  }
  bool wait_cancelled(int n = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, [&] { return cancelled_ >= n; });
  }
  std::set<held_question*> held() {
    const std::lock_guard hold_it(mutex_);
    return held_;
  }
  answer extra;  // what every answer begins as

 private:
  void judge(const query& q, const std::string& password, answer& a) {
    a = extra;
    a.identity = q.address;
    a.client_believed = q.client_believed;
    a.id = "id-1";
    const auto set = [&a](verdict v, reason r) {
      a.found.what = v;
      a.found.why = r;
    };
    if (q.address.ends_with("@nowhere"))
      set(verdict::no_route, reason::no_route);
    else if (q.kind == question_kind::mailbox)
      judge_mailbox(q.address, a);
    else if (password == "right" || password == "hold")
      set(verdict::accept, reason::none);
    else if (password == "wrong")
      set(verdict::reject, reason::wrong_password);
    else if (password == "locked")
      set(verdict::reject, reason::account_locked);
    else
      set(verdict::tempfail, reason::upstream_down);
    if (const verdict_row* row = find_row(a.found.what, a.found.why)) a.text = std::string(row->told);
    if (q.wire == nullptr) return;
    const std::lock_guard hold_it(mutex_);
    logged_ = std::string(q.wire->table()) + ":" + std::string(q.wire->said(a));
  }
  static void judge_mailbox(const std::string& address, answer& a) {
    a.found.what = verdict::exists;
    a.found.why = reason::none;
    a.route = "example.com";
    if (address.starts_with("no")) a.found.what = verdict::absent;
    if (address.starts_with("alias")) a.found.mailbox = "real@example.com";
    if (address.starts_with("odd")) a.found.mailbox = "x@example.com,root@example.net";
    if (address.starts_with("cannot")) a.found.what = verdict::unverifiable, a.found.why = reason::not_checked;
    if (address.starts_with("broken")) a.found.what = verdict::tempfail, a.found.why = reason::upstream_down;
  }
  void note(const query& q, const std::string& password) {
    const std::lock_guard hold_it(mutex_);
    questions_.push_back({q.kind, q.address, password, q.client, q.service, q.caller, q.listener, q.default_domain, q.client_believed, q.deadline, q.server_for, q.session});
    changed_.notify_all();
  }
  void hold(held_question* t, bool held) {
    const std::lock_guard hold_it(mutex_);
    if (held) held_.insert(t);
    else held_.erase(t);
    changed_.notify_all();
  }
  void count(int& n) {
    const std::lock_guard hold_it(mutex_);
    ++n;
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<asked> questions_;
  std::string logged_;
  std::set<held_question*> held_;
  int cancelled_ = 0;
};

// One connection of a caller, blocking, with a limit on every wait.
class caller {
 public:
  explicit caller(const std::string& address) {
    if (address.starts_with("unix:")) {
      fd_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_un to{};
      to.sun_family = AF_UNIX;
      address.copy(to.sun_path, sizeof to.sun_path - 1, 5);
      connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    } else {
      fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    }
  }
  caller(caller&& o) noexcept : fd_(std::exchange(o.fd_, -1)), connected_(o.connected_) {}
  caller(const caller&) = delete;
  caller& operator=(const caller&) = delete;
  caller& operator=(caller&&) = delete;
  ~caller() { hang_up(); }

  bool connected() const { return connected_; }
  int fd() const { return fd_; }
  bool send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void say_no_more() const { shutdown(fd_, SHUT_WR); }
  void hang_up() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  // What comes next, at least one byte; "" at the end of the stream; "RESET" if it was cut; "TIMEOUT" after ten seconds.
  std::string receive() const {
    pollfd look{fd_, POLLIN, 0};
    if (poll(&look, 1, 10'000) != 1) return "TIMEOUT";
    char room[65536];
    const auto n = recv(fd_, room, sizeof room, 0);
    if (n < 0) return "RESET";
    return {room, static_cast<std::size_t>(n)};
  }
  std::string receive_all() const {
    std::string all;
    for (;;) {
      const std::string more = receive();
      all += more;
      if (more.empty() || more == "RESET" || more == "TIMEOUT") return all;
    }
  }
  // One reply with Content-Length.
  std::string reply() {
    for (;;) {
      const std::size_t head = kept_.find("\r\n\r\n");
      if (head != std::string::npos) {
        const std::size_t at = kept_.find("Content-Length: ");
        const std::size_t whole = head + 4 + (at < head ? std::stoul(kept_.substr(at + 16)) : 0);
        if (kept_.size() >= whole) {
          std::string one = kept_.substr(0, whole);
          kept_.erase(0, whole);
          return one;
        }
      }
      const std::string more = receive();
      if (more.empty() || more == "RESET" || more == "TIMEOUT") return std::exchange(kept_, {}) + more;
      kept_ += more;
    }
  }

 private:
  int fd_ = -1;
  bool connected_ = false;
  std::string kept_;
};

class front_fixture : public ::testing::Test {
 protected:
  front_fixture() {
    std::string pattern = "/tmp/ab.XXXXXX";
    folder_ = mkdtemp(pattern.data());
    rules_.name = "portal";
    rules_.mode = 0666;
    rules_.address.path = folder_ + "/s";
    rules_.address.host = "127.0.0.1";
    network loopback;
    loopback.bytes[0] = 127;
    loopback.bits = 8;
    rules_.networks.push_back(loopback);
    log_settings quiet;
    quiet.target = log_target::file;
    quiet.file = folder_ + "/log";
    log_ = std::make_unique<logger>(quiet);
    parts_.log = log_.get();
    parts_.who = &asker_;
  }
  ~front_fixture() override {
    stop();
    std::filesystem::remove_all(folder_);
  }
  listener_rules rules() const { return copy_of(rules_); }
  static listener_rules copy_of(const listener_rules& from) {
    listener_rules r;
    r.name = from.name;
    r.protocol = from.protocol;
    r.address = from.address;
    r.mode = from.mode;
    r.owner = from.owner;
    r.group = from.group;
    r.peer_users = from.peer_users;
    r.peer_groups = from.peer_groups;
    r.networks = from.networks;
    if (from.token) r.token = from.token->copy();
    r.allow = from.allow;
    r.trust_client_all = from.trust_client_all;
    r.trust_client = from.trust_client;
    r.default_domain = from.default_domain;
    r.reveal = from.reveal;
    r.unverifiable = from.unverifiable;
    r.tempfail_code = from.tempfail_code;
    r.tables = from.tables;
    r.limits = from.limits;
    return r;
  }
  void start(unsigned workers = 1) {
    for (unsigned i = 0; i < workers; ++i) workers_.push_back(std::make_unique<worker>(i));
    for (const auto& w : workers_) parts_.workers.push_back(w.get());
    auto made = listener::open(rules(), parts_);
    ASSERT_TRUE(made) << made.error().text;
    listener_ = std::move(*made);
    listener_->start();
    run();
  }
  void run() {
    for (const auto& w : workers_) {
      guards_.emplace_back(w->io.get_executor());
      threads_.emplace_back([on = w.get()] {
        worker::set_current(on);
        on->io.run();
      });
    }
  }
  void stop() {
    if (threads_.empty()) return;
    listener_->close();
    listener_->end_now();
    EXPECT_TRUE(eventually([this] { return listener_->sessions() == 0; })) << "a session outlived its listener";
    guards_.clear();
    for (const auto& w : workers_) w->io.stop();  // a timer that nobody waits for any more may be left
    for (auto& t : threads_) t.join();
    threads_.clear();
  }
  // Runs on the worker, and waits until it has.
  void on_worker(const std::function<void()>& what) {
    std::promise<void> done;
    boost::asio::post(workers_.front()->io, [&] {
      what();
      done.set_value();
    });
    done.get_future().wait();
  }
  void release() {
    on_worker([this] {
      for (auto* const t : asker_.held()) t->let_go();
    });
  }
  caller connect() const { return caller(listener_->address()); }
  // A caller whose question is held, made and made to ask by `make`: where limits.idle is short, the first ones may have been
  // idle for too long before they came to speak.
  template <class Make>
  auto until_held(const Make& make) {
    std::vector<decltype(make())> all;
    all.push_back(make());
    for (const auto until = steady::now() + 10s; asker_.held().empty() && steady::now() < until;) {
      pollfd ended{all.back().fd(), POLLIN, 0};
      if (poll(&ended, 1, 1) != 0) all.push_back(make());
    }
    EXPECT_FALSE(asker_.held().empty());
    return std::move(all.back());
  }
  std::string log_text() {
    log_->flush();
    std::FILE* const f = std::fopen((folder_ + "/log").c_str(), "r");
    std::string all(1 << 16, '\0');
    all.resize(std::fread(all.data(), 1, all.size(), f));
    std::fclose(f);
    return all;
  }
  // True once `what` holds; looks again whenever the worker has had a turn.
  bool eventually(const std::function<bool()>& what) {
    for (const auto until = steady::now() + 10s; steady::now() < until; std::this_thread::yield()) {
      if (what()) return true;
      on_worker([] {});
    }
    return false;
  }

  std::string folder_;
  listener_rules rules_;
  obedient_asker asker_;
  front_parts parts_;
  std::unique_ptr<logger> log_;
  std::vector<std::unique_ptr<worker>> workers_;
  std::unique_ptr<listener> listener_;
  std::vector<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guards_;
  std::vector<std::thread> threads_;
};

inline std::string post(std::string_view path, std::string_view body, std::string_view more = {}) {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         std::string(more) + "\r\n" + std::string(body);
}
inline std::string login(std::string_view address, std::string_view password, std::string_view more = {}) {
  return post("/v1/login", R"({"address":")" + std::string(address) + R"(","password":")" + std::string(password) + "\"}", more);
}
inline std::string get(std::string_view target, std::string_view more = {}) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(more) + "\r\n";
}
inline unsigned status_of(const std::string& reply) { return reply.starts_with("HTTP/1.1 ") ? static_cast<unsigned>(std::stoul(reply.substr(9, 3))) : 0; }
inline bool has(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace authbroker::testing_front
