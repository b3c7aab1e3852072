#include "users.hpp"

#include <algorithm>
#include <map>

namespace static_users {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
std::string fold(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string_view trim(std::string_view s) {
  constexpr std::string_view blank = " \t\r";
  const std::size_t from = s.find_first_not_of(blank);
  if (from == std::string_view::npos) return {};
  return s.substr(from, s.find_last_not_of(blank) - from + 1);
}

// For messages: what a terminal can show, cut.
std::string shown(std::string_view s) {
  std::string out = "\"";
  for (const char c : s.substr(0, 60)) out += c >= 0x20 && c < 0x7F ? c : '?';
  return out + (s.size() > 60 ? "...\"" : "\"");
}

bool domain_ok(std::string_view domain) {
  return !domain.empty() && domain.size() <= 253 && domain.front() != '.' && domain.back() != '.' && domain.find("..") == std::string_view::npos &&
         std::all_of(domain.begin(), domain.end(), [](char c) {
           const char l = lower(c);
           return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
         });
}

// "" if `name` is an address or a bare name that a caller could ask for.
std::string name_fault(std::string_view name) {
  if (name.empty()) return "found no name; wanted: an address";
  if (name.size() > 320) return "found a name of " + std::to_string(name.size()) + " bytes; wanted: at most 320";
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }))
    return "found " + shown(name) + "; wanted: an address without spaces";
  const std::size_t at = name.rfind('@');
  if (at == 0 || (at != std::string_view::npos && !domain_ok(name.substr(at + 1))))
    return "found " + shown(name) + "; wanted: an address whose domain is in ASCII (xn--... for others)";
  return {};
}

// crypt(3)'s modular forms. The old DES form has no mark of its own: half of all passwords written down by mistake look like it.
bool hash_ok(std::string_view hash) {
  return hash.size() >= 8 && hash.size() <= 384 && hash.front() == '$' && hash.find('$', 1) != std::string_view::npos && hash.back() != '$' &&
         std::all_of(hash.begin(), hash.end(), [](char c) { return c > ' ' && c < 0x7F && c != '!' && c != '*' && c != '\\' && c != ';'; });
}

}  // namespace

std::string_view cost_of(std::string_view hash) {
  const std::size_t first = hash.find('$', 1);
  if (first == std::string_view::npos) return hash;
  const std::string_view scheme = hash.substr(0, first);
  // With these the second field is the salt, unless it says "rounds=".
  const bool salt_follows = scheme == "$1" || scheme == "$5" || scheme == "$6" || scheme == "$3";
  if (salt_follows && !hash.substr(first).starts_with("$rounds=")) return scheme;
  const std::size_t second = hash.find('$', first + 1);
  return hash.substr(0, second == std::string_view::npos ? hash.size() : second);
}

class parser {
 public:
  parser(user_table& out, std::vector<complaint>& complaints) : out_(out), complaints_(complaints) {}

  bool parse(std::string_view text) {
    while (!text.empty() && complaints_.size() < complaints_max) {
      ++number_;
      const std::size_t end = text.find('\n');
      const std::string_view whole = text.substr(0, end);
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
      if (whole.size() > line_bytes_max) {
        complain("found a line of " + std::to_string(whole.size()) + " bytes; wanted: at most " + std::to_string(line_bytes_max));
        continue;
      }
      const std::string_view line = trim(whole);
      if (line.empty() || line.front() == '#') continue;
      if (line.front() == '@') domain_line(line);
      else person_line(line);
    }
    choose_usual_hash();
    return complaints_.empty();
  }

 private:
  void complain(std::string what) {
    if (complaints_.size() < complaints_max) complaints_.push_back({number_, std::move(what)});
  }

  void domain_line(std::string_view line) {
    if (line.ends_with(':')) line.remove_suffix(1);
    take_domain(line.substr(1), user_table::everybody);
  }

  void person_line(std::string_view line) {
    const std::size_t first = line.find(':');
    if (first == std::string_view::npos) return complain("found no colon; wanted: address:hash, address:! or @domain");
    const std::size_t second = line.find(':', first + 1);
    const std::string_view address = trim(line.substr(0, first));
    const std::string_view hash = trim(line.substr(first + 1, second == std::string_view::npos ? second : second - first - 1));
    const std::string_view aliases = second == std::string_view::npos ? std::string_view{} : line.substr(second + 1);
    if (std::string fault = name_fault(address); !fault.empty()) return complain(std::move(fault));

    person who;
    who.address = fold(address);
    who.line = number_;
    if (hash.empty()) return complain("found no password hash for " + shown(address) + "; wanted: one of crypt(3), made by \"authbroker hash-password\", or !");
    // passwd -l puts the ! in front of a hash.
    if (hash.front() != '!') {
      if (!hash_ok(hash)) return complain("found something else than a hash for " + shown(address) + "; wanted: one of crypt(3), made by \"authbroker hash-password\", or !");
      who.hash = hash;
    }
    const std::size_t index = out_.people_.size();
    if (!take_name(who.address, {index, false})) return;
    out_.people_.push_back(std::move(who));
    read_aliases(aliases, index);
  }

  void read_aliases(std::string_view rest, std::size_t index) {
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      const std::string_view alias = trim(rest.substr(0, comma));
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
      if (alias.empty()) continue;
      if (alias.front() == '@') {
        if (take_domain(alias.substr(1), index)) out_.people_[index].takes_rest = true;
        continue;
      }
      if (std::string fault = alias.find(':') == std::string_view::npos ? name_fault(alias) : "found a third colon; wanted: address:hash:alias,alias"; !fault.empty()) {
        complain(std::move(fault));
        return;
      }
      std::string name = fold(alias);
      if (take_name(name, {index, true})) out_.people_[index].aliases.push_back(std::move(name));
    }
  }

  bool take_name(const std::string& name, user_table::named what) {
    if (out_.names_.emplace(name, what).second) {
      lines_.emplace(name, number_);
      return true;
    }
    complain("found " + shown(name) + " again, first in line " + std::to_string(lines_[name]) + "; wanted: each name once");
    return false;
  }

  bool take_domain(std::string_view written, std::size_t index) {
    const std::string domain = fold(written);
    if (!domain_ok(domain)) {
      complain("found " + shown(written) + "; wanted: @domain, in ASCII (xn--... for others)");
      return false;
    }
    if (out_.domains_.emplace(domain, index).second) {
      lines_.emplace("@" + domain, number_);
      return true;
    }
    complain("found " + shown("@" + domain) + " again, first in line " + std::to_string(lines_["@" + domain]) + "; wanted: each domain once");
    return false;
  }

  void choose_usual_hash() {
    std::map<std::string_view, std::pair<std::size_t, const std::string*>> counts;
    for (const person& p : out_.people_) {
      if (p.hash.empty()) continue;
      auto& [count, example] = counts[cost_of(p.hash)];
      ++count;
      example = &p.hash;
    }
    const auto most = std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second.first < b.second.first; });
    if (most != counts.end()) out_.usual_hash_ = *most->second.second;
  }

  user_table& out_;
  std::vector<complaint>& complaints_;
  std::unordered_map<std::string, unsigned> lines_;
  unsigned number_ = 0;
};

bool parse_users(std::string_view text, user_table& out, std::vector<complaint>& complaints) { return parser(out, complaints).parse(text); }

const person* user_table::login(std::string_view name) const {
  const auto at = names_.find(fold(name));
  return at == names_.end() || at->second.alias ? nullptr : &people_[at->second.index];
}

match user_table::mailbox(std::string_view name) const {
  const std::string folded = fold(name);
  if (const auto at = names_.find(folded); at != names_.end()) return {at->second.alias ? how::alias : how::person, &people_[at->second.index]};
  const std::size_t at_sign = folded.rfind('@');
  if (at_sign == std::string::npos) return {};
  const auto at = domains_.find(folded.substr(at_sign + 1));
  if (at == domains_.end()) return {};
  return at->second == everybody ? match{how::any, nullptr} : match{how::rest, &people_[at->second]};
}

}  // namespace static_users
