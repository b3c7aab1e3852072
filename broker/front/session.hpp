// A connection that serves one request at a time, and answers in order. What the bytes mean is the business of the classes that
// derive from it; what answers a request is a task.
#pragma once
#include "base/task.hpp"
#include "front/caller_connection.hpp"

namespace authbroker {

class session : public caller_connection {
 public:
  using caller_connection::caller_connection;
  bool idle() const final { return !busy_ && !bidding_farewell(); }

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

  // Of the task that answers: asked for when the caller is gone.
  stop_signal* stop() { return &stop_; }
  // The request in the buffer is incomplete: from now on its time is limited.
  void expect_more();

 private:
  void work() final;  // serves what the buffer holds, then reads on
  void on_end() final;
  void on_drain() final;
  void on_deadline() final;
  void on_blocked() final;
  void on_flushed() final;
  void on_close() final;
  bool in_use() const final { return busy_; }

  stop_signal stop_;
  bool busy_ = false, asking_ = false, waiting_for_floor_ = false, more_expected_ = false, working_ = false;
  ending ending_ = ending::none;
};

}  // namespace authbroker
