#include "rules.hpp"

namespace pop3 {

rules read_rules(abk::settings& given) {
  rules out;
  out.apop = given.one_of<apop_use>("apop", {{"never", apop_use::never}, {"prefer", apop_use::prefer}, {"require", apop_use::require}}, out.apop);
  if (out.apop == apop_use::require && given.starttls())
    given.problem("apop", "\"require\" with a pop3+starttls upstream, whose greeting comes before the handshake and is not believed; wanted: pop3s, or apop = \"prefer\" or \"never\"");
  out.busy = given.one_of<in_use>("in_use", {{"accept", in_use::accept}, {"tempfail", in_use::tempfail}}, out.busy);
  out.like = given.one_of<preset>(
      "preset", {{"", preset::none}, {"communigate", preset::communigate}, {"mailtraq", preset::mailtraq}, {"imail", preset::imail}}, out.like);
  out.forward_client = given.flag("forward_client", out.forward_client);
  out.mechanisms =
      given.some_of<mechanism>("mechanisms", {{"USER", mechanism::user}, {"PLAIN-IR", mechanism::plain_ir}, {"PLAIN", mechanism::plain}, {"LOGIN", mechanism::login}}, out.mechanisms);
  if (out.mechanisms.empty() && !given.failed()) given.problem("mechanisms", "an empty list; wanted: at least one of \"USER\", \"PLAIN-IR\", \"PLAIN\", \"LOGIN\"");
  return out;
}

}  // namespace pop3
