// Any bytes as the file of the static backend: a table in which everybody is found, or complaints with lines; never both.
#include "users.hpp"
#include "oracle.hpp"

using namespace static_users;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  user_table table;
  std::vector<complaint> complaints;
  const bool right = parse_users({reinterpret_cast<const char*>(bytes), n}, table, complaints);
  must(right == complaints.empty() && complaints.size() <= complaints_max);
  for (const complaint& c : complaints) must(c.line > 0 && !c.what.empty() && c.what.find('\n') == std::string::npos);
  if (!right) return 0;
  for (const person& p : table.people()) {
    must(table.login(p.address) == &p && table.mailbox(p.address).who == &p);
    must(p.hash.empty() || p.hash[0] == '$');
    for (const std::string& alias : p.aliases) must(table.mailbox(alias).kind == how::alias && table.login(alias) == nullptr);
  }
  must(table.usual_hash().empty() || table.usual_hash()[0] == '$');
  return 0;
}
