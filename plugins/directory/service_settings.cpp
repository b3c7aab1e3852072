#include "service_settings.hpp"

#include "text.hpp"

namespace directory {
namespace {

using std::chrono::seconds;

constexpr std::size_t attributes_max = 32;
constexpr std::size_t password_bytes_max = 1024;
constexpr std::string_view name_characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";

}  // namespace

service read_service(abk::settings& given) {
  service s;
  s.dn = given.text("bind_dn");
  s.password = given.secret("bind_password");
  // Some servers take other names, "reader@example.com": only what looks like a DN must be one.
  if (s.dn.find('=') != s.dn.npos)
    if (const std::string bad = dn_problem(s.dn); !bad.empty()) given.problem("bind_dn", bad);
  // A name without a password binds as nobody, and succeeds.
  if (!s.dn.empty() && s.password.empty()) given.problem("bind_password", "is missing or empty; wanted: the password of bind_dn");
  if (s.dn.empty() && !s.password.empty()) given.problem("bind_dn", "is missing; wanted: whose password bind_password is");
  if (s.dn.size() > dn_bytes_max || s.password.size() > password_bytes_max)
    given.problem("bind_dn", "too long; wanted: a DN of at most 2048 bytes and a password of at most 1024");
  s.bases = given.list("base");
  if (s.bases.size() > bases_max) given.problem("base", "more than 8 of them; wanted: at most 8");
  for (const std::string& base : s.bases)
    if (const std::string bad = dn_problem(base); !bad.empty()) given.problem("base", bad);
  s.scope = given.one_of<search_scope>("scope", {{"sub", search_scope::sub}, {"one", search_scope::one}, {"base", search_scope::base}}, s.scope);
  s.time_limit = std::chrono::ceil<seconds>(given.duration("time_limit", seconds(5)));
  if (s.time_limit < seconds(1) || s.time_limit > seconds(3600))
    given.problem("time_limit", "is not between 1s and 1h; wanted: the time after which the server is to give up a search");
  return s;
}

bool looks_like_rootdn(std::string_view dn) {
  const std::string_view first = dn.substr(0, dn.find(','));
  for (const std::string_view name : {"cn=admin", "cn=manager", "cn=root", "cn=directory manager", "cn=config"})
    if (same_word(first, name)) return true;
  return false;
}

std::vector<std::string> attribute_names(abk::settings& given, const char* key, const std::vector<std::string>& otherwise) {
  std::vector<std::string> out = given.list(key, otherwise);
  if (out.size() > attributes_max) given.problem(key, "more than 32 names; wanted: at most 32");
  for (const std::string& name : out)
    if (name.empty() || name.find_first_not_of(name_characters) != name.npos)
      given.problem(key, "\"" + name + "\"; wanted: the name of an attribute or object class, such as \"mail\"");
  return out;
}

void ask_for(service& s, const std::string& attribute) {
  for (const std::string& known : s.attributes)
    if (same_word(known, attribute)) return;
  s.attributes.push_back(attribute);
}

}  // namespace directory
