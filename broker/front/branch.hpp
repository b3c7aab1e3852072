// A listener's part on one worker: its sessions there, and the rules that their next requests go by.
#pragma once
#include <atomic>
#include <list>
#include <memory>

#include "front/terms.hpp"

namespace authbroker {

class caller_connection;

class branch : public std::enable_shared_from_this<branch> {
 public:
  branch(worker& on, std::shared_ptr<listener_shared> shared, std::shared_ptr<const listener_terms> terms)
      : on_(on), shared_(std::move(shared)), terms_(std::move(terms)) {}
  branch(const branch&) = delete;
  branch& operator=(const branch&) = delete;

  // [any thread] Connections here, those on their way included.
  std::uint32_t load() const { return load_.load(std::memory_order_relaxed); }
  // [any thread] Counts a connection, then adopts it on the worker. Takes `fd`. `carried`: of caller_connection.
  void give(int fd, peer who, std::uint32_t carried = 0);
  // [any thread] Ends a connection that may not be served: at once, unless its protocol has words that are said even then.
  void turn_away(int fd, peer who);

  // All below: on the worker only.
  worker& on() { return on_; }
  listener_shared& shared() { return *shared_; }
  const std::shared_ptr<const listener_terms>& terms() const { return terms_; }
  // From now on these rules. A caller that they do not admit ends after the answer that it waits for.
  void replace(std::shared_ptr<const listener_terms> with);
  void drain();
  void end_now();
  // The session is closed: forget it.
  void remove(caller_connection&);
  // The session has served a request: it is the last to be ended when room is needed. Now and then this looks whether the
  // worker is busy all the time while another is not, and moves sessions there.
  void touch(caller_connection&);

 private:
  void adopt(int fd, peer who, std::uint32_t carried);
  void refuse(int fd, peer who, bool ungreeted);
  template <class F>
  void bring(int fd, peer who, F what);
  bool end_one_idle();
  bool saturated();
  void share_out();

  worker& on_;
  std::shared_ptr<listener_shared> shared_;
  std::shared_ptr<const listener_terms> terms_;
  std::list<std::shared_ptr<caller_connection>> sessions_;  // the longest unused first
  std::atomic<std::uint32_t> load_{0};
  bool draining_ = false;
  std::uint32_t served_ = 0, refused_ = 0;
  steady::time_point looked_at_;                // when saturated() was last found out,
  std::chrono::nanoseconds used_then_{0};        // and what the thread had used of its time by then
};

}  // namespace authbroker
