// Users, groups and names.
#include <grp.h>
#include <pwd.h>

#include <algorithm>

#include "config/sections.hpp"

namespace authbroker {
namespace {
bool number(const std::string& s) {
  return !s.empty() && s.size() < 10 && std::all_of(s.begin(), s.end(), [](char c) { return c >= '0' && c <= '9'; });
}
}  // namespace

void refuse_unknown_user(const section& in, std::string_view key, const placed_text& user) {
  if (!number(user.text) && getpwnam(user.text.c_str()) == nullptr)
    in.problem(user.where, key, "found \"" + user.text + "\", a user that this machine does not know; wanted: a user's name or number");
}

void refuse_unknown_group(const section& in, std::string_view key, const placed_text& group) {
  if (!number(group.text) && getgrnam(group.text.c_str()) == nullptr)
    in.problem(group.where, key, "found \"" + group.text + "\", a group that this machine does not know; wanted: a group's name or number (is its package installed?)");
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  });
}

}  // namespace authbroker
