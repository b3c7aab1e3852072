// The parsers of SMTP: replies, the answer to EHLO, names, challenges in base64.
#include <abk/secret.hpp>

#include <algorithm>
#include <string>

#include "smtp/extensions.hpp"
#include "smtp/names.hpp"
#include "smtp/replies.hpp"
#include "smtpauth/challenge.hpp"
#include "oracle.hpp"

namespace {

bool same(const smtp::reply& a, const smtp::reply& b) {
  return a.code == b.code && a.status == b.status && a.contradicts == b.contradicts && a.crlf == b.crlf && a.no_digits == b.no_digits && a.text == b.text;
}
// By the letter: three digits, then SP, '-' or nothing.
bool starts_as_reply(std::string_view line) {
  if (line.size() < 4 || line[0] < '2' || line[0] > '5') return false;
  for (const std::size_t i : {1U, 2U})
    if (line[i] < '0' || line[i] > '9') return false;
  return line[3] == ' ' || line[3] == '-' || line[3] == '\r' || line[3] == '\n';
}
void replies(std::string_view in) {
  const smtp::taken got = smtp::take_reply(in);
  must(got.bytes <= in.size(), "more than there was");
  if (got.bytes == 0) return;
  const std::string_view mine = in.substr(0, got.bytes);
  // Not before its end, and no other way after it. What is too long is known as such earlier.
  if (mine.ends_with('\n')) {
    must(same(smtp::take_reply(mine).said, got.said), "what follows changes a reply");
    const smtp::taken before = smtp::take_reply(mine.substr(0, mine.size() - 1));
    must(before.bytes == 0 || before.said.code == 0, "a reply before its last line's end");
  }
  // Line by line it is the same.
  smtp::reply_reader reader;
  std::string_view rest = mine;
  bool done = false;
  while (!done && rest.find('\n') != rest.npos) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    done = reader.add(line);
  }
  if (done) must(same(reader.take(), got.said), "lines and bytes differ");
  if (got.said.code == 0) {
    must(got.said.text.empty() && !got.said.crlf, "text of what is no reply");
    return;
  }
  must(done && rest.empty() && mine.ends_with('\n'), "a reply that is not whole");
  for (std::string_view left = mine; !left.empty(); left.remove_prefix(left.find('\n') + 1))
    must(starts_as_reply(left) && left.substr(0, 3) == std::to_string(got.said.code), "a reply that is none");
  must(!got.said.crlf || mine.ends_with("\r\n"), "a line end that is none");
  must(!got.said.status || (got.said.status.kind == got.said.code / 100 && !got.said.contradicts), "a status code of another class");
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  replies(in);

  const smtp::extensions can = smtp::parse_extensions(in);
  must(can.mechanisms.size() <= 32 && can.xclient.size() <= 32 && can.server.size() <= 255, "a list without end");
  for (const std::string& name : can.mechanisms) {
    must(!name.empty() && name.size() <= 40 && can.offers(name), "a mechanism without a name");
    for (const char c : name) must(c > 0x20 && c < 0x7f && (c < 'a' || c > 'z'), "a mechanism's name that is none");
  }

  if (smtp::helo_problem(in).empty()) must(in.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:[]") == in.npos && in.size() <= 255, "a name that breaks a line");
  for (const char c : smtp::xtext(in)) must(c > 0x20 && c < 0x7f && c != '=', "an xtext that is none");
  for (const char c : smtp::xclient_address(in)) must(c > 0x20 && c < 0x7f, "an address that is none");

  if (const auto challenge = smtpauth::decode_base64(in)) {
    const abk::secret_text again = abk::base64(abk::secret_view(*challenge));
    must(again.view().reveal() == in, "a challenge with two spellings");
  }
  static_cast<void>(smtpauth::too_costly(in));
  return 0;
}
