// A caller's connection, as its branch knows it: the socket, who is at the other end, bytes in, bytes out, a deadline, and the
// end. What is asked over it, one question at a time or many, is the business of the classes that derive from it.
//
// A read is under way nearly always, also while something is being answered: so a caller that hangs up is noticed, and the
// next request has been read when this one is done. Callbacks instead of a coroutine, because all of this happens at once.
//
// Belongs to its worker. Owned by its branch until close(), after that by whatever of it is still under way.
#pragma once
#include <list>
#include <memory>
#include <string>

#include "front/branch.hpp"
#include "front/input_buffer.hpp"
#include "front/peer.hpp"
#include "net/readiness.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

class caller_connection : private watched, public std::enable_shared_from_this<caller_connection> {
 public:
  caller_connection(std::shared_ptr<branch> home, int fd, peer who, std::size_t buffer_bytes_max);
  virtual ~caller_connection();
  caller_connection(const caller_connection&) = delete;
  caller_connection& operator=(const caller_connection&) = delete;

  // `carried`: what another worker's connection said before it came here (see carried()); 0: it begins.
  void start(std::uint32_t carried);
  // Says what callers of this protocol cannot do without, serves nothing, and ends.
  void start_refused();
  // By these rules: the peer is who it was, the rules may not be.
  bool still_admitted(const peer_rules& rules) { return admitted(fd_, who_, rules); }
  virtual bool idle() const = 0;
  // Idle connections end at once, others after what they wait for has been answered.
  void drain();
  // Goes to another worker, after what is ready already, if it is idle then. False: it has something to do.
  bool move_to(const std::shared_ptr<branch>& there);
  // Ends at once. What is being asked is cancelled.
  void close();

 protected:
  // The first words, if the protocol has any, into output(); they are sent with the next flush().
  virtual void greet(std::uint32_t /*carried*/) {}
  // What a connection that is idle takes along to another worker.
  virtual std::uint32_t carried() const { return 0; }
  // Serves what input() holds, then reads on.
  virtual void work() = 0;
  // The caller sends no more, but may wait for an answer.
  virtual void on_end() = 0;
  virtual void on_drain() = 0;
  virtual void on_deadline() = 0;
  // flush() must wait: the caller does not take what it is told.
  virtual void on_blocked() = 0;
  // All of output() is gone.
  virtual void on_flushed() = 0;
  virtual void on_close() = 0;
  // An idle connection of this protocol is not ended for its idleness, only where there is no room.
  virtual bool stays() const { return false; }
  // There are views into input(): it must stay as it is.
  virtual bool in_use() const = 0;

  void read_on();
  // After what is ready already: that may be the answer.
  void read_on_later();
  // Sends output(), then calls on_flushed(): at once if the caller takes it all, as it nearly always does.
  void flush();
  // Bytes between, such as 100 Continue. Best effort.
  void interject(std::string_view bytes);
  // The last reply has been written; the caller may still be sending, unless `clean`.
  void say_farewell(bool clean);
  // When on_deadline() is called, if nothing changes it before. The timer is set anew only for an earlier time: a busy
  // connection's idle limit moves on without touching it.
  void limit(steady::time_point at);
  bool limited() const { return deadline_ != steady::time_point::max(); }
  void limit_idle() { limit(stays() ? steady::time_point::max() : steady::now() + home_->terms()->rules.limits.idle); }

  input_buffer& input() { return input_; }
  const input_buffer& input() const { return input_; }
  std::string& output() { return output_; }
  const std::string& output() const { return output_; }
  branch& home() { return *home_; }
  const peer& from() const { return who_; }
  const front_times& times() { return home_->shared().parts.times; }
  bool ended() const { return ended_; }
  bool draining() const { return draining_; }
  bool bidding_farewell() const { return farewell_; }
  bool end_of_input() const { return end_of_input_; }
  bool is_watched() const { return joined(); }

 private:
  friend class branch;
  bool watch();  // from now on the event loop knows the socket
  void on_ready(bool readable, bool writable) final;
  void read();
  void read_again_later();
  void on_read(std::size_t n);
  void go_there();
  bool hung_up();
  bool silent();
  void on_timer();

  std::shared_ptr<branch> home_;
  peer who_;
  int fd_;  // owned
  input_buffer input_;
  std::string output_;
  std::size_t written_ = 0, flushed_ = 0;  // bytes of output_ that are gone; how many the last flush() sent
  timer timer_;
  steady::time_point deadline_ = steady::time_point::max(), armed_for_ = steady::time_point::max();
  std::shared_ptr<branch> moving_to_;
  std::list<std::shared_ptr<caller_connection>>::iterator place_;  // in the branch's list
  bool reading_ = false, reading_later_ = false, again_posted_ = false, writing_ = false;
  bool end_of_input_ = false, draining_ = false, farewell_ = false, ended_ = false, refused_ = false;
};

}  // namespace authbroker
