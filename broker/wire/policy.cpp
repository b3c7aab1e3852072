// Attack  a value ends at the line's end and nowhere else, and the first '=' ends the name: what a sender can put into an
//         address cannot become another attribute. A used name twice is two askers' opinions, and is not answered.
#include "wire/policy.hpp"

#include <array>

namespace authbroker {
namespace {

struct known {
  std::string_view name;
  std::string_view policy_request::*into;
};
constexpr auto known_names = std::to_array<known>({
    {"request", &policy_request::request},
    {"protocol_state", &policy_request::protocol_state},
    {"recipient", &policy_request::recipient},
    {"client_address", &policy_request::client_address},
    {"instance", &policy_request::instance},
});

// One line into `out`. False: it is no attribute.
bool take(std::string_view line, policy_request& out, std::array<bool, known_names.size()>& seen) {
  const std::size_t equals = line.find('=');
  if (equals == 0 || equals == std::string_view::npos || line.find('\0') != std::string_view::npos) return false;
  const std::string_view name = line.substr(0, equals);
  for (std::size_t i = 0; i < known_names.size(); ++i) {
    if (known_names[i].name != name) continue;
    if (seen[i]) return false;
    seen[i] = true;
    out.*known_names[i].into = line.substr(equals + 1);
  }
  return true;
}

}  // namespace

policy_outcome parse_policy(std::string_view in, policy_limits limits) {
  const auto malformed = [] { return policy_outcome{progress::malformed, 0, {}}; };
  if (in.starts_with('\n')) return malformed();
  const std::size_t end = in.find("\n\n");
  if (end == std::string_view::npos) return in.size() >= limits.request_bytes_max ? malformed() : policy_outcome{};
  if (end + 2 > limits.request_bytes_max) return malformed();
  policy_outcome out;
  std::array<bool, known_names.size()> seen{};
  std::string_view rest = in.substr(0, end);
  for (std::size_t lines = 1;; ++lines) {
    const std::size_t line_end = rest.find('\n');
    if (lines > limits.attributes_max || !take(rest.substr(0, line_end), out.request, seen)) return malformed();
    if (line_end == std::string_view::npos) break;
    rest.remove_prefix(line_end + 1);
  }
  if (out.request.request != "smtpd_access_policy" || out.request.protocol_state.empty()) return malformed();
  out.what = progress::message;
  out.used = end + 2;
  return out;
}

void append_policy(std::string& out, std::string_view action) {
  out += "action=";
  out += action;
  out += "\n\n";
}

}  // namespace authbroker
