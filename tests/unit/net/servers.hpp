// Servers on loopback, each connection on a thread of its own, that do exactly what a test says; and the client that asks
// them, on a worker whose loop the test turns by hand.
#pragma once
#include <openssl/ssl.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "net/channel.hpp"
#include "net/worker.hpp"
#include "unit/loopback_port.hpp"
#include "unit/net/certificates.hpp"

namespace authbroker::testing {

class tcp_server {
 public:
  // `serve` gets a blocking socket and need not close it. Ends every connection when destroyed.
  explicit tcp_server(std::function<void(int fd)> serve, loopback::bound_socket where = loopback::bind());
  ~tcp_server();
  tcp_server(const tcp_server&) = delete;
  tcp_server& operator=(const tcp_server&) = delete;
  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }

 private:
  void accept_loop();
  std::function<void(int)> serve_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

// A port whose queue is full: a connection attempt gets no answer at all.
class deaf_port {
 public:
  explicit deaf_port(loopback::bound_socket where = loopback::bind());
  ~deaf_port();
  deaf_port(const deaf_port&) = delete;
  deaf_port& operator=(const deaf_port&) = delete;
  std::uint16_t port() const { return port_; }

 private:
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::vector<int> fillers_;
};

std::uint16_t closed_port();  // nothing listens there

// What a TLS server is to be, and what it saw.
struct tls_server_wish {
  certificate own;
  int version_min = TLS1_2_VERSION, version_max = 0;
  bool ask_client = false, require_client = false;
  std::optional<certificate> client_ca;
  std::string say_before;                   // plain text, sent before the handshake
  std::function<void(SSL*, int fd)> after;  // once it is up; default: echoes until the end
};
struct tls_seen {
  std::mutex mutex;
  std::vector<std::string> names;  // SNI, "" for none
  int finished = 0, resumed = 0, client_certificates = 0;
};
class tls_server {
 public:
  explicit tls_server(tls_server_wish);
  std::uint16_t port() const { return tcp_->port(); }
  tls_seen& seen() { return *seen_; }
  int finished() { const std::lock_guard lock(seen_->mutex); return seen_->finished; }
  int resumed() { const std::lock_guard lock(seen_->mutex); return seen_->resumed; }

 private:
  std::shared_ptr<tls_seen> seen_ = std::make_shared<tls_seen>();
  std::unique_ptr<tcp_server> tcp_;
};
void echo(SSL*);
void send_all(int fd, const std::string&);
std::string receive_some(int fd);  // "" at the end

// Turns the loop until `ready`, for ten seconds at most.
bool spin(worker&, const std::function<bool()>& ready);

// A context that trusts good_ca() unless told otherwise.
std::shared_ptr<tls_context> context_for(tls_settings = {}, const certificate& trusted = good_ca());

struct client {
  explicit client(std::shared_ptr<tls_context> c = nullptr) : context(std::move(c)), stream(std::make_unique<channel>(w.io, w.sockets, w.timers, w.names, context)) {}
  open_outcome open(dial_target target, std::chrono::milliseconds limit = std::chrono::seconds(5));
  open_outcome open_tls(std::uint16_t port, const std::string& name = "good.example");
  open_outcome start_tls();
  // Reads until `ready` likes what has come or the stream ends; `last` is how the last read ended.
  std::string read_until(const std::function<bool(const std::string&)>& enough);
  bool write(const std::string&);

  worker w{0};
  std::shared_ptr<tls_context> context;
  std::unique_ptr<channel> stream;
  io_status last = io_status::ok;
  std::vector<std::pair<std::string, std::string>> notes;
};

dial_target to_port(std::uint16_t port);

}  // namespace authbroker::testing
