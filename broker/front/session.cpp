#include "front/session.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace authbroker {

session::session(std::shared_ptr<branch> home, int fd, peer who, std::size_t buffer_bytes_max)
    : home_(std::move(home)), who_(std::move(who)), fd_(fd), socket_(home_->on().io), input_(buffer_bytes_max) {
  timer_.bind(home_->on().timers, [this] { on_timer(); });
}

session::~session() {
  if (fd_ >= 0 && !socket_.is_open()) ::close(fd_);
}

// A caller of one request has mostly sent it by now. Read at once, and answered at once, it is never seen by the event loop.
void session::start() {
  const auto self = shared_from_this();
  limit(steady::now() + home_->terms()->rules.limits.idle);
  if (!input_.make_room()) return close();
  const auto space = input_.space();
  const ssize_t n = ::recv(fd_, space.data(), space.size(), MSG_DONTWAIT);
  if (n > 0) {
    input_.commit(static_cast<std::size_t>(n));
    return work();
  }
  read_on();  // the end and trouble show there too
}

void session::work() {
  if (working_) return;  // called from within on_bytes(), whose caller goes on: pipelined requests are no recursion
  working_ = true;
  while (!ended_ && !busy_ && !farewell_ && !input_.empty())
    if (!on_bytes()) break;
  working_ = false;
  if (ended_ || farewell_) return;
  if (!busy_ && end_of_input_) return close();  // nothing more can come, and what came is no request
  if (!busy_ && input_.empty() && draining_) return close();
  if (busy_ && !socket_.is_open()) return read_on_later();
  read_on();
}

// After what is ready already: that may be the answer.
void session::read_on_later() {
  if (std::exchange(reading_later_, true)) return;
  boost::asio::post(home_->on().io, [self = shared_from_this()] {
    self->reading_later_ = false;
    self->read_on();
  });
}

void session::expect_more() {
  if (more_expected_) return;
  more_expected_ = true;
  limit(steady::now() + times().request);
}

void session::begin() {
  busy_ = asking_ = true;
  more_expected_ = false;
  limit(steady::time_point::max());
}

void session::read_on() {
  if (reading_ || end_of_input_ || ended_) return;
  // While a request is being served there are views into the buffer: it must stay as it is, and what does not fit waits.
  if (!busy_ && !input_.make_room()) return;
  const auto space = input_.space();
  if (space.empty()) return;
  watch();
  if (ended_) return;
  reading_ = true;
  socket_.async_receive(boost::asio::buffer(space.data(), space.size()),
                        [this, self = shared_from_this()](const boost::system::error_code& ec, std::size_t n) { on_read(ec, n); });
}

void session::watch() {
  if (socket_.is_open()) return;
  const int family = who_.is_unix ? AF_UNIX : AF_INET;  // for Asio's book-keeping only
  boost::system::error_code trouble;
  socket_.assign({family, 0}, fd_, trouble);
  if (trouble) close();
}

void session::on_read(const boost::system::error_code& ec, std::size_t n) {
  reading_ = false;
  if (n != 0) input_.commit(n);  // also of a session that has ended: what is committed is wiped
  if (ended_) return;
  if (const auto there = std::exchange(moving_to_, nullptr); there != nullptr && ec == boost::asio::error::operation_aborted) {
    if (busy_ || !input_.empty() || draining_) return read_on();
    ended_ = true;
    timer_.disarm();
    boost::system::error_code trouble;
    const int fd = socket_.release(trouble);
    fd_ = -1;
    home_->remove(*this);
    if (!trouble) there->give(fd, std::move(who_));
    return;
  }
  if (ec) {
    if (ec != boost::asio::error::eof) return close();
    return on_end();
  }
  if (farewell_) input_.consume(input_.bytes().size());
  if (busy_ || farewell_)
    read_on();
  else
    work();
}

void session::on_end() {
  end_of_input_ = true;
  if (farewell_ || hung_up()) return close();
  if (!busy_) work();
}

// The caller sends no more. Has it left, or does it only say so and waits for its reply? A Unix socket can tell; on TCP both
// look alike, and the first is what happens.
bool session::hung_up() {
  if (!who_.is_unix) return true;
  pollfd look{fd_, 0, 0};
  return ::poll(&look, 1, 0) != 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

void session::interject(std::string_view bytes) {
  [[maybe_unused]] const auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

void session::finish(ending how, steady::time_point at) {
  asking_ = false;
  if (ended_) return;
  written_ = 0;
  ending_ = how;
  if (at != steady::time_point{} && at > steady::now()) {
    waiting_for_floor_ = true;
    limit(at);
    return;
  }
  write();
}

void session::write() {
  while (written_ < output_.size()) {
    const auto n = ::send(fd_, output_.data() + written_, output_.size() - written_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      written_ += static_cast<std::size_t>(n);
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK) return close();
    if (deadline_ == steady::time_point::max()) limit(steady::now() + times().reply);
    watch();
    if (ended_) return;
    socket_.async_wait(socket_.wait_write, [this, self = shared_from_this()](const boost::system::error_code& ec) {
      if (ended_) return;
      if (ec) return close();
      write();
    });
    return;
  }
  on_written();
}

void session::on_written() {
  output_.clear();
  if (output_.capacity() > 4096) output_.shrink_to_fit();
  busy_ = false;
  on_served();
  if (ending_ != ending::none) return say_farewell();
  limit(steady::now() + home_->terms()->rules.limits.idle);
  home_->touch(*this);
  work();
}

// Closing while bytes of the caller are unread would throw the reply away with them: so say "no more", and let it finish.
void session::say_farewell() {
  // On a Unix socket a reply that was written stays readable whatever else happens.
  const bool reply_is_safe = who_.is_unix && written_ != 0;
  if (end_of_input_ || (ending_ == ending::clean && (reply_is_safe || silent()))) return close();
  farewell_ = true;
  input_.consume(input_.bytes().size());
  ::shutdown(fd_, SHUT_WR);
  limit(steady::now() + times().farewell);
  read_on();
}

// Nothing of the caller waits to be read.
bool session::silent() {
  if (!input_.empty()) return false;
  char sink = 0;
  return ::recv(fd_, &sink, sizeof sink, MSG_DONTWAIT) <= 0;
}

void session::drain() {
  draining_ = true;
  if (!busy_ && input_.empty()) close();
}

bool session::move_to(const std::shared_ptr<branch>& there) {
  if (busy_ || farewell_ || draining_ || !reading_ || moving_to_ != nullptr || !input_.empty() || !socket_.is_open()) return false;
  boost::system::error_code trouble;
  socket_.cancel(trouble);
  if (trouble) return false;
  moving_to_ = there;
  return true;
}

void session::close() {
  if (ended_) return;
  const auto self = shared_from_this();
  ended_ = true;
  timer_.disarm();
  boost::system::error_code ignored;
  if (socket_.is_open()) socket_.close(ignored);
  else ::close(fd_);
  fd_ = -1;
  home_->remove(*this);
  if (asking_) {
    home_->shared().counts.vanished.fetch_add(1, std::memory_order_relaxed);
    cancel_.emit(boost::asio::cancellation_type::terminal);
  }
}

// The timer is set anew only for an earlier time: a busy connection's idle limit moves on without touching it.
void session::limit(steady::time_point at) {
  deadline_ = at;
  if (at >= armed_for_) return;
  armed_for_ = at;
  timer_.arm(at);
}

void session::on_timer() {
  const auto self = shared_from_this();  // what is written now may be the last that held it
  armed_for_ = steady::time_point::max();
  if (ended_) return;
  if (steady::now() < deadline_) {
    if (deadline_ != steady::time_point::max()) limit(deadline_);
    return;
  }
  if (waiting_for_floor_) {
    waiting_for_floor_ = false;
    limit(steady::time_point::max());
    return write();
  }
  close();
}

}  // namespace authbroker
