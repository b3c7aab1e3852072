#include "rules.hpp"

namespace imap {

rules read_rules(abk::settings& given) {
  rules out;
  out.busy = given.one_of<in_use>("in_use", {{"accept", in_use::accept}, {"tempfail", in_use::tempfail}}, out.busy);
  out.like = given.one_of<preset>("preset", {{"", preset::none}, {"communigate", preset::communigate}, {"mailtraq", preset::mailtraq}}, out.like);
  out.forward_client = given.flag("forward_client", out.forward_client);
  out.mechanisms = given.some_of<mechanism>("mechanisms", {{"PLAIN", mechanism::plain}, {"LOGIN", mechanism::login}}, out.mechanisms);
  if (out.mechanisms.empty() && !given.failed()) given.problem("mechanisms", "an empty list; wanted: at least one of \"PLAIN\", \"LOGIN\"");
  return out;
}

}  // namespace imap
