#include "wire/basic_credentials.hpp"

#include <array>

#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr std::size_t name_bytes_max = 1024;
constexpr std::size_t decoded_bytes_max = name_bytes_max + 1 + password_bytes_max;

struct wiped_room {
  std::array<char, decoded_bytes_max + 3> bytes;
  std::size_t used = 0;
  wiped_room() {}
  wiped_room(const wiped_room&) = delete;
  wiped_room& operator=(const wiped_room&) = delete;
  ~wiped_room() { wipe(bytes.data(), used); }
};

}  // namespace

basic_credentials parse_basic(std::string_view authorization) {
  basic_credentials out;
  constexpr std::string_view scheme = "basic";
  if (authorization.size() < scheme.size() || !equal_fold(authorization.substr(0, scheme.size()), scheme)) return out;
  std::string_view coded = authorization.substr(scheme.size());
  if (!coded.empty() && coded.front() != ' ') return out;  // "Basically ..." is another scheme
  while (!coded.empty() && coded.front() == ' ') coded.remove_prefix(1);
  out.state = basic_state::malformed;
  if (coded.size() / 4 * 3 > decoded_bytes_max) {
    out.state = basic_state::too_long;
    return out;
  }
  wiped_room room;
  room.used = room.bytes.size();  // whatever the decoder leaves behind when it gives up
  const auto decoded = base64_decode(coded, room.bytes.data());
  if (!decoded) return out;
  room.used = *decoded;
  const std::string_view both(room.bytes.data(), *decoded);
  const std::size_t colon = both.find(':');
  if (colon == std::string_view::npos) return out;
  const std::string_view password = both.substr(colon + 1);
  if (colon > name_bytes_max || password.size() > password_bytes_max) {
    out.state = basic_state::too_long;
    return out;
  }
  out.name.assign(both.substr(0, colon));
  out.password = secret(password);
  out.state = basic_state::present;
  return out;
}

}  // namespace authbroker
