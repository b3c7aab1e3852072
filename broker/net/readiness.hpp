// Which sockets of a worker have something to read, or room to write: one set, in which each is entered once and stays. The
// kernel tells each change once (edge-triggered), so that waiting again costs nothing, and whoever knows that he has read
// everything need not try. The worker's loop waits for the set, not for the sockets.
//
// Worker thread only.
#pragma once
#include <sys/epoll.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "base/task.hpp"

namespace authbroker {

class readiness;

// A socket's entry, as the base of what waits for it. on_ready() may be called for nothing, and is called from the loop only;
// it may end or destroy this entry or any other, of which no more is heard then, and may make new ones.
class watched {
 public:
  watched() = default;
  watched(const watched&) = delete;
  watched& operator=(const watched&) = delete;
  virtual ~watched() { leave_closing(); }

  // Bytes, the end, or trouble that no on_ready() will announce any more: it was told already, and reading has not come to an
  // end of it.
  bool more_to_read() const { return more_; }
  // What a read came to, of the socket itself: as much as was asked for; less; nothing, since it would block.
  void read_full() { more_ = true; }
  void read_short() { more_ = hung_up_; }
  void read_nothing() { more_ = hung_up_ = false; }

 protected:
  enum class wants : std::uint8_t { reading, writing };
  // From now on. What is there already is told as well. `writing`: as after await_writable(). The descriptor is not owned. False:
  // the kernel has no room.
  [[nodiscard]] bool join(readiness&, int fd, wants what = wants::reading);
  bool joined() const { return set_ != nullptr; }
  // on_ready() will come once it can be written to, at once if that is now.
  void await_writable();
  // The descriptor goes on elsewhere.
  void leave();
  // It is closed next, so the kernel forgets it by itself.
  void leave_closing();

 private:
  friend class readiness;
  virtual void on_ready(bool readable, bool writable) = 0;

  readiness* set_ = nullptr;
  std::uint32_t slot_ = 0;
  int watched_fd_ = -1;
  bool awaits_writable_ = false, more_ = false, hung_up_ = false;
};

class readiness {
 public:
  static constexpr int batch_max = 64;  // then others on this worker have their turn

  // Throws std::system_error.
  explicit readiness(boost::asio::io_context&);
  ~readiness();  // entries that are left become void
  readiness(const readiness&) = delete;
  readiness& operator=(const readiness&) = delete;

  // Calls it once the on_ready() is over that runs now, or else by the loop: cheaper than a post to that.
  void resume_soon(continuation);

 private:
  friend class watched;
  // What the kernel holds is the number of a place and how often it was given away: what it says of an earlier tenant is known.
  struct place {
    watched* who = nullptr;
    std::uint32_t tenant = 0;
  };
  void wait();
  void deliver();
  void tell(const epoll_event&);
  void resume(const bool& alive);
  void post_resume();
  bool control(int what, const watched&) const;
  void remove(watched&);

  using waiter = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  int epoll_;
  waiter set_;  // owns it
  std::vector<place> places_;
  std::vector<std::uint32_t> free_;
  std::size_t count_ = 0;
  std::array<epoll_event, batch_max> batch_;
  int at_ = 0, end_ = 0;  // of the batch: what is still to be told
  std::deque<continuation> soon_;
  bool waiting_ = false, delivering_ = false, resume_posted_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // false once destroyed: the loop may still hold a handler of ours
};

}  // namespace authbroker
