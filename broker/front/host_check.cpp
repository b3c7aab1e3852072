#include "front/host_check.hpp"

#include "base/text.hpp"
#include "wire/client_address.hpp"

namespace authbroker {

bool local_host_field(std::string_view host) {
  if (host.empty()) return true;  // HTTP/1.0, or a URL without authority: no browser sends that
  if (host.front() == '[') {
    const std::size_t end = host.find(']');
    return end != std::string_view::npos && !normal_client(host.substr(1, end - 1)).empty();
  }
  const std::string_view name = host.substr(0, host.find(':'));
  return equal_fold(name, "localhost") || !normal_client(name).empty();
}

bool equal_secretly(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differ = static_cast<unsigned char>(differ | (a[i] ^ b[i]));
  return *static_cast<volatile unsigned char*>(&differ) == 0;
}

}  // namespace authbroker
