// The parsers of POP3 replies, timestamps and capabilities, and the choice of a mechanism.
#include <string>

#include "pop3/plan.hpp"
#include "pop3/replies.hpp"
#include "oracle.hpp"

namespace {

bool within(std::string_view part, std::string_view whole) { return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()); }
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  const pop3::reply said = pop3::parse_reply(in);
  must(said.code == "[]" || within(said.code, in), "a code from elsewhere");
  must(within(said.text, in), "a text from elsewhere");
  if (said.what == pop3::status::ok) must(in.substr(0, 3) == "+OK" && in.back() == '\n', "an ok that is none");
  if (said.what == pop3::status::err) must(in.substr(0, 4) == "-ERR" && in.back() == '\n', "a refusal that is none");

  const std::string_view stamp = pop3::apop_timestamp(in);
  must(within(stamp, in) && stamp.size() <= 512, "a timestamp from elsewhere, or too long");
  if (!stamp.empty()) {
    must(stamp.front() == '<' && stamp.back() == '>', "a timestamp without brackets");
    for (const char c : stamp) must(c > 0x20 && c < 0x7f, "a timestamp that is not printable");
  }

  pop3::capabilities can;
  for (std::string_view rest = in; !rest.empty();) {
    const std::size_t n = std::min(rest.find('\n'), rest.size());
    pop3::add_capability(can, rest.substr(0, n));
    rest.remove_prefix(std::min(n + 1, rest.size()));
  }
  must(can.login_delay_s <= 86'400, "a delay without a bound");

  must(pop3::remembered(can).size() <= 64 && pop3::remembered(pop3::recalled(in)).size() <= 64, "a memory that no fact can hold");
  const pop3::capabilities back = pop3::recalled(pop3::remembered(can));
  must(back.known && back.user == can.user && back.plain == can.plain && back.login == can.login && back.login_delay_s == can.login_delay_s, "a memory that errs");

  can.known = (size & 1) != 0;
  const std::size_t half = size / 2;
  const std::string_view name = in.substr(0, half), password = in.substr(half);
  const auto chosen = pop3::choose({pop3::mechanism::plain_ir, pop3::mechanism::user, pop3::mechanism::plain, pop3::mechanism::login}, can, name, abk::secret_view(password));
  if (const auto* by = std::get_if<pop3::plan>(&chosen)) {
    must(name.find_first_of(std::string_view("\r\n\0", 3)) == name.npos && password.find_first_of(std::string_view("\r\n\0", 3)) == password.npos, "a line break is carried");
    switch (by->by) {
      case pop3::mechanism::user: must(name.size() <= 248 && password.size() <= 248 && name.find(' ') == name.npos, "USER carries what it cannot"); break;
      case pop3::mechanism::plain_ir: must(false, "a plan is PLAIN, with an initial response or without"); break;
      case pop3::mechanism::plain: must((name.size() + password.size() + 4) / 3 * 4 <= 253, "PLAIN carries what it cannot"); break;
      case pop3::mechanism::login: must((name.size() + 2) / 3 * 4 <= 253 && (password.size() + 2) / 3 * 4 <= 253, "LOGIN carries what it cannot"); break;
    }
  } else {
    must(std::get<abk::answer>(chosen).what != abk::verdict::yes, "a yes without asking");
  }
  return 0;
}
