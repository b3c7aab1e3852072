// Inside the resolver; for resolver.cpp and services.cpp only.
#pragma once
#include <sys/stat.h>

#include <chrono>
#include <map>
#include <random>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/ares_loop.hpp"
#include "net/resolver.hpp"

namespace authbroker {

inline constexpr std::chrono::seconds query_time_max{5};

struct name_waiter {
  std::function<void(const resolved&)> done;  // empty once cancelled
};

struct name_query {
  std::string name;
  std::vector<std::weak_ptr<name_waiter>> waiters;
  timer deadline;
  bool finished = false;
};

// One SRV record, and what an answer came to. They are kept as records: the weights count each time anew.
struct service_record {
  service_target to;
  unsigned weight = 0;
};
struct service_records {
  std::vector<service_record> records;  // at most 64; empty: see `problem`
  std::string problem;
};

// The least time to live of a DNS answer's records, between 5 s and 60 s; 60 s if it cannot be read. c-ares keeps no times of
// SRV records. Reads only within the `size` bytes, whatever they are.
std::chrono::seconds services_ttl(const unsigned char* bytes, int size);

bool could_be_a_name(const std::string& host);
std::string name_problem(int ares_status);

struct resolver::impl : std::enable_shared_from_this<resolver::impl> {
  impl(boost::asio::io_context& io_, timer_queue& timers_, std::string servers_) : io(io_), timers(timers_), servers(std::move(servers_)) {}

  struct remembered {
    resolved what;
    steady::time_point until;
  };
  struct remembered_services {
    service_records what;
    steady::time_point until;
  };
  struct stamp {
    timespec changed{};
    ino_t file = 0;
    off_t size = 0;
    bool operator==(const stamp& o) const {
      return changed.tv_sec == o.changed.tv_sec && changed.tv_nsec == o.changed.tv_nsec && file == o.file && size == o.size;
    }
  };

  void start(const std::shared_ptr<name_query>& q);
  void finish(const std::shared_ptr<name_query>& q, resolved what, std::chrono::seconds ttl);
  void remember(const std::string& name, const resolved& what, std::chrono::seconds ttl);
  void read_configuration();

  boost::asio::io_context& io;
  timer_queue& timers;
  const std::string servers;
  std::shared_ptr<ares_loop> channel;
  std::vector<std::weak_ptr<ares_loop>> channels;  // those that may still have queries
  stamp read_at;
  std::map<std::string, std::shared_ptr<name_query>> queries;
  std::unordered_map<std::string, remembered> cache;
  std::map<std::string, remembered_services> service_cache;
  std::size_t service_queries = 0;
  std::map<std::pair<boost::asio::ip::address, std::uint16_t>, steady::time_point> avoided;  // until when
  std::minstd_rand dice{std::random_device{}()};
  bool closed = false;
};

}  // namespace authbroker
