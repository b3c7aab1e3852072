#include "root_dse.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "text.hpp"

namespace directory {
namespace {

constexpr std::size_t told_max = 40;
constexpr std::string_view start_transaction = "1.3.6.1.1.21.1";  // RFC 5805
constexpr std::string_view active_directory = "1.2.840.113556.1.4.800";

std::string sasl_name(std::string_view mechanism) {
  std::string out = "sasl-";
  for (const char c : mechanism) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

}  // namespace

std::span<const std::string> root_attributes() {
  static const std::array<std::string, 7> names{"defaultNamingContext", "namingContexts", "supportedSASLMechanisms", "supportedCapabilities", "vendorName", "vendorVersion", "dnsHostName"};
  return names;
}

search_request what_the_server_knows() {
  static const std::array<std::string, 2> names{"supportedControl", "supportedExtension"};
  search_request out;
  out.scope = search_scope::base;
  out.filter = everything;
  out.attributes = names;
  return out;
}

bool lacks_policy(const search_entry& root) noexcept {
  const auto lists = [&root](std::string_view attribute, std::string_view oid) {
    const auto values = root.values(attribute);
    return std::find(values.begin(), values.end(), oid) != values.end();
  };
  const bool tells_all = !root.values("supportedControl").empty() && root.whole("supportedControl");
  return tells_all && !lists("supportedControl", oid_password_policy) && lists("supportedExtension", start_transaction);
}

std::vector<std::pair<std::string, std::string>> tell_root(const search_entry& root) {
  std::vector<std::pair<std::string, std::string>> out;
  const auto add = [&out](std::string name, std::string_view value) {
    if (!value.empty() && out.size() < told_max) out.emplace_back(std::move(name), value);
  };
  std::string_view first;
  for (const std::string_view v : root.values("defaultNamingContext")) add("naming-context", first = v);
  for (const std::string_view v : root.values("namingContexts"))
    if (!same_word(v, first)) add("naming-context", v);
  const auto capabilities = root.values("supportedCapabilities");
  add("active-directory", std::find(capabilities.begin(), capabilities.end(), active_directory) != capabilities.end() ? "yes" : "no");
  for (const std::string_view v : root.values("supportedSASLMechanisms")) add(sasl_name(v), "yes");
  for (const std::string_view v : root.values("vendorName")) add("vendor", v);
  for (const std::string_view v : root.values("vendorVersion")) add("version", v);
  for (const std::string_view v : root.values("dnsHostName")) add("host", v);
  return out;
}

}  // namespace directory
