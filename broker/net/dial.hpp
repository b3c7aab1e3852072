// From addresses to one connected socket, in the manner of RFC 8305: the next address starts when one failed, or after
// 250 ms beside it, and the first that answers wins.
//
// Worker thread only. Destroying it closes what is under way, and no callback comes any more. It has no deadline of its own:
// the owner destroys it. At most as many sockets as addresses.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/descriptor.hpp"
#include "base/verdict.hpp"
#include "net/readiness.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

inline constexpr std::chrono::milliseconds next_address_after{250};

class dial {
 public:
  struct outcome {
    descriptor socket;                    // non-blocking, TCP_NODELAY; none if none answered
    reason why = reason::none;            // upstream_down, or overloaded when this host has no socket or port left
    std::string text;                     // why each address failed
    boost::asio::ip::address to{};        // of the socket
    std::vector<boost::asio::ip::address> behind{};  // tried before the one that answered, or beside it, and not as good
  };

  dial(boost::asio::io_context&, readiness&, timer_queue&, std::vector<boost::asio::ip::address>, std::uint16_t port);
  ~dial();
  dial(const dial&) = delete;
  dial& operator=(const dial&) = delete;

  // Never calls `done` from within. `done` may destroy the dial.
  void start(std::function<void(outcome)> done);
  std::string pending() const;  // the addresses that have not answered yet, for the text of a time-out

  struct impl;

 private:
  std::shared_ptr<impl> impl_;
};

// Not for a target that somebody outside names: loopback, link-local, unspecified ("this host"), multicast and broadcast,
// IPv4-mapped forms too.
bool is_local_address(const boost::asio::ip::address&);

std::string endpoint_text(const boost::asio::ip::address&, std::uint16_t port);  // "[::1]:110"

}  // namespace authbroker
