// One connection of a caller: bytes in, one request at a time, bytes out, deadlines, and the end. What the bytes mean is the
// business of the two kinds of session that derive from it.
//
// A read is under way nearly always, also while a request is being answered: so a caller that hangs up is noticed, and the
// next request has been read when this one is done. Callbacks instead of a coroutine, because all of this happens at once;
// what answers a request is a coroutine.
//
// Belongs to its worker. Owned by its branch until close(), after that by whatever of it is still under way.
#pragma once
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <list>
#include <memory>
#include <string>

#include "front/branch.hpp"
#include "front/input_buffer.hpp"
#include "front/peer.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

class session : public std::enable_shared_from_this<session> {
 public:
  session(std::shared_ptr<branch> home, int fd, peer who, std::size_t buffer_bytes_max);
  virtual ~session();
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void start();
  // By these rules: the peer is who it was, the rules may not be.
  bool still_admitted(const peer_rules& rules) { return admitted(fd_, who_, rules); }
  bool idle() const { return !busy_ && !farewell_; }
  // Idle sessions end at once, busy ones after their reply.
  void drain();
  // Goes to another worker, once the read that is under way has been given up without a byte. False: it has something to do.
  bool move_to(const std::shared_ptr<branch>& there);
  // Ends at once. What is being asked is cancelled.
  void close();

 protected:
  // Bytes have come and nothing is being served: look at them. Either call begin() and serve a request, or return false to
  // wait for more. May close().
  virtual bool on_bytes() = 0;
  // The reply has been written, or there was none: forget the request.
  virtual void on_served() = 0;

  // A request is complete: from now on the session is busy until finish().
  void begin();
  enum class ending : std::uint8_t {
    none,    // the connection goes on
    clean,   // it ends; the caller said all that it had to say
    abrupt,  // it ends while the caller may still be sending
  };
  // output() holds the reply, which may be empty: writes it no earlier than `at`, then calls on_served().
  void finish(ending, steady::time_point at = {});
  std::string& output() { return output_; }
  // Bytes between, such as 100 Continue. Best effort.
  void interject(std::string_view bytes);

  input_buffer& input() { return input_; }
  branch& home() { return *home_; }
  const peer& from() const { return who_; }
  bool ended() const { return ended_; }
  bool draining() const { return draining_; }
  boost::asio::cancellation_slot cancelled() { return cancel_.slot(); }
  // The request in the buffer is incomplete: from now on its time is limited.
  void expect_more();

 private:
  friend class branch;
  void work();            // serves what the buffer holds, then reads on
  void read_on();
  void read_on_later();
  void watch();  // from now on the event loop knows the socket
  void on_read(const boost::system::error_code&, std::size_t n);
  void on_end();
  bool hung_up();
  bool silent();
  void write();
  void on_written();
  void say_farewell();
  const front_times& times() { return home_->shared().parts.times; }
  void limit(steady::time_point at);
  void on_timer();

  std::shared_ptr<branch> home_;
  peer who_;
  int fd_;  // owned, until the event loop has to watch it; from then on socket_ owns it
  // Not Asio's default socket type: its type-erased executor costs something on each read.
  boost::asio::basic_stream_socket<boost::asio::generic::stream_protocol, boost::asio::io_context::executor_type> socket_;
  input_buffer input_;
  std::string output_;
  std::size_t written_ = 0;
  boost::asio::cancellation_signal cancel_;
  timer timer_;
  steady::time_point deadline_ = steady::time_point::max(), armed_for_ = steady::time_point::max();
  std::shared_ptr<branch> moving_to_;
  std::list<std::shared_ptr<session>>::iterator place_;  // in the branch's list
  bool reading_ = false, reading_later_ = false, busy_ = false, asking_ = false, waiting_for_floor_ = false, more_expected_ = false, working_ = false;
  ending ending_ = ending::none;
  bool end_of_input_ = false, draining_ = false, farewell_ = false, ended_ = false;
};

}  // namespace authbroker
