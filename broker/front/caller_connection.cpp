#include "front/caller_connection.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace authbroker {

caller_connection::caller_connection(std::shared_ptr<branch> home, int fd, peer who, std::size_t buffer_bytes_max)
    : home_(std::move(home)), who_(std::move(who)), fd_(fd), input_(buffer_bytes_max) {
  timer_.bind(home_->on().timers, [this] { on_timer(); });
}

caller_connection::~caller_connection() {
  leave_closing();
  if (fd_ >= 0) ::close(fd_);
}

// A caller of one request has mostly sent it by now. Read at once, and answered at once, it is never seen by the event loop.
void caller_connection::start(std::uint32_t carried) {
  const auto self = shared_from_this();
  limit_idle();
  greet(carried);
  if (!output_.empty()) flush();
  if (ended_) return;
  if (!input_.make_room()) return close();
  const auto space = input_.space();
  const ssize_t n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
  if (n > 0) {
    input_.commit(static_cast<std::size_t>(n));
    return work();
  }
  read_on();  // the end and trouble show there too
}

void caller_connection::start_refused() {
  const auto self = shared_from_this();
  refused_ = farewell_ = true;
  greet(0);
  // What does not fit into a new socket's buffer is not worth waiting for.
  if (!output_.empty()) interject(output_);
  output_.clear();
  ::shutdown(fd_, SHUT_WR);
  limit(steady::now() + times().farewell);
  read_on();
}

void caller_connection::read_on_later() {
  if (std::exchange(reading_later_, true)) return;
  boost::asio::post(home_->on().io, [self = shared_from_this()] {
    self->reading_later_ = false;
    self->read_on();
  });
}

void caller_connection::read_on() {
  if (reading_ || end_of_input_ || ended_) return;
  // While a request is being served there are views into the buffer: it must stay as it is, and what does not fit waits.
  if (!in_use() && !input_.make_room()) return;
  if (input_.space().empty() || !watch()) return;
  reading_ = true;
  if (more_to_read()) read_again_later();
}

void caller_connection::read_again_later() {
  if (std::exchange(again_posted_, true)) return;
  boost::asio::post(home_->on().io, [self = shared_from_this()] {
    self->again_posted_ = false;
    if (self->reading_ && !self->ended_) self->read();
  });
}

bool caller_connection::watch() {
  if (joined() || join(home_->on().sockets, fd_)) return true;
  close();
  return false;
}

void caller_connection::on_ready(bool readable, bool writable) {
  const auto self = shared_from_this();
  if (writable && writing_) {
    writing_ = false;
    flush();
  }
  if (readable && reading_ && !ended_) read();
}

void caller_connection::read() {
  const bool room = in_use() || input_.make_room();
  const auto space = input_.space();
  if (!room || space.empty()) {
    reading_ = false;
    return;
  }
  const ssize_t n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
  if (n < 0 && errno == EINTR) return read_again_later();
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return read_nothing();
  if (n < 0) return close();
  if (static_cast<std::size_t>(n) < space.size()) read_short();
  else read_full();
  reading_ = false;
  on_read(static_cast<std::size_t>(n));
}

void caller_connection::on_read(std::size_t n) {
  if (n == 0) {
    end_of_input_ = true;
    if (farewell_ || hung_up()) return close();
    return on_end();
  }
  input_.commit(n);
  if (!farewell_) return work();
  // It has said hello, which it must be able to; what it asks next it shall ask another connection, where there may be room.
  if (refused_) return close();
  input_.consume(input_.bytes().size());
  read_on();
}

void caller_connection::go_there() {
  const auto there = std::exchange(moving_to_, nullptr);
  if (ended_ || !idle() || !input_.empty() || draining_ || more_to_read()) return;
  const std::uint32_t takes_along = carried();
  ended_ = true;
  timer_.disarm();
  leave();
  home_->remove(*this);
  there->give(std::exchange(fd_, -1), std::move(who_), takes_along);
}

// The caller sends no more. Has it left, or does it only say so and waits for its reply? A Unix socket can tell; on TCP both
// look alike, and the first is what happens.
bool caller_connection::hung_up() {
  if (!who_.is_unix) return true;
  pollfd look{fd_, 0, 0};
  return ::poll(&look, 1, 0) != 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

void caller_connection::interject(std::string_view bytes) {
  [[maybe_unused]] const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void caller_connection::flush() {
  if (writing_) return;  // what was appended meanwhile goes with the rest
  while (written_ < output_.size()) {
    const auto n = ::send(fd_, output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      written_ += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return close();
    on_blocked();
    if (ended_ || !watch()) return;
    writing_ = true;
    await_writable();
    return;
  }
  output_.clear();
  flushed_ = std::exchange(written_, 0);
  if (output_.capacity() > 4096) output_.shrink_to_fit();
  on_flushed();
}

// Closing while bytes of the caller are unread would throw the reply away with them: so say "no more", and let it finish.
void caller_connection::say_farewell(bool clean) {
  // On a Unix socket a reply that was written stays readable whatever else happens.
  const bool reply_is_safe = who_.is_unix && flushed_ != 0;
  if (end_of_input_ || (clean && (reply_is_safe || silent()))) return close();
  farewell_ = true;
  input_.consume(input_.bytes().size());
  ::shutdown(fd_, SHUT_WR);
  limit(steady::now() + times().farewell);
  read_on();
}

// Nothing of the caller waits to be read.
bool caller_connection::silent() {
  if (!input_.empty()) return false;
  char sink = 0;
  return ::recv(fd_, &sink, sizeof sink, MSG_DONTWAIT) <= 0;
}

void caller_connection::drain() {
  draining_ = true;
  on_drain();
}

bool caller_connection::move_to(const std::shared_ptr<branch>& there) {
  if (!idle() || draining_ || !reading_ || moving_to_ != nullptr || !input_.empty() || more_to_read()) return false;
  moving_to_ = there;
  boost::asio::post(home_->on().io, [self = shared_from_this()] { self->go_there(); });
  return true;
}

void caller_connection::close() {
  if (ended_) return;
  const auto self = shared_from_this();
  ended_ = true;
  timer_.disarm();
  leave_closing();
  ::close(std::exchange(fd_, -1));
  home_->remove(*this);
  on_close();
}

void caller_connection::limit(steady::time_point at) {
  deadline_ = at;
  if (at >= armed_for_) return;
  armed_for_ = at;
  timer_.arm(at);
}

void caller_connection::on_timer() {
  const auto self = shared_from_this();  // what is written now may be the last that held it
  armed_for_ = steady::time_point::max();
  if (ended_) return;
  if (steady::now() < deadline_) {
    if (deadline_ != steady::time_point::max()) limit(deadline_);
    return;
  }
  if (farewell_) return close();
  on_deadline();
}

}  // namespace authbroker
