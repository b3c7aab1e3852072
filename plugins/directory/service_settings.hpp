// Reading the settings that every directory plugin has. Complaints go to the host; what is returned then does not matter.
#pragma once
#include <abk/host.hpp>

#include "dialect.hpp"
#include "filter.hpp"

namespace directory {

// bind_dn, bind_password, base, scope and time_limit; not the attributes to ask for.
service read_service(abk::settings&);

// Is it, going by its name, an account above all access control? A leak of its password is a leak of the directory.
bool looks_like_rootdn(std::string_view dn);

// At most 32 names of attributes or object classes.
std::vector<std::string> attribute_names(abk::settings&, const char* key, const std::vector<std::string>& otherwise = {});

// Adds `attribute` to those that are asked for, unless it is among them.
void ask_for(service&, const std::string& attribute);

// A filter_template or dn_template; nothing if `text` is empty or wrong.
template <class T>
std::optional<T> read_template(abk::settings& given, const char* key, std::string_view text) {
  if (text.empty()) return {};
  parsed<T> found = T::parse(text);
  if (!found.value) given.problem(key, found.problem);
  return std::move(found.value);
}

// The same for what means one person: what matches, or is bound, must follow from the name. Else every name is that person.
template <class T>
std::optional<T> read_person_template(abk::settings& given, const char* key, std::string_view text) {
  using place = value_template::place;
  std::optional<T> out = read_template<T>(given, key, text);
  if (out && !out->bears({place::address, place::local}))
    given.problem(key, "\"" + std::string(text) + "\", which can mean the same whatever the name is; wanted: {address} or {local} in it, in each alternative");
  return out;
}

}  // namespace directory
