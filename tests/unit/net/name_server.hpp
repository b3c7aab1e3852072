// A name server on loopback that answers what a test says, over UDP and TCP, on one thread.
#pragma once
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace authbroker::testing {

struct name_answer {
  int code = 0;                        // RCODE: 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED
  std::vector<std::string> addresses = {};  // each goes into the answer of its own type
  std::string alias = {};              // CNAME first
  bool silent = false;
  bool only_over_tcp = false;          // UDP gets an empty answer with the TC bit
  std::uint32_t ttl = 30;
  struct service {
    unsigned priority, weight, port;
    std::string target;
  };
  std::vector<service> services = {};  // SRV
};

class name_server {
 public:
  explicit name_server(std::map<std::string, name_answer>);  // other names: NXDOMAIN
  ~name_server();
  name_server(const name_server&) = delete;
  name_server& operator=(const name_server&) = delete;
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  // The names asked so far, in order, each query of each type.
  std::vector<std::string> asked();

 private:
  void run();
  std::string reply_to(std::string_view query, bool tcp);
  std::map<std::string, name_answer> answers_;
  int udp_ = -1, tcp_ = -1, wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::thread thread_;
};

}  // namespace authbroker::testing
