// Names to addresses without blocking anything (c-ares): one per worker. Reads /etc/resolv.conf and /etc/hosts. Single labels
// are looked up as they are: no search list, since the name is also what a certificate must bear.
#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/answer.hpp"
#include "net/timer_queue.hpp"

namespace authbroker {

inline constexpr std::size_t addresses_tried_max = 8;

struct resolved {
  std::vector<boost::asio::ip::address> addresses;  // at most addresses_tried_max, in order of preference; empty on failure
  std::string problem;                              // "no such name", "the name server does not answer", ...
};

// One server that a domain's SRV records name.
struct service_target {
  std::string host;  // lower case, without a trailing dot
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  // the lowest first
};
struct services {
  std::vector<service_target> targets;  // at most addresses_tried_max, in the order to try (RFC 2782); empty on failure
  std::string problem;
};

class resolver {
 public:
  // `servers`: name servers to ask instead of those of /etc/resolv.conf, as "127.0.0.1:5353,[::1]:53". For tests.
  resolver(boost::asio::io_context&, timer_queue&, std::string servers = {});
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  // A look-up under way. Destroying it cancels: `done` is not called then.
  class lookup;
  // IP literals and remembered answers call `done` before this returns. Equal names asked at once share one query. An answer
  // is remembered for its TTL, 5 s at least and 60 s at most; a failure for 1 s. No look-up takes longer than 5 s.
  std::unique_ptr<lookup> find(const std::string& host, std::function<void(const resolved&)> done);

  // SRV records of `service`.`domain`, such as "_ldap._tcp" and "example.com". A target outside `domain` is left out, since
  // nobody vouches for the answer: if none is left, the problem says so. Remembered for its TTL, 5 s at least and 60 s at
  // most, a failure for 1 s; drawn anew by weight each time. Takes 5 s at most. Calls `done` from within only if no query is needed.
  std::unique_ptr<lookup> find_services(const std::string& service, const std::string& domain, std::function<void(const services&)> done);

  std::size_t remembered() const;  // names; at most 1024

  // A name with several addresses is several machines, and one of them may be broken in a way that a connect does not show.
  // avoid(): for 10 s, in_order() puts this address last. It is never left out. At most 256 are kept.
  void avoid(const boost::asio::ip::address&, std::uint16_t port);
  std::vector<boost::asio::ip::address> in_order(std::vector<boost::asio::ip::address>, std::uint16_t port) const;

  struct impl;

 private:
  std::shared_ptr<impl> impl_;
};

class resolver::lookup {
 public:
  ~lookup();
  std::shared_ptr<void> state_;
};

}  // namespace authbroker
