// One c-ares channel on a worker's loop: its sockets are watched by Asio, its time-outs sit in the timer queue. For
// resolver.cpp only.
#pragma once
#include <ares.h>

#include <boost/asio/io_context.hpp>
#include <map>
#include <memory>
#include <string>

#include "net/timer_queue.hpp"

namespace authbroker {

struct ares_socket;

// Owned by shared_ptr. Worker thread only. Asks the servers of /etc/resolv.conf as it was when the channel was made, or
// `servers`. Throws std::runtime_error if c-ares cannot start or `servers` is no list.
class ares_loop : public std::enable_shared_from_this<ares_loop> {
 public:
  ares_loop(boost::asio::io_context&, timer_queue&, const std::string& servers);
  ~ares_loop();
  ares_loop(const ares_loop&) = delete;
  ares_loop& operator=(const ares_loop&) = delete;

  ares_channel handle() const { return ares_; }  // null once closed
  void set_timer();  // after each call into c-ares
  void close();      // ends every query with ARES_EDESTRUCTION, before it returns

 private:
  void sockets_changed(int fd, bool readable, bool writable);
  void watch(int fd);
  void process(int read_fd, int write_fd);

  boost::asio::io_context& io_;
  timer timeout_;
  ares_channel ares_ = nullptr;
  std::map<int, std::shared_ptr<ares_socket>> sockets_;
};

}  // namespace authbroker
