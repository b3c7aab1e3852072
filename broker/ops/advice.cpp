#include "ops/advice.hpp"

namespace authbroker {

std::vector<std::string> advise(question_kind kind, const answer& a, const route_rules* route) {
  std::vector<std::string> out;
  const verdict what = a.found.what;
  const reason why = a.found.why;
  const bool name_or_password = why == reason::wrong_password || why == reason::no_such_user;
  if (kind == question_kind::login && what == verdict::reject && name_or_password && route != nullptr) {
    if (a.login_name == a.identity && a.identity.find('@') != std::string::npos)
      out.push_back("The server was asked for the full address, \"" + a.login_name + "\". If it wants the bare name, set strip_domain = true on route " + route->name + ".");
    else if (a.login_name.find('@') == std::string::npos)
      out.push_back("The server was asked for the bare name, \"" + a.login_name + "\". If it wants the full address, leave strip_domain out of route " + route->name + ".");
    else
      out.push_back("The server was asked for \"" + a.login_name + "\", by the template " + route->login_name + " of route " + route->name + ".");
    out.push_back("Try the same name and password with a mail program against " + (a.found.upstream.empty() ? std::string("the server") : a.found.upstream) + ".");
  }
  if (what == verdict::no_route)
    out.push_back("No [[route]] has this domain. Add one with domains = [\"" + (a.identity.find('@') == std::string::npos ? std::string("example.com") : a.identity.substr(a.identity.rfind('@') + 1)) +
                  "\"]" + (a.identity.find('@') == std::string::npos ? ", and ask with a full address or give the listener a default_domain." : "."));
  if (what != verdict::accept && what != verdict::exists)
    if (const verdict_row* row = find_row(what, why)) {
      if (!(name_or_password && !out.empty()) && what != verdict::no_route) out.emplace_back(row->advice);
    }
  return out;
}

}  // namespace authbroker
