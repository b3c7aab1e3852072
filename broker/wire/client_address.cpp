#include "wire/client_address.hpp"

#include <arpa/inet.h>

#include <array>
#include <cstring>

namespace authbroker {

std::string normal_client(std::string_view reported) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (reported.empty() || reported.size() >= text.size() || reported.find('\0') != std::string_view::npos) return {};
  std::memcpy(text.data(), reported.data(), reported.size());
  in_addr v4{};
  in6_addr v6{};
  const char* normal = nullptr;
  if (inet_pton(AF_INET, text.data(), &v4) == 1) {
    normal = inet_ntop(AF_INET, &v4, text.data(), text.size());
  } else if (inet_pton(AF_INET6, text.data(), &v6) == 1) {
    normal = IN6_IS_ADDR_V4MAPPED(&v6) ? inet_ntop(AF_INET, &v6.s6_addr[12], text.data(), text.size())
                                       : inet_ntop(AF_INET6, &v6, text.data(), text.size());
  }
  return normal == nullptr ? std::string() : std::string(normal);
}

}  // namespace authbroker
