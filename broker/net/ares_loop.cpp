#include "net/ares_loop.hpp"

#include <sys/time.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <mutex>
#include <new>
#include <stdexcept>
#include <utility>

namespace authbroker {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr int first_try_ms = 1200;  // doubled for the second try: one silent server costs 3.6 s
constexpr int tries = 2;

}  // namespace

struct ares_socket {
  ares_socket(asio::io_context& io, int fd) : socket(io, fd) {}
  asio::posix::stream_descriptor socket;
  bool want_read = false, want_write = false;
  bool reading = false, writing = false;
};

ares_loop::ares_loop(asio::io_context& io, timer_queue& timers, const std::string& servers)
    : io_(io), timeout_(timers, [this] { process(ARES_SOCKET_BAD, ARES_SOCKET_BAD); }) {
  static std::once_flag once;
  std::call_once(once, [] {
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) throw std::runtime_error("c-ares cannot be initialised");
  });
  ares_options options{};
  options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
  options.timeout = first_try_ms;
  options.tries = tries;
  options.ndots = 0;  // a name is asked as it is ...
  options.domains = nullptr;
  options.ndomains = 0;  // ... and never with a search domain: it is also the name that the certificate must bear
  char lookups[] = "fb";  // /etc/hosts, then DNS
  options.lookups = lookups;
  options.sock_state_cb = [](void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<ares_loop*>(self)->sockets_changed(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int status = ares_init_options(&ares_, &options,
                                       ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS | ARES_OPT_DOMAINS |
                                           ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB);
  if (status == ARES_ENOMEM) throw std::bad_alloc();
  if (status != ARES_SUCCESS) throw std::runtime_error(std::string("c-ares: ") + ares_strerror(status));
  if (!servers.empty() && ares_set_servers_ports_csv(ares_, servers.c_str()) != ARES_SUCCESS) {
    ares_destroy(ares_);
    throw std::runtime_error("not a list of name servers: " + servers);
  }
}

ares_loop::~ares_loop() { close(); }

void ares_loop::close() {
  if (ares_ == nullptr) return;
  timeout_.disarm();
  ares_destroy(std::exchange(ares_, nullptr));  // tells sockets_changed() about each socket, and each query's callback
  sockets_.clear();
}

void ares_loop::sockets_changed(int fd, bool readable, bool writable) {
  const auto at = sockets_.find(fd);
  if (!readable && !writable) {
    if (at == sockets_.end()) return;
    at->second->want_read = at->second->want_write = false;
    at->second->socket.release();  // c-ares closes it
    sockets_.erase(at);
    return;
  }
  auto& w = at != sockets_.end() ? at->second : sockets_[fd];
  if (!w) w = std::make_shared<ares_socket>(io_, fd);
  w->want_read = readable;
  w->want_write = writable;
  watch(fd);
}

void ares_loop::watch(int fd) {
  const auto at = sockets_.find(fd);
  if (at == sockets_.end()) return;
  const auto w = at->second;
  // Each handler looks whether the socket is still the same one: numbers are used again.
  const auto current = [weak = weak_from_this(), w, fd]() -> std::shared_ptr<ares_loop> {
    const auto self = weak.lock();
    if (!self || self->ares_ == nullptr) return nullptr;
    const auto now = self->sockets_.find(fd);
    return now != self->sockets_.end() && now->second == w ? self : nullptr;
  };
  if (w->want_read && !w->reading) {
    w->reading = true;
    w->socket.async_wait(asio::posix::stream_descriptor::wait_read, [w, fd, current](const boost::system::error_code& ec) {
      w->reading = false;
      const auto self = current();
      if (!self || ec == asio::error::operation_aborted) return;
      if (w->want_read) self->process(fd, ARES_SOCKET_BAD);
      if (const auto still = current()) still->watch(fd);
    });
  }
  if (w->want_write && !w->writing) {
    w->writing = true;
    w->socket.async_wait(asio::posix::stream_descriptor::wait_write, [w, fd, current](const boost::system::error_code& ec) {
      w->writing = false;
      const auto self = current();
      if (!self || ec == asio::error::operation_aborted) return;
      if (w->want_write) self->process(ARES_SOCKET_BAD, fd);
      if (const auto still = current()) still->watch(fd);
    });
  }
}

void ares_loop::process(int read_fd, int write_fd) {
  if (ares_ == nullptr) return;
  const auto self = shared_from_this();
  ares_process_fd(ares_, read_fd, write_fd);
  set_timer();
}

void ares_loop::set_timer() {
  if (ares_ == nullptr) return;
  timeval left{};
  if (ares_timeout(ares_, nullptr, &left) == nullptr) return timeout_.disarm();
  timeout_.arm(steady::now() + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec) + 1ms);
}

}  // namespace authbroker
