#include "rules.hpp"

#include <smtp/settings.hpp>

#include "sasl_library.hpp"

namespace smtpauth {
namespace {

// Strongest first. Those with MD5 and NTLM are no safer inside TLS than PLAIN, and need the server to store more than a hash.
const std::vector<mechanism> defaults{mechanism::scram_sha_256, mechanism::plain, mechanism::login};
// Exchange offers NTLM, GSSAPI and LOGIN to clients.
const std::vector<mechanism> defaults_for_exchange{mechanism::login, mechanism::plain};

}  // namespace

rules read_rules(const abk::host& on, abk::settings& given) {
  rules out;
  out.manners.helo = smtp::read_helo(given);
  out.manners.forward_client = given.flag("forward_client", false);
  out.like = given.one_of<preset>("preset", {{"", preset::none}, {"exchange", preset::exchange}}, out.like);
  out.session_logins = static_cast<std::uint32_t>(given.number("session_logins", 1, 100, out.session_logins));
  const std::vector<std::string> nothing_said{""};
  const bool chosen = given.list("mechanisms", nothing_said) != nothing_said;
  out.mechanisms = given.some_of<mechanism>("mechanisms",
                                            {{"SCRAM-SHA-256", mechanism::scram_sha_256},
                                             {"SCRAM-SHA-1", mechanism::scram_sha_1},
                                             {"DIGEST-MD5", mechanism::digest_md5},
                                             {"CRAM-MD5", mechanism::cram_md5},
                                             {"NTLM", mechanism::ntlm},
                                             {"PLAIN", mechanism::plain},
                                             {"LOGIN", mechanism::login}},
                                            out.like == preset::exchange ? defaults_for_exchange : defaults);
  if (out.mechanisms.empty() && !given.failed()) given.problem("mechanisms", "an empty list; wanted: at least one mechanism");
  std::vector<mechanism> usable;
  for (const mechanism m : out.mechanisms) {
    const std::string why_not = needs_library(m) ? sasl_trouble(m) : std::string();
    if (why_not.empty()) usable.push_back(m);
    else if (chosen) given.problem("mechanisms", "\"" + std::string(name_of(m)) + "\", " + why_not);
    else on.log(abk::level::warning, "mechanism_left_out", {{"backend", given.backend_name()}, {"mechanism", name_of(m)}, {"why", why_not}});
  }
  out.mechanisms = std::move(usable);
  return out;
}

}  // namespace smtpauth
