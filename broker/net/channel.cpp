// Stages of opening: resolve, connect, TLS. Each ends in finish(), the only place that calls `done`; the deadline ends there
// too. Handlers of Asio hold the impl, so it outlives them; they look at `closed` first, since a closed channel is silent.
#include "net/channel.hpp"

#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

#include "net/dial.hpp"
#include "net/socket_bio.hpp"

namespace authbroker {
namespace asio = boost::asio;

namespace {

enum class stage { idle, resolving, connecting, securing, up };
enum direction : unsigned { reading = 0, writing = 1 };

std::string milliseconds_since(steady::time_point start) {
  char text[32];
  std::snprintf(text, sizeof text, " (%.1f ms)", std::chrono::duration<double, std::milli>(steady::now() - start).count());
  return text;
}

}  // namespace

struct channel::impl final : watched, std::enable_shared_from_this<channel::impl> {
  // Somebody waits for bytes to come or to go. Within TLS either may need either direction of the socket.
  struct interest {
    std::function<void()> ready;
    direction needs;
    bool posted = false;
  };

  impl(asio::io_context& io_, readiness& sockets_, timer_queue& timers, resolver& names_, std::shared_ptr<tls_context> context_)
      : io(io_), sockets(sockets_), names(names_), context(std::move(context_)), timers_(timers), deadline(timers, [this] { too_late(); }) {}

  void start();
  void resolve_done(const resolved&);
  void secure(bool after_plaintext);
  void handshake();
  void too_late();
  void finish(reason why, std::string text);
  void close();
  void wait_for(interest&, std::function<void()> ready);
  bool worth_trying(const interest&) const;
  void on_ready(bool readable, bool writable) override;
  void close_socket();
  void tell(std::string_view what, std::string text);
  io_result tls_result(int rc, std::size_t bytes, interest&);
  io_result plain_failed();
  io_result write(std::span<const char>);
  std::string peer() const { return connected ? endpoint_text(peer_address, target.port) : std::string(); }

  asio::io_context& io;
  readiness& sockets;
  resolver& names;
  std::shared_ptr<tls_context> context;
  timer_queue& timers_;
  timer deadline;
  dial_target target;
  std::function<void(const open_outcome&)> done;
  std::function<void(std::string_view, std::string)> note;
  stage now = stage::idle;
  steady::time_point stage_began;
  std::unique_ptr<resolver::lookup> lookup;
  std::unique_ptr<dial> dialling;
  descriptor socket;
  asio::ip::address peer_address;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl{nullptr, SSL_free};  // declared after, so freed before, the context and the socket
  interest in{{}, reading}, out{{}, writing}, shaking{{}, reading};
  bool closed = false, encrypted = false, broken = false;
  bool connected = false;        // peer_address is known
  bool held_back = false;        // last words wait for the end of the stream
  bool after_plaintext = false;  // STARTTLS
  std::string trouble;
  bool maybe_buffered = false;   // OpenSSL may hold a complete record that no readable socket will announce
};

void channel::impl::close() {
  closed = true;
  deadline.disarm();
  done = nullptr;
  note = nullptr;
  in.ready = out.ready = shaking.ready = nullptr;
  lookup.reset();
  dialling.reset();
  ssl.reset();
  close_socket();
}

void channel::impl::close_socket() {
  leave_closing();
  socket.reset();
}

// Moved out while it runs: it may destroy the channel.
void channel::impl::tell(std::string_view what, std::string text) {
  if (!note) return;
  auto call = std::exchange(note, nullptr);
  call(what, std::move(text));
  if (!closed) note = std::move(call);
}

void channel::impl::finish(reason why, std::string text) {
  deadline.disarm();
  lookup.reset();
  dialling.reset();
  if (why == reason::none) {
    now = stage::up;
  } else {
    if (now == stage::securing) names.avoid(peer_address, target.port);
    now = stage::idle;
    broken = true;
    ssl.reset();
    close_socket();
  }
  note = nullptr;
  if (const auto call = std::exchange(done, nullptr)) call({why, std::move(text)});
}

// The commonest slip: the server waits for its protocol, and has nothing to say to a handshake.
constexpr const char* not_a_tls_port = "; it was reached: does this port speak TLS from the start? if not, the scheme ends with +starttls";

void channel::impl::too_late() {
  const auto self = shared_from_this();
  switch (now) {
    case stage::resolving: return finish(reason::upstream_down, "looking up " + target.host + " timed out");
    case stage::connecting: return finish(reason::upstream_down, "connecting to " + (dialling ? dialling->pending() : target.host) + " timed out");
    case stage::securing: return finish(reason::upstream_down, "the TLS handshake with " + peer() + " timed out" + (after_plaintext ? "" : not_a_tls_port));
    case stage::idle: return finish(reason::upstream_down, "timed out");
    case stage::up: return;
  }
}

void channel::impl::start() {
  now = stage::resolving;
  stage_began = steady::now();
  // May call back at once, before there is a handle to keep.
  auto handle = names.find(target.host, [this](const resolved& r) { resolve_done(r); });
  if (!closed && now == stage::resolving) lookup = std::move(handle);
}

void channel::impl::resolve_done(const resolved& r) {
  const auto self = shared_from_this();
  if (r.addresses.empty()) return finish(reason::upstream_down, "looking up " + target.host + ": " + r.problem);
  std::vector<asio::ip::address> usable;
  std::string listed;
  for (const auto& a : names.in_order(r.addresses, target.port)) {
    if (note || target.refuse_local) listed += (listed.empty() ? "" : ", ") + a.to_string();
    if (!target.refuse_local || !is_local_address(a)) usable.push_back(a);
  }
  if (note) tell("resolve", listed + milliseconds_since(stage_began));
  if (closed) return;
  if (usable.empty()) return finish(reason::misconfigured, target.host + " leads to " + listed + ": local addresses are refused for such a target");
  now = stage::connecting;
  stage_began = steady::now();
  dialling = std::make_unique<dial>(io, sockets, timers_, std::move(usable), target.port);
  dialling->start([this](dial::outcome o) {
    const auto alive = shared_from_this();
    if (o.why != reason::none) return finish(o.why, std::move(o.text));
    socket = std::move(o.socket);
    peer_address = o.to;
    connected = true;
    for (const auto& slower : o.behind) names.avoid(slower, target.port);
    if (note) tell("connect", peer() + milliseconds_since(stage_began));
    if (closed) return;
    if (target.tls_at_once) return secure(false);
    finish(reason::none, {});
  });
}

void channel::impl::secure(bool plain_before) {
  now = stage::securing;
  stage_began = steady::now();
  after_plaintext = plain_before;
  if (!context) return finish(reason::misconfigured, "no TLS settings for this upstream");
  char byte = 0;
  ssize_t n = 0;
  do n = ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  while (n < 0 && errno == EINTR);
  if (n > 0) return finish(reason::upstream_nonsense, plain_before ? "plaintext before TLS" : "the server spoke before the TLS handshake; is this a TLS port? if TLS begins with STARTTLS there, the scheme ends with +starttls");
  if (n == 0) return finish(reason::upstream_down, "closed before the TLS handshake");
  if (errno != EAGAIN && errno != EWOULDBLOCK) return finish(reason::upstream_down, "connection reset before the TLS handshake");
  ssl.reset(context->new_ssl(target.tls_name, target.host + ':' + std::to_string(target.port)));
  attach_socket(ssl.get(), socket.get(), *this);
  handshake();
}

void channel::impl::handshake() {
  const auto self = shared_from_this();
  begin_turn(ssl.get());
  ERR_clear_error();
  errno = 0;
  const int rc = SSL_do_handshake(ssl.get());
  if (rc == 1) {
    const auto judged = context->judge_finished(ssl.get());
    if (judged.why == reason::none) {
      if (note) tell("tls", describe_tls(ssl.get()) + milliseconds_since(stage_began));
      if (closed) return;
      encrypted = true;
      maybe_buffered = true;
    }
    return finish(judged.why, judged.text);
  }
  const int error = SSL_get_error(ssl.get(), rc);
  if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) {
    shaking.needs = error == SSL_ERROR_WANT_READ ? reading : writing;
    return wait_for(shaking, [this] {
      if (now == stage::securing) handshake();
    });
  }
  auto judged = context->judge_failed(ssl.get(), error);
  if (judged.why == reason::upstream_down && !after_plaintext) judged.text += not_a_tls_port;
  if (judged.why == reason::upstream_nonsense && after_plaintext) judged.text = "plaintext before TLS, or none: " + judged.text;
  finish(judged.why, std::move(judged.text));
}

// At once: the kernel has no more to say about it, or the bytes have left its hands.
bool channel::impl::worth_trying(const interest& i) const {
  if (broken || !socket || (&i == &in && ssl && maybe_buffered)) return true;
  return i.needs == reading && more_to_read();
}

void channel::impl::wait_for(interest& i, std::function<void()> ready) {
  i.ready = std::move(ready);
  if (!broken && socket && !joined() && !join(sockets, socket.get())) {
    broken = true;
    trouble = "no room to wait for it: " + std::generic_category().message(errno);
  }
  if (!worth_trying(i)) {
    if (i.needs == writing) await_writable();
    return;
  }
  if (std::exchange(i.posted, true)) return;
  asio::post(io, [self = shared_from_this(), &i] {
    i.posted = false;
    if (self->closed) return;
    if (const auto call = std::exchange(i.ready, nullptr)) call();
  });
}

void channel::impl::on_ready(bool readable, bool writable) {
  const auto self = shared_from_this();
  for (interest* const i : {&shaking, &in, &out}) {
    if (closed || !(i->needs == reading ? readable : writable)) continue;
    if (const auto call = std::exchange(i->ready, nullptr)) call();
  }
}

io_result channel::impl::tls_result(int rc, std::size_t bytes, interest& i) {
  if (rc == 1) return {io_status::ok, bytes};
  switch (SSL_get_error(ssl.get(), rc)) {
    case SSL_ERROR_WANT_READ: i.needs = reading; return {io_status::would_block, 0};
    case SSL_ERROR_WANT_WRITE: i.needs = writing; return {io_status::would_block, 0};
    case SSL_ERROR_ZERO_RETURN: return {&i == &in ? io_status::end : io_status::failed, 0};
    default: break;
  }
  const int system_error = errno;
  broken = true;  // OpenSSL allows no further call
  trouble = tls_trouble(system_error);
  return {io_status::failed, 0};
}

io_result channel::impl::plain_failed() {
  const int error = errno;
  broken = true;
  trouble = error == ECONNRESET || error == EPIPE ? "connection reset" : std::generic_category().message(error);
  return {io_status::failed, 0};
}

channel::channel(asio::io_context& io, readiness& sockets, timer_queue& timers, resolver& names, std::shared_ptr<tls_context> context)
    : impl_(std::make_shared<impl>(io, sockets, timers, names, std::move(context))) {}

channel::~channel() { impl_->close(); }

void channel::open(dial_target target, steady::time_point until, std::function<void(const open_outcome&)> done,
                   std::function<void(std::string_view, std::string)> note) {
  impl_->target = std::move(target);
  impl_->done = std::move(done);
  impl_->note = std::move(note);
  impl_->deadline.arm(until);
  asio::post(impl_->io, [self = impl_] {
    if (!self->closed && self->done) self->start();
  });
}

void channel::start_tls(steady::time_point until, std::function<void(const open_outcome&)> done,
                        std::function<void(std::string_view, std::string)> note) {
  impl_->done = std::move(done);
  impl_->note = std::move(note);
  impl_->deadline.arm(until);
  asio::post(impl_->io, [self = impl_] {
    if (self->closed || !self->done) return;
    if (self->now != stage::up || self->broken || self->ssl) return self->finish(reason::internal, "start_tls on a channel that cannot");
    self->secure(true);
  });
}

io_result channel::read(std::span<char> into) {
  auto& i = *impl_;
  if (i.now != stage::up || i.broken) return {io_status::failed, 0};
  if (into.empty()) return {io_status::ok, 0};
  if (i.ssl) {
    begin_turn(i.ssl.get());
    ERR_clear_error();
    std::size_t n = 0;
    const int rc = SSL_read_ex(i.ssl.get(), into.data(), into.size(), &n);
    const auto r = i.tls_result(rc, n, i.in);
    i.maybe_buffered = r.status == io_status::ok && SSL_has_pending(i.ssl.get()) == 1;
    return r;
  }
  ssize_t n = 0;
  do n = ::recv(i.socket.get(), into.data(), into.size(), 0);
  while (n < 0 && errno == EINTR);
  if (n > 0) {
    if (static_cast<std::size_t>(n) < into.size()) i.read_short();
    else i.read_full();
    return {io_status::ok, static_cast<std::size_t>(n)};
  }
  if (n == 0) return {io_status::end, 0};
  if (errno == EAGAIN || errno == EWOULDBLOCK) {
    i.read_nothing();
    return {io_status::would_block, 0};
  }
  return i.plain_failed();
}

io_result channel::impl::write(std::span<const char> bytes) {
  if (now != stage::up || broken) return {io_status::failed, 0};
  if (bytes.empty()) return {io_status::ok, 0};
  if (ssl) {
    begin_turn(ssl.get());
    ERR_clear_error();
    std::size_t n = 0;
    const int rc = SSL_write_ex(ssl.get(), bytes.data(), bytes.size(), &n);
    return tls_result(rc, n, out);
  }
  ssize_t n = 0;
  do n = ::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | (held_back ? MSG_MORE : 0));
  while (n < 0 && errno == EINTR);
  if (n >= 0) return {io_status::ok, static_cast<std::size_t>(n)};
  if (errno == EAGAIN || errno == EWOULDBLOCK) return {io_status::would_block, 0};
  return plain_failed();
}

io_result channel::write(std::span<const char> bytes) { return impl_->write(bytes); }

io_result channel::write_last(std::span<const char> bytes) {
  impl_->held_back = true;
  if (impl_->ssl) hold_back(impl_->ssl.get());
  return impl_->write(bytes);
}

void channel::wait_readable(std::function<void()> ready) { impl_->wait_for(impl_->in, std::move(ready)); }
void channel::wait_writable(std::function<void()> ready) { impl_->wait_for(impl_->out, std::move(ready)); }

bool channel::is_open() const { return impl_->now == stage::up && !impl_->broken; }
bool channel::encrypted() const { return impl_->encrypted; }
bool channel::resumed() const { return impl_->encrypted && impl_->ssl && SSL_session_reused(impl_->ssl.get()) == 1; }
std::string channel::peer() const { return impl_->peer(); }
std::string channel::trouble() const { return impl_->trouble; }

void channel::acknowledge() {
  const int one = 1;
  if (is_open()) ::setsockopt(impl_->socket.get(), IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
}

void channel::avoid_peer() {
  if (impl_->connected) impl_->names.avoid(impl_->peer_address, impl_->target.port);
}
void channel::shutdown() {
  auto& i = *impl_;
  if (!is_open()) return;
  if (i.ssl) {
    ERR_clear_error();
    SSL_shutdown(i.ssl.get());
    ERR_clear_error();
  }
  // close() alone would drop what was held back if bytes have come that nobody has read.
  if (i.held_back) ::shutdown(i.socket.get(), SHUT_WR);
}

}  // namespace authbroker
