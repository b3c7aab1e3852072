// JSON questions. The first byte chooses the form.
// Oracles: an accepted body is an object for Boost.JSON's own reader too, with the same strings; nothing holds a NUL; the
// deadline is in range; no secret is left.
#include "wire/json_question.hpp"

#include <boost/json/parse.hpp>

#include "base/text.hpp"
#include "oracle.hpp"

namespace {

void compare(const boost::json::object& all, const char* key, std::string_view got) {
  const auto* const there = all.if_contains(key);
  must(there == nullptr ? got.empty() : std::string_view(there->as_string()) == got);
  must(authbroker::valid_utf8(got) && got.find('\0') == std::string_view::npos);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  if (n == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(bytes) + 1, n - 1);
  {
    const auto form = static_cast<json_form>(bytes[0] % 3);
    const json_outcome got = parse_json_question(body, form);
    if (got.error == nullptr) {
      const boost::json::object all = boost::json::parse(body).as_object();
      compare(all, "address", got.question.address);
      compare(all, "client", got.question.client);
      compare(all, "service", got.question.service);
      if (!got.question.password_too_long) compare(all, "password", got.question.password.reveal());
      must(all.size() <= 6 && got.question.deadline.count() >= 0 && got.question.deadline.count() <= 3'600'000);
      must(form != json_form::mailbox || got.question.kind == question_kind::mailbox);
    } else {
      must(!got.text.empty() && got.question.password.empty());
    }
  }
  must(secrets_alive() == 0);
  return 0;
}
