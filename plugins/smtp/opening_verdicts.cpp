#include "opening_verdicts.hpp"

namespace smtp {
namespace {

using abk::reason;
using enum moment;

constexpr opening_row rows[] = {
    // "421 too many connections" comes instead of the greeting. 554 is a server that takes no mail, or none from this address.
    {greeting, 400, 499, reason::upstream_busy, "4xx"},
    {greeting, 500, 599, reason::upstream_refuses_us, "5xx"},

    // 501 and 504 are about the name that EHLO bears ("need fully-qualified hostname"), 530 is a server that wants TLS first.
    {ehlo, 400, 499, reason::upstream_busy, "4xx"},
    {ehlo, 501, 501, reason::misconfigured, "501"},
    {ehlo, 504, 504, reason::misconfigured, "504"},
    {ehlo, 530, 530, reason::misconfigured, "530"},
    {ehlo, 500, 599, reason::upstream_refuses_us, "5xx"},
    {helo, 400, 499, reason::upstream_busy, "4xx"},
    {helo, 501, 501, reason::misconfigured, "501"},
    {helo, 504, 504, reason::misconfigured, "504"},
    {helo, 530, 530, reason::misconfigured, "530"},
    {helo, 500, 599, reason::upstream_refuses_us, "5xx"},

    // 454 is "TLS not available due to temporary reason" (RFC 3207).
    {starttls, 421, 421, reason::upstream_busy, "421"},
    {starttls, 400, 599, reason::tls_unavailable, "refused"},

    {xclient, 400, 499, reason::upstream_busy, "4xx"},
    {xclient, 500, 599, reason::upstream_refuses_us, "5xx"},
};

std::string_view word(moment at) {
  switch (at) {
    case greeting: return "greeting";
    case ehlo: return "ehlo";
    case helo: return "helo";
    case starttls: return "starttls";
    case xclient: return "xclient";
  }
  return "opening";
}

}  // namespace

std::span<const opening_row> opening_table() { return rows; }

abk::give_up judge_opening(moment at, const reply& said) {
  const std::string prefix = std::string(word(at)) + ".";
  for (const opening_row& r : rows)
    if (r.at == at && said.code >= r.from && said.code <= r.to) return {r.why, prefix + std::string(r.name), "the server said: " + in_words(said)};
  if (said.code == 0) return {reason::upstream_nonsense, prefix + "nonsense", "not a reply of SMTP"};
  return {reason::upstream_nonsense, prefix + "nonsense", "not a reply that SMTP has here: " + in_words(said)};
}

}  // namespace smtp
