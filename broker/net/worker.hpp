// One event loop, one thread, and what lives on it. An object made on a worker lives and dies there; others reach it by
// posting values.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include <string>
#include <utility>

#include "net/readiness.hpp"
#include "net/resolver.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

struct worker {
  // `name_servers`: see resolver; for tests.
  explicit worker(unsigned i, std::string name_servers = {}) : names(io, timers, std::move(name_servers)), index(i) {}
  boost::asio::io_context io{1};
  readiness sockets{io};
  timer_queue timers{io};
  resolver names;
  unsigned index;

  // The worker whose loop runs on this thread; set by the thread that calls io.run().
  static worker& current() { return *current_; }
  static void set_current(worker* w) { current_ = w; }

 private:
  static inline thread_local worker* current_ = nullptr;
};

}  // namespace authbroker
