#include "wire/sasl_plain.hpp"

#include <array>

#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr std::size_t name_bytes_max = 1024;
constexpr std::size_t decoded_bytes_max = 2 * (name_bytes_max + 1) + password_bytes_max;

// The decoded bytes, for as long as somebody looks at them.
class decoded {
 public:
  explicit decoded(std::string_view base64) {
    if (base64.size() / 4 * 3 > decoded_bytes_max + 2) {
      state_ = sasl_state::too_long;
      return;
    }
    used_ = room_.size();  // whatever the decoder leaves behind when it gives up
    const auto n = base64_decode(base64, room_.data());
    if (!n) {
      state_ = sasl_state::not_base64;
      return;
    }
    used_ = *n;
    state_ = used_ > decoded_bytes_max ? sasl_state::too_long : sasl_state::good;
  }
  decoded(const decoded&) = delete;
  decoded& operator=(const decoded&) = delete;
  ~decoded() { wipe(room_.data(), used_); }

  sasl_state state() const { return state_; }
  std::string_view bytes() const { return {room_.data(), used_}; }

 private:
  std::array<char, decoded_bytes_max + 6> room_;
  std::size_t used_ = 0;
  sasl_state state_ = sasl_state::malformed;
};

}  // namespace

sasl_plain parse_sasl_plain(std::string_view base64) {
  sasl_plain out;
  const decoded all(base64);
  if (all.state() != sasl_state::good) {
    out.state = all.state();
    return out;
  }
  const std::string_view bytes = all.bytes();
  const std::size_t first = bytes.find('\0');
  if (first == std::string_view::npos) return out;
  const std::size_t second = bytes.find('\0', first + 1);
  if (second == std::string_view::npos) return out;
  const std::string_view as = bytes.substr(0, first), name = bytes.substr(first + 1, second - first - 1), password = bytes.substr(second + 1);
  if (!as.empty() && as != name) {
    out.state = sasl_state::proxied;
    return out;
  }
  if (name.size() > name_bytes_max || password.size() > password_bytes_max) {
    out.state = sasl_state::too_long;
    return out;
  }
  out.name.assign(name);
  out.password = secret(password);
  out.state = sasl_state::good;
  return out;
}

sasl_name parse_sasl_name(std::string_view base64) {
  const decoded all(base64);
  sasl_name out;
  out.state = all.state() == sasl_state::good && all.bytes().size() > name_bytes_max ? sasl_state::too_long : all.state();
  if (out.state == sasl_state::good) out.name.assign(all.bytes());
  return out;
}

sasl_password parse_sasl_password(std::string_view base64) {
  const decoded all(base64);
  sasl_password out;
  out.state = all.state() == sasl_state::good && all.bytes().size() > password_bytes_max ? sasl_state::too_long : all.state();
  if (out.state == sasl_state::good) out.password = secret(all.bytes());
  return out;
}

}  // namespace authbroker
