// The file of the static backend, parsed. Pure: bytes in, a table and complaints out; no file, clock or hash function.
//
//   address:hash-or-!:alias,alias     a person; "!" is an account that is switched off; an alias "@domain" takes what is left
//   @domain                           every address of the domain exists
//   # comment                         also after white space; empty lines are fine
//
// Names are matched without regard to ASCII case. A name without '@' is a bare login name.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace static_users {

inline constexpr std::size_t file_bytes_max = std::size_t{16} << 20;
inline constexpr std::size_t line_bytes_max = std::size_t{64} << 10;
inline constexpr std::size_t complaints_max = 20;

struct person {
  std::string address;               // as written, lower case
  std::string hash;                  // "" when switched off
  std::vector<std::string> aliases;  // lower case, in the order written, "@domain" left out
  unsigned line = 0;
  bool takes_rest = false;           // has an alias "@domain": more addresses than can be listed
};

enum class how { nobody, person, alias, rest, any };
struct match {
  how kind = how::nobody;
  const person* who = nullptr;  // nullptr for nobody and any; valid as long as the table
};

class user_table {
 public:
  // The person whose address (no alias) is `name`; nullptr if there is none.
  const person* login(std::string_view name) const;
  // What `name` is: a person, an alias, or left over for somebody who takes the rest of its domain.
  match mailbox(std::string_view name) const;
  std::size_t size() const { return people_.size(); }
  const std::vector<person>& people() const { return people_; }
  // A hash that costs what most of the file's hashes cost; "" if there is none. For names that are unknown.
  const std::string& usual_hash() const { return usual_hash_; }

 private:
  friend class parser;
  struct named {
    std::size_t index;
    bool alias;
  };
  static constexpr std::size_t everybody = static_cast<std::size_t>(-1);
  std::vector<person> people_;
  std::unordered_map<std::string, named> names_;
  std::unordered_map<std::string, std::size_t> domains_;  // of a person, or everybody
  std::string usual_hash_;
};

struct complaint {
  unsigned line = 0;
  std::string what;  // "found ...; wanted: ..."; never a hash
};

// True if all of the text is right. Else the complaints, at most complaints_max, and the table is to be thrown away.
bool parse_users(std::string_view text, user_table& out, std::vector<complaint>& complaints);

// What decides a hash's cost: "$y$j9T" of "$y$j9T$salt$hash", "$6" of "$6$salt$hash".
std::string_view cost_of(std::string_view hash);

}  // namespace static_users
