// The parsers of IMAP's replies and capabilities, the spelling of arguments, the choice of a command, and the table.
#include <string>

#include "imap/plan.hpp"
#include "imap/spelling.hpp"
#include "imap/verdicts.hpp"
#include "oracle.hpp"

namespace {

bool within(std::string_view part, std::string_view whole) { return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()); }

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}

void check_reply(std::string_view in) {
  const imap::reply said = imap::parse_reply(in);
  must(within(said.tag, in) && within(said.text, in) && within(said.arguments, in) && (said.code == "[]" || within(said.code, in)), "a part from elsewhere");
  if (said.what == imap::sort::nonsense) return;
  must(!in.empty() && in.back() == '\n', "a line without an end");
  for (const auto at : {imap::moment::greeting, imap::moment::capability, imap::moment::starttls, imap::moment::start, imap::moment::password}) {
    imap::circumstances now;
    now.from_memory = in.size() % 2 == 1;
    const abk::answer found = imap::judge("x", at, said, now);
    if (found.what == abk::verdict::yes) {
      must(at == imap::moment::password && said.what == imap::sort::tagged, "a yes at the wrong moment");
      const std::string after = upper(in.substr(said.tag.size()));
      must(after.rfind(" OK", 0) == 0 && (after[3] == ' ' || after[3] == '\r') && after.size() >= 5 && after.substr(after.size() - 2) == "\r\n", "a yes without OK");
    }
    if (found.what == abk::verdict::no)
      must(at == imap::moment::password && said.what == imap::sort::tagged && upper(in.substr(said.tag.size())).rfind(" NO", 0) == 0, "a no without NO");
  }
}

void check_spelling(std::string_view text) {
  const abk::secret_text wire = imap::spelled(abk::secret_view(text));
  const std::string_view out = wire.view().reveal();
  must(out.size() == imap::spelled_size(text), "a size that errs");
  switch (imap::form_of(text)) {
    case imap::form::literal: must(out == text, "a literal that is not the text"); break;
    case imap::form::atom: must(out == text && out.find_first_of(" \"\\(){%*\r\n") == out.npos, "an atom that is none"); break;
    case imap::form::quoted: {
      std::string back;
      must(out.size() >= 2 && out.front() == '"' && out.back() == '"', "no quotes");
      for (std::size_t i = 1; i + 1 < out.size(); ++i) {
        must(out[i] != '"' && out[i] >= 0x20 && out[i] < 0x7f, "a quote in the middle");
        if (out[i] == '\\') ++i;
        must(i + 1 < out.size(), "an escaped end");
        back += out[i];
      }
      must(back == text, "a quoted string that is not the text");
    }
  }
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view in(reinterpret_cast<const char*>(data), size);
  check_reply(in);
  check_spelling(in);

  imap::capabilities can;
  imap::add_capabilities(can, in);
  must(can.mechanisms.size() <= 32, "mechanisms without a bound");
  can.known = true;
  must(imap::remembered(can).size() <= 64 && imap::remembered(imap::recalled(in)).size() <= 64, "a memory that no fact can hold");
  const imap::capabilities back = imap::recalled(imap::remembered(can));
  must(back.known && back.plain == can.plain && back.sasl_ir == can.sasl_ir && back.id == can.id && back.login_disabled == can.login_disabled && back.literal_plus == can.literal_plus &&
           back.literal_minus == can.literal_minus, "a memory that errs");

  const std::string_view name = in.substr(0, size / 2), password = in.substr(size / 2);
  const auto chosen = imap::choose({imap::mechanism::plain, imap::mechanism::login}, can, name, abk::secret_view(password));
  if (const auto* by = std::get_if<imap::plan>(&chosen)) {
    constexpr std::string_view breaks("\r\n\0", 3);
    must(name.find_first_of(breaks) == name.npos && password.find_first_of(breaks) == password.npos, "a line break is carried");
    must(by->by == imap::mechanism::plain ? can.plain : !can.login_disabled, "a command that is not offered");
    must(!by->initial_response || can.sasl_ir, "an initial response that is not offered");
  } else {
    must(std::get<abk::answer>(chosen).what != abk::verdict::yes, "a yes without asking");
  }
  return 0;
}
