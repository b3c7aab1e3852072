#include "ops/probe.hpp"

#include <unistd.h>

#include <cerrno>
#include <iostream>
#include <memory>

#include "config/addresses.hpp"
#include "ops/probe_advice.hpp"
#include "ops/prober.hpp"

namespace authbroker {
namespace {

constexpr auto tidy_time = std::chrono::milliseconds(100);  // for connections to be closed in order
constexpr std::size_t request_bytes_max = 64 * 1024;

// All of standard input, in memory that is wiped.
class request_text {
 public:
  request_text() : bytes_(new char[request_bytes_max]) {}
  ~request_text() { wipe(bytes_.get(), request_bytes_max); }
  request_text(const request_text&) = delete;
  request_text& operator=(const request_text&) = delete;
  bool read() {
    for (;;) {
      const ssize_t n = ::read(STDIN_FILENO, bytes_.get() + size_, request_bytes_max - size_);
      if (n == 0) return size_ < request_bytes_max;
      if (n < 0 && errno != EINTR) return false;
      if (n > 0) size_ += static_cast<std::size_t>(n);
      if (size_ == request_bytes_max) return false;
    }
  }
  std::string_view view() const { return {bytes_.get(), size_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t size_ = 0;
};

int refuse(const std::string& why) {
  std::cerr << why << "\n";
  return 2;
}

result<probe_request> read_request() {
  request_text text;
  if (!text.read()) return problem{"the request cannot be read"};
  return parse_probe_request(text.view());
}

}  // namespace

int run_probe() {
  result<probe_request> request = read_request();
  if (!request) return refuse(request.error().text);
  const std::vector<place_to_try> places = places_for(request->url, request->plugin);
  if (places.empty() && request->url.find("://") == std::string::npos) return refuse("the plugin " + request->plugin + " has no usual port: give a URL, scheme and all");
  if (const auto parsed = parse_upstream(places.empty() ? request->url : places.front().url); !parsed) return refuse(parsed.error().text);
  if (places.empty()) return refuse("no plugin is known for " + request->url + ": name one with --plugin");
  logger log({.target = log_target::nowhere, .file = {}, .least = level::error});
  worker here(0);
  worker::set_current(&here);
  probe_facts facts;
  {
    prober p(std::move(*request), here, log);
    run_task(p.run(), nullptr, [&here](const std::exception_ptr& e) {
      here.io.stop();
      if (e) std::rethrow_exception(e);
    });
    here.io.run();  // every question has its deadline
    here.io.restart();
    here.io.run_for(tidy_time);
    if (p.cut()) std::cerr << "not everything was tried: four minutes are over\n";
    facts = p.facts();
    if (facts.servers.empty()) {
      std::string names;
      for (const std::string& name : p.missing()) names += (names.empty() ? "" : ", ") + name;
      std::cerr << "no plugin that could ask is installed: " << names << "\n";
      return 78;
    }
  }
  const probe_advice advice = advise(facts);
  std::cout << probe_report(facts, advice) << "\n";
  return std::cout.flush() ? advice.status : 75;
}

}  // namespace authbroker
