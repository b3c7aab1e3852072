#include "rules.hpp"

#include <smtp/settings.hpp>

#include "address.hpp"

namespace vrfy {

rules read_rules(abk::settings& given) {
  rules out;
  out.backend = given.backend_name();
  out.like = given.one_of<preset>("preset", {{"", preset::none}, {"sendmail", preset::sendmail}, {"domino", preset::domino}, {"exchange", preset::exchange}}, out.like);
  if (out.like == preset::sendmail || out.like == preset::domino) out.methods = {method::vrfy, method::rcpt};
  out.methods = given.some_of<method>("methods", {{"vrfy", method::vrfy}, {"rcpt", method::rcpt}}, out.methods);
  if (out.methods.empty()) given.problem("methods", "an empty list; wanted: \"rcpt\", \"vrfy\", or both in order");
  out.manners.helo = smtp::read_helo(given);
  out.sender = given.text("sender");
  if (!out.sender.empty()) {
    const auto parsed = parse_address(out.sender);
    const auto* box = std::get_if<mailbox>(&parsed);
    if (box == nullptr || box->utf8) given.problem("sender", "\"" + out.sender + "\"; wanted: an address such as \"probe@example.com\" in ASCII, or \"\" for the null sender");
    else out.sender = box->text;
  }
  out.detect_accept_all = given.flag("detect_accept_all", out.detect_accept_all);
  out.session_questions = static_cast<std::uint32_t>(given.number("session_questions", 1, 1'000'000, out.session_questions));
  out.unknown.burst = given.number("unknown_budget.burst", 0, burst_max, out.unknown.burst);
  out.unknown.per_minute = given.number("unknown_budget.per_minute", 1, per_minute_max, out.unknown.per_minute);
  return out;
}

}  // namespace vrfy
