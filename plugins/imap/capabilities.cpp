#include "capabilities.hpp"

#include <abk/words.hpp>

#include <algorithm>

namespace imap {
namespace {

constexpr std::string_view auth = "AUTH=";
constexpr std::size_t mechanisms_max = 32;
constexpr std::size_t mechanism_bytes_max = 20;  // RFC 4422
constexpr std::string_view beginning = "IMAP";   // of a remembered line

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool mechanism_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

void add_mechanism(capabilities& to, std::string_view name) {
  if (abk::same_word(name, "PLAIN")) to.plain = true;
  if (name.empty() || name.size() > mechanism_bytes_max || to.mechanisms.size() == mechanisms_max) return;
  std::string small;
  for (const char c : name) small += lower(c);
  if (!std::all_of(small.begin(), small.end(), mechanism_letter)) return;
  if (std::find(to.mechanisms.begin(), to.mechanisms.end(), small) == to.mechanisms.end()) to.mechanisms.push_back(std::move(small));
}

struct flag {
  std::string_view word;
  bool capabilities::*is;
};
constexpr flag flags[] = {{"LOGINDISABLED", &capabilities::login_disabled},
                          {"SASL-IR", &capabilities::sasl_ir},
                          {"LITERAL+", &capabilities::literal_plus},
                          {"LITERAL-", &capabilities::literal_minus},
                          {"ID", &capabilities::id}};

}  // namespace

void add_capabilities(capabilities& to, std::string_view words) {
  for (std::string_view word = abk::next_word(words); !word.empty(); word = abk::next_word(words)) {
    for (const flag& f : flags)
      if (abk::same_word(word, f.word)) to.*f.is = true;
    if (abk::same_word(word, "STARTTLS")) to.starttls = true;
    if (abk::begins_with(word, auth)) add_mechanism(to, word.substr(auth.size()));
  }
}

std::string remembered(const capabilities& can) {
  std::string out(beginning);
  for (const flag& f : flags)
    if (can.*f.is) out.append(" ").append(f.word);
  if (can.plain) out += " AUTH=PLAIN";
  return out;
}

capabilities recalled(std::string_view text) {
  capabilities out;
  if (abk::next_word(text) != beginning) return {};
  for (std::string_view word = abk::next_word(text); !word.empty(); word = abk::next_word(text)) {
    bool known = word == "AUTH=PLAIN";
    for (const flag& f : flags) known = known || word == f.word;
    if (!known) return {};
    add_capabilities(out, word);
  }
  out.known = true;
  return out;
}

}  // namespace imap
