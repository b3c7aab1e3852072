// HTTP heads. The first byte says where the input is cut in two.
// Oracles: fed in parts or at once, the outcome is the same; an accepted head has no Transfer-Encoding, at most one
// Content-Length, no folded field and no bare line end, by a reading of its own; all views lie inside the head.
#include "wire/http_head.hpp"

#include <string>

#include "base/text.hpp"
#include "oracle.hpp"

namespace {

bool lies_inside(std::string_view whole, std::string_view part) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void judge(std::string_view head, const authbroker::http_head& got) {
  must(head.substr(head.size() - 4) == "\r\n\r\n" && head.find("\r\n\r\n") == head.size() - 4);
  unsigned lengths = 0;
  for (std::size_t i = 0; i < head.size(); ++i) {
    must(head[i] != '\0');
    must((head[i] == '\n') == (i > 0 && head[i - 1] == '\r'));
  }
  for (std::size_t at = head.find("\r\n") + 2; at + 2 < head.size(); at = head.find("\r\n", at) + 2) {
    const std::string_view line = head.substr(at, head.find("\r\n", at) - at);
    must(line.front() != ' ' && line.front() != '\t');
    const std::size_t colon = line.find(':');
    must(colon != std::string_view::npos && colon != 0 && line[colon - 1] != ' ');
    must(!authbroker::equal_fold(line.substr(0, colon), "transfer-encoding"));
    if (authbroker::equal_fold(line.substr(0, colon), "content-length")) ++lengths;
  }
  must(lengths == (got.content_length ? 1U : 0U));
  for (const std::string_view part : {got.method, got.target, got.content_type, got.authorization, got.host, got.origin, got.token, got.real_ip, got.forwarded_for})
    must(lies_inside(head, part));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  if (n == 0) return 0;
  // A copy of exactly this size, so that reading past the end is seen.
  const std::string copy(reinterpret_cast<const char*>(bytes) + 1, n - 1);
  const std::string_view in(copy);
  http_head_limits limits;
  limits.header_bytes_max = 1024;
  http_head_scan at_once_scan, parts_scan;
  const auto at_once = parse_http_head(in, at_once_scan, limits);
  auto in_parts = parse_http_head(in.substr(0, in.size() * bytes[0] / 255), parts_scan, limits);
  if (in_parts.what == progress::need_more) in_parts = parse_http_head(in, parts_scan, limits);
  must(in_parts.what == at_once.what && in_parts.error == at_once.error && in_parts.used == at_once.used);
  must((at_once.what == progress::malformed) == (at_once.error != nullptr));
  if (at_once.what == progress::message) {
    must(at_once.used <= in.size() && at_once.used <= limits.header_bytes_max);
    judge(in.substr(0, at_once.used), at_once.head);
    if (judge_body(at_once.head, http_body::json, 100) == nullptr) must(at_once.head.content_length && *at_once.head.content_length <= 100);
  }
  return 0;
}
