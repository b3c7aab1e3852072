// What is written is what is read, by the letter of the grammar, for every byte.
#include "imap/spelling.hpp"

#include <gtest/gtest.h>

#include <string>

namespace {

using imap::form;

std::string spelled(const std::string& text) { return std::string(imap::spelled(abk::secret_view(text)).view().reveal()); }

// A server's reader: an atom, a quoted string, or the bytes of a literal. Nothing if the grammar of RFC 3501 has no such thing.
std::string read_back(const std::string& wire, form f) {
  if (f == form::literal) return wire.find('\0') == wire.npos ? wire : "?";
  if (f == form::atom) {
    for (const char c : wire)
      if (c <= 0x20 || c == 0x7f || std::string("(){%*\"\\]").find(c) != std::string::npos) return "?";
    return wire.empty() ? "?" : wire;
  }
  std::string out;
  if (wire.size() < 2 || wire.front() != '"' || wire.back() != '"') return "?";
  for (std::size_t i = 1; i + 1 < wire.size(); ++i) {
    if (wire[i] == '"' || wire[i] < 0 || wire[i] == '\r' || wire[i] == '\n') return "?";
    if (wire[i] == '\\' && ++i + 1 >= wire.size()) return "?";
    out += wire[i];
  }
  return out;
}

TEST(ImapSpelling, EveryByteAndEveryPairOfBytesComesBack) {
  for (int a = 1; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      std::string text(1, static_cast<char>(a));
      if (b > 0) text += static_cast<char>(b);
      const form f = imap::form_of(text);
      ASSERT_EQ(read_back(spelled(text), f), text) << a << " " << b;
      ASSERT_EQ(spelled(text).size(), imap::spelled_size(text));
      ASSERT_EQ(f == form::literal, [&] {
        for (const char c : text)
          if (c < 0x20 || c == 0x7f) return true;
        return false;
      }()) << a << " " << b;
    }
  }
}

TEST(ImapSpelling, ThePlainestFormIsTaken) {
  EXPECT_EQ(imap::form_of("ann@example.com"), form::atom);
  EXPECT_EQ(imap::form_of("A-b_3"), form::atom);
  for (const char* text : {"", "NIL", "nil", "a b", "a+b", "{3}", "a\\", "\"", "]", "%"}) EXPECT_EQ(imap::form_of(text), form::quoted) << text;
  EXPECT_EQ(imap::form_of("caf\xc3\xa9"), form::literal);
  EXPECT_EQ(spelled("say \"\\\""), "\"say \\\"\\\\\\\"\"");
  EXPECT_EQ(spelled(""), "\"\"");
}

}  // namespace
