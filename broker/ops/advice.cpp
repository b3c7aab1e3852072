#include "ops/advice.hpp"

#include "base/text.hpp"
#include "config/keys.hpp"

#include <algorithm>

namespace authbroker {
namespace {

constexpr std::size_t domains_shown_max = 20;

bool is_directory(const backend_rules* from) { return from != nullptr && !from->upstream.empty() && from->upstream.front().scheme.find("ldap") != std::string::npos; }

// One of OpenLDAP's programs, told where and with what TLS. A server that an SRV record named is spoken to as the first URL says.
std::string ldap_program(const std::string& program, const backend_rules& from, const std::string& upstream) {
  const auto asked = std::find_if(from.upstream.begin(), from.upstream.end(), [&](const upstream_rules& u) { return u.label() == upstream; });
  const tls_use tls = (asked == from.upstream.end() ? from.upstream.front() : *asked).tls;
  const std::string trust = tls == tls_use::none || from.tls.ca_file.empty() ? "" : "LDAPTLS_CACERT=" + from.tls.ca_file + " ";
  return trust + program + " -x" + (tls == tls_use::starttls ? " -ZZ" : "") + " -H " + (tls == tls_use::implicit ? "ldaps://" : "ldap://") + upstream;
}

// In quotes: a DN may have blanks, and a filter has what a shell takes for its own.
std::string try_the_search(const answer& a, const backend_rules& from) {
  return "base and filter of the stages above with `" + ldap_program("ldapsearch", from, a.found.upstream) + " -D 'BIND_DN' -W -b 'BASE' 'FILTER'`.";
}

void about_a_directory(const answer& a, const backend_rules& from, std::vector<std::string>& out) {
  if (a.found.why == reason::no_such_user)
    out.push_back("No entry matches, or none that the service account may see: try " + try_the_search(a, from));
  else
    out.push_back("The directory refused the password of the entry that the stages above bind as: try that name with `" + ldap_program("ldapwhoami", from, a.found.upstream) + " -D 'NAME' -W`.");
}

void about_a_name(const answer& a, const route_rules& route, std::vector<std::string>& out) {
  if (a.login_name == a.identity && a.identity.find('@') != std::string::npos)
    out.push_back("The server was asked for the full address, \"" + a.login_name + "\". If it wants the bare name, set strip_domain = true on route " + route.name + ".");
  else if (a.login_name.find('@') == std::string::npos)
    out.push_back("The server was asked for the bare name, \"" + a.login_name + "\". If it wants the full address, leave strip_domain out of route " + route.name + ".");
  else
    out.push_back("The server was asked for \"" + a.login_name + "\", by the template " + route.login_name + " of route " + route.name + ".");
  out.push_back("Try the same name and password with a mail program against " + a.found.upstream + ".");
}

}  // namespace

std::string why_no_route(const std::vector<route_rules>& routes, std::string_view domain) {
  if (domain.empty()) return "the address has no domain, and only a listener's default_domain gives it one";
  std::vector<std::string_view> all;
  for (const route_rules& r : routes)
    for (const std::string& d : r.domains) all.push_back(d);
  std::string out = "no route has the domain \"" + escape_for_log(domain, 100) + "\"";
  if (const std::string_view meant = nearest(domain, all); !meant.empty()) out += "; the nearest is \"" + std::string(meant) + "\"";
  for (const std::string_view d : all)
    if (domain.size() > d.size() && domain.ends_with(d) && domain[domain.size() - d.size() - 1] == '.') out += "; \"" + std::string(d) + "\" is one, but not \"*." + std::string(d) + "\"";
  if (all.empty()) return out;
  out += "; there are: ";
  for (std::size_t i = 0; i < all.size() && i < domains_shown_max; ++i) out += (i == 0 ? "" : ", ") + std::string(all[i]);
  if (all.size() > domains_shown_max) out += " and " + std::to_string(all.size() - domains_shown_max) + " more (`authbroker routes`)";
  return out;
}

std::vector<std::string> advise(question_kind kind, const answer& a, const route_rules* route, const backend_rules* from) {
  std::vector<std::string> out;
  const verdict what = a.found.what;
  const reason why = a.found.why;
  const bool name_or_password = why == reason::wrong_password || why == reason::no_such_user;
  // What needs no server, such as a file, has no name to try otherwise, and no other program to try it with.
  if (kind == question_kind::login && what == verdict::reject && name_or_password && route != nullptr && !a.found.upstream.empty()) {
    if (is_directory(from)) about_a_directory(a, *from, out);
    else about_a_name(a, *route, out);
  }
  if (kind == question_kind::mailbox && what == verdict::absent && is_directory(from))
    out.push_back("Try " + try_the_search(a, *from));
  if (what == verdict::no_route)
    out.push_back("No [[route]] has this domain. Add one with domains = [\"" + (a.identity.find('@') == std::string::npos ? std::string("example.com") : a.identity.substr(a.identity.rfind('@') + 1)) +
                  "\"]" + (a.identity.find('@') == std::string::npos ? ", and ask with a full address or give the listener a default_domain." : "."));
  if (!out.empty() || what == verdict::accept || what == verdict::exists) return out;
  if (name_or_password && from != nullptr && a.found.upstream.empty()) return {"The backend " + from->name + " was asked for \"" + a.login_name + "\"; what it knows is in its own configuration or file."};
  if (const verdict_row* row = find_row(what, why)) out.emplace_back(row->advice);
  return out;
}

}  // namespace authbroker
