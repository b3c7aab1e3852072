#include "watch.hpp"

#include <filesystem>
#include <fstream>

namespace bench {

usage usage_of(int pid) {
  usage u;
  const std::string home = "/proc/" + std::to_string(pid);
  std::error_code gone;
  // schedstat counts nanoseconds; stat only ticks of 10 ms.
  for (const auto& task : std::filesystem::directory_iterator(home + "/task", gone)) {
    double ns = 0;
    std::ifstream(task.path() / "schedstat") >> ns;
    u.cpu_us += ns / 1000;
  }
  std::ifstream status(home + "/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmRSS:")) u.rss_kib = std::stol(line.substr(6));
  return u;
}

}  // namespace bench
