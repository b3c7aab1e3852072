// Addresses as they are written into commands, and what replies mean.
#include <string>

#include "vrfy/address.hpp"
#include "vrfy/memory.hpp"
#include "vrfy/verdicts.hpp"
#include "oracle.hpp"

namespace {
// Reads a path as a server does: where does "<...>" end?
std::size_t end_of_path(std::string_view path) {
  bool quoted = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (quoted && path[i] == '\\') ++i;
    else if (path[i] == '"') quoted = !quoted;
    else if (!quoted && (path[i] == '>' || path[i] == ' ')) return i;
  }
  return path.size();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  for (const bool bare : {false, true}) {
    const auto parsed = vrfy::parse_address(in, bare);
    if (const auto* box = std::get_if<vrfy::mailbox>(&parsed)) {
      must(box->text.size() <= vrfy::address_bytes_max && end_of_path(box->text) == box->text.size(), "an address that ends early, or not");
      for (const char c : box->text) must(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f, "a control character");
      must(bare || !box->domain.empty(), "an address without a domain");
      must(box->domain.empty() || box->text.substr(box->text.rfind('@') + 1) == box->domain, "another domain");
      const auto again = vrfy::parse_address(box->text, bare);
      const auto* same = std::get_if<vrfy::mailbox>(&again);
      must(same != nullptr && same->text == box->text && same->domain == box->domain && same->utf8 == box->utf8, "what is written is not what is read");
    } else {
      must(std::get<abk::answer>(parsed).what == abk::verdict::unverifiable, "a verdict without asking");
    }
  }

  const smtp::taken got = smtp::take_reply(in);
  must(got.bytes <= in.size(), "more than there is");
  const auto wait = vrfy::greylisted_for(got.said.text);
  must(wait.count() >= 10 && wait.count() <= 3600, "a time without bounds");
  must(vrfy::time_left(in).count() >= 0, "a time that is past");
  for (const vrfy::moment at : {vrfy::moment::rset, vrfy::moment::mail, vrfy::moment::vrfy, vrfy::moment::rcpt})
    for (const vrfy::preset like : {vrfy::preset::none, vrfy::preset::exchange}) {
      const vrfy::judged means = vrfy::judge(at, got.said, like, "ann@example.com");
      const bool question = at == vrfy::moment::vrfy || at == vrfy::moment::rcpt;
      if (means.what == vrfy::outcome::exists) must(question && in.substr(0, 2) == "25" && (in[2] == '0' || in[2] == '1') && in[got.bytes - 2] == '\r', "a yes that is none");
      if (means.what == vrfy::outcome::absent) must(question && in[0] == '5' && in[got.bytes - 2] == '\r', "a no that is none");
      if (means.what == vrfy::outcome::go) must(!question && in.substr(0, 3) == "250", "an ok that is none");
      const abk::answer a = vrfy::answer_for(at, means, got.said);
      must((a.what == abk::verdict::yes) == (means.what == vrfy::outcome::exists), "a yes of something else");
      must((a.what == abk::verdict::no) == (means.what == vrfy::outcome::absent), "a no of something else");
    }
  return 0;
}
