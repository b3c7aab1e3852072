// Takes connections from a listening socket, looks at who they are, and gives them to branches. Lives on one worker.
#pragma once
#include <boost/asio/posix/stream_descriptor.hpp>
#include <memory>
#include <vector>

#include "base/descriptor.hpp"
#include "front/branch.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

class acceptor : public std::enable_shared_from_this<acceptor> {
 public:
  // While the system has no descriptors left, a look every so often is enough.
  static constexpr std::chrono::milliseconds pause{100};

  // Takes its own duplicate of `listening`.
  acceptor(worker& on, int listening, std::vector<std::shared_ptr<branch>> branches);
  void start();
  void stop();
  void replace(std::shared_ptr<const listener_terms> with) { terms_ = std::move(with); }

 private:
  void wait();
  void accept_some();
  void receive(descriptor);

  worker& on_;
  boost::asio::posix::stream_descriptor listening_;
  std::vector<std::shared_ptr<branch>> branches_;
  std::shared_ptr<const listener_terms> terms_;
  timer again_;
  bool is_unix_ = false;
  bool stopped_ = false;
};

}  // namespace authbroker
