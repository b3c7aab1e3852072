#include "unit/net/servers.hpp"

#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <stdexcept>
#include <system_error>

namespace authbroker::testing {
namespace {

void listen_on(const loopback::bound_socket& where, int backlog) {
  if (::listen(where.fd, backlog) == 0) return;
  const int error = errno;
  ::close(where.fd);
  throw std::system_error(error, std::generic_category(), "listening");
}

}  // namespace

tcp_server::tcp_server(std::function<void(int fd)> serve, loopback::bound_socket where) : serve_(std::move(serve)), listener_(where.fd), port_(where.port) {
  listen_on(where, 64);
  acceptor_ = std::thread([this] { accept_loop(); });
}

void tcp_server::accept_loop() {
  // A peer that hangs up must not kill the tests; and our own code must not rely on SIGPIPE being ignored.
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);  // inherited by the threads below
  while (!stop_) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 && (errno == EINTR || errno == ECONNABORTED)) continue;
    if (fd < 0) break;
    ++accepted_;
    const std::lock_guard lock(mutex_);
    if (stop_) {
      ::close(fd);
      break;
    }
    open_.push_back(fd);
    threads_.emplace_back([this, fd] {
      serve_(fd);
      const std::lock_guard own(mutex_);
      std::erase(open_, fd);
      ::close(fd);
    });
  }
}

tcp_server::~tcp_server() {
  stop_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
  }
  for (auto& t : threads_) t.join();
  ::close(listener_);
}

deaf_port::deaf_port(loopback::bound_socket where) : listener_(where.fd), port_(where.port) {
  listen_on(where, 0);
  sockaddr_in to{};
  socklen_t size = sizeof to;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&to), &size);
  // Fill the queue until an attempt hangs.
  for (int i = 0; i < 16; ++i) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    fillers_.push_back(fd);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0) continue;
    pollfd p{fd, POLLOUT, 0};
    if (::poll(&p, 1, 100) == 0) return;
  }
  throw std::runtime_error("the queue does not fill");
}
deaf_port::~deaf_port() {
  for (const int fd : fillers_) ::close(fd);
  ::close(listener_);
}

std::uint16_t closed_port() {
  return loopback::bind().port;  // bound until the process ends, so nobody else listens there; never listened on
}

void send_all(int fd, const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t n = ::send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n <= 0) return;
    sent += static_cast<std::size_t>(n);
  }
}

std::string receive_some(int fd) {
  char buffer[4096];
  const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
  return n > 0 ? std::string(buffer, static_cast<std::size_t>(n)) : std::string();
}

void echo(SSL* ssl) {
  char buffer[16384];
  for (;;) {
    const int n = SSL_read(ssl, buffer, sizeof buffer);
    if (n <= 0 || SSL_write(ssl, buffer, n) <= 0) break;
  }
  SSL_shutdown(ssl);
}

tls_server::tls_server(tls_server_wish w) {
  const std::shared_ptr<SSL_CTX> ctx(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!ctx) throw std::bad_alloc();
  SSL_CTX_set_security_level(ctx.get(), 0);  // it must be able to be bad
  SSL_CTX_set_cipher_list(ctx.get(), "ALL:@SECLEVEL=0");
  SSL_CTX_set_min_proto_version(ctx.get(), w.version_min);
  SSL_CTX_set_max_proto_version(ctx.get(), w.version_max);
  SSL_CTX_set_session_id_context(ctx.get(), reinterpret_cast<const unsigned char*>("t"), 1);
  if (SSL_CTX_use_certificate(ctx.get(), w.own.cert.get()) != 1 || SSL_CTX_use_PrivateKey(ctx.get(), w.own.key.get()) != 1)
    throw std::runtime_error("server certificate");
  for (const auto& c : w.own.above)
    if (SSL_CTX_add1_chain_cert(ctx.get(), c.get()) != 1) throw std::runtime_error("server chain");
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_NO_AUTO_CHAIN);
  if (w.ask_client || w.require_client)
    SSL_CTX_set_verify(ctx.get(), SSL_VERIFY_PEER | (w.require_client ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0), nullptr);
  if (w.client_ca) X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx.get()), w.client_ca->cert.get());
  tcp_ = std::make_unique<tcp_server>([ctx, w, seen = seen_](int fd) {
    if (!w.say_before.empty()) send_all(fd, w.say_before);
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(SSL_new(ctx.get()), SSL_free);
    SSL_set_fd(ssl.get(), fd);
    ERR_clear_error();
    if (SSL_accept(ssl.get()) != 1) return;
    {
      const char* const name = SSL_get_servername(ssl.get(), TLSEXT_NAMETYPE_host_name);
      const std::lock_guard lock(seen->mutex);
      seen->names.emplace_back(name != nullptr ? name : "");
      ++seen->finished;
      if (SSL_session_reused(ssl.get()) == 1) ++seen->resumed;
      if (SSL_get0_peer_certificate(ssl.get()) != nullptr) ++seen->client_certificates;
    }
    if (w.after) w.after(ssl.get(), fd);
    else echo(ssl.get());
    ERR_clear_error();
  });
}

bool spin(worker& w, const std::function<bool()>& ready) {
  const auto until = steady::now() + std::chrono::seconds(10);
  while (!ready()) {
    if (steady::now() >= until) return false;
    if (w.io.stopped()) w.io.restart();
    if (w.io.run_one_for(std::chrono::milliseconds(200)) == 0) std::this_thread::yield();
  }
  return true;
}

std::shared_ptr<tls_context> context_for(tls_settings s, const certificate& trusted) {
  const temporary_file ca(trusted.pem());
  if (s.ca_file.empty()) s.ca_file = ca.path();
  auto made = tls_context::make(s);
  if (!made) throw std::runtime_error(made.error().text);
  return *made;
}

dial_target to_port(std::uint16_t port) {
  dial_target t;
  t.host = "127.0.0.1";
  t.port = port;
  return t;
}

open_outcome client::open(dial_target target, std::chrono::milliseconds limit) {
  open_outcome got{reason::internal, "no outcome"};
  bool done = false;
  stream->open(
      std::move(target), steady::now() + limit,
      [&](const open_outcome& o) {
        got = o;
        done = true;
      },
      [this](std::string_view what, std::string text) { notes.emplace_back(std::string(what), std::move(text)); });
  spin(w, [&] { return done; });
  if (!done) stream.reset();
  return got;
}

open_outcome client::open_tls(std::uint16_t port, const std::string& name) {
  dial_target t = to_port(port);
  t.tls_at_once = true;
  t.tls_name = name;
  return open(t);
}

open_outcome client::start_tls() {
  open_outcome got{reason::internal, "no outcome"};
  bool done = false;
  stream->start_tls(
      steady::now() + std::chrono::seconds(5),
      [&](const open_outcome& o) {
        got = o;
        done = true;
      },
      nullptr);
  spin(w, [&] { return done; });
  return got;
}

std::string client::read_until(const std::function<bool(const std::string&)>& enough) {
  std::string all;
  char buffer[8192];
  while (!enough(all)) {
    const auto r = stream->read(buffer);
    last = r.status;
    if (r.status == io_status::ok) {
      all.append(buffer, r.bytes);
    } else if (r.status == io_status::would_block) {
      bool ready = false;
      stream->wait_readable([&] { ready = true; });
      if (!spin(w, [&] { return ready; })) {
        stream->wait_readable(nullptr);
        break;
      }
    } else {
      break;
    }
  }
  return all;
}

bool client::write(const std::string& bytes) {
  std::size_t sent = 0;
  while (sent < bytes.size()) {
    const auto r = stream->write(std::span(bytes).subspan(sent));
    if (r.status == io_status::ok) {
      sent += r.bytes;
    } else if (r.status == io_status::would_block) {
      bool ready = false;
      stream->wait_writable([&] { ready = true; });
      if (!spin(w, [&] { return ready; })) return false;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace authbroker::testing
