// Questions, whose parts are divided by LF. Oracles: what is written, the broker's own parsers read as it was meant; it fits; and
// what is not written is too long, not UTF-8, or holds a NUL.
#include "ask/question.hpp"

#include <cstdint>
#include <string>

#include "base/text.hpp"
#include "oracle.hpp"
#include "wire/http_head.hpp"
#include "wire/json_question.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string copy(reinterpret_cast<const char*>(bytes), n);
  std::string_view rest = copy;
  const auto part = [&rest] {
    const std::size_t end = rest.find('\n');
    const std::string_view out = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    return out;
  };
  question q;
  q.address = part();
  q.client = part();
  q.service = part();
  q.password = rest;
  question_bytes written;
  if (!written.write(q)) {
    must(n >= 1024 || !valid_utf8(copy) || copy.find('\0') != std::string::npos);
    return 0;
  }
  http_head_scan scan;
  const http_head_outcome head = parse_http_head(written.bytes(), scan);
  must(head.what == progress::message && judge_body(head.head, http_body::json, 8192) == nullptr);
  const json_outcome got = parse_json_question(written.bytes().substr(head.used), json_form::login);
  if (got.error != nullptr) {
    must(q.address.size() > 4096 || q.client.size() > 4096 || q.service.size() > 4096 || q.password.size() > 4096);
    return 0;
  }
  must(got.question.address == q.address);
  must(got.question.client == q.client || got.question.client.empty());
  must(got.question.service == q.service || got.question.service.empty());
  must(got.question.password_too_long || got.question.password.reveal() == q.password);
  return 0;
}
