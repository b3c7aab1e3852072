#include "base/text.hpp"

#include <gtest/gtest.h>

#include <array>

namespace authbroker {
namespace {

using namespace std::chrono_literals;

TEST(Text, CaseIsAsciiCase) {
  EXPECT_EQ(to_lower("ABCxyz0[`{\xC3\x84"), "abcxyz0[`{\xC3\x84");
  EXPECT_TRUE(equal_fold("StLs", "sTlS"));
  EXPECT_FALSE(equal_fold("stls", "stl"));
  EXPECT_FALSE(equal_fold("@", "`"));
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim(" \t"), "");
}

TEST(Text, A_13_Utf8IsStrict) {  // A-13
  for (const std::string_view right : {"", "a", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(valid_utf8(right)) << right;
  for (const std::string_view wrong :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF\xFE", "\x80", "\xC2", "\xE0\xA0", "\xC2\x41", "ok\xE2\x82"})
    EXPECT_FALSE(valid_utf8(wrong)) << escape_for_log(wrong);
  EXPECT_TRUE(valid_utf8(std::string_view("\0", 1)));
}

TEST(Text, A_04_A_05_ControlsAreFoundInAnyDress) {  // A-04, A-05
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    EXPECT_EQ(has_control(std::string("a") + byte + "b"), c < 0x20 || (c >= 0x7F && c <= 0x9F)) << c;
  }
  EXPECT_TRUE(has_control("a\xC2\x85"));
  EXPECT_TRUE(has_control("a\xC2\x80"));
  EXPECT_FALSE(has_control("a\xC2\xA0"));
  EXPECT_FALSE(has_control("\xE2\x82\xAC \xF0\x9F\x98\x80"));
  EXPECT_FALSE(has_control(""));
}

TEST(Text, R_01_EscapedTextIsOneLineOfPrintableAscii) {  // R-01
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  for (const char c : escape_for_log(all, 256)) EXPECT_TRUE(c >= 0x20 && c < 0x7F);
  EXPECT_EQ(escape_for_log("a\r\nlevel=error \"x\" \\ \x1b[31m"), "a\\x0d\\x0alevel=error \\\"x\\\" \\\\ \\x1b[31m");
  EXPECT_EQ(escape_for_log("\xE2\x80\xA8"), "\\xe2\\x80\\xa8");
  EXPECT_EQ(escape_for_log("abcdef", 3), "abc...");
  EXPECT_EQ(escape_for_log("abc", 3), "abc");
  EXPECT_EQ(escape_for_log(std::string(300, 'x')).size(), 203u);
}

TEST(Text, PrintableAscii) {
  EXPECT_TRUE(printable_ascii(""));
  EXPECT_TRUE(printable_ascii(" ~ann@example.com!"));
  for (const char* other : {"\x1f", "\x7f", "\x80", "\xff", "gr\xC3\xBC", "a\tb"}) EXPECT_FALSE(printable_ascii(other)) << escape_for_log(other);
}

TEST(Text, EveryByteAtEveryPlace) {
  byte_classes itself{};
  for (std::size_t c = 0; c < 256; ++c) itself[c] = static_cast<std::uint8_t>(c);
  EXPECT_EQ(classes_of("", itself), 0U);
  for (std::size_t length = 1; length <= 40; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (unsigned c = 0; c < 256; ++c) {
        std::string text(length, 'a');
        text[at] = static_cast<char>(c);
        ASSERT_EQ(printable_ascii(text), c >= 0x20 && c < 0x7F) << length << ' ' << at << ' ' << c;
        ASSERT_EQ(classes_of(text, itself), length == 1 ? c : c | 'a') << length << ' ' << at << ' ' << c;
        std::string other(length, 'A');
        other[at] = static_cast<char>(c);
        ASSERT_TRUE(equal_fold(text, other)) << length << ' ' << at << ' ' << c;
        other[at] = static_cast<char>(c ^ 0x20U);
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        ASSERT_EQ(equal_fold(text, other), letter) << length << ' ' << at << ' ' << c;
      }
}

TEST(Text, R_01_EveryByteIsEscapedInItsPlace) {  // R-01
  for (std::size_t length = 1; length <= 20; ++length)
    for (std::size_t at = 0; at < length; ++at)
      for (unsigned c = 0; c < 256; ++c) {
        std::string text(length, 'a'), shown(1, static_cast<char>(c));
        text[at] = static_cast<char>(c);
        constexpr std::string_view hex = "0123456789abcdef";
        if (c == '\\' || c == '"') shown.insert(0, 1, '\\');
        else if (c < 0x20 || c > 0x7E) shown = std::string("\\x") + hex[c / 16] + hex[c % 16];
        ASSERT_EQ(escape_for_log(text), text.substr(0, at) + shown + text.substr(at + 1)) << length << ' ' << at << ' ' << c;
        ASSERT_EQ(escape_for_log(text, at), text.substr(0, at) + "...") << length << ' ' << at << ' ' << c;
      }
  EXPECT_EQ(escape_for_log(std::string(2000, '\xff'), 1999).size(), 4U * 1999 + 3);
}

TEST(Text, ANoticeIsFitForAUsersEyes) {
  EXPECT_EQ(clean_notice("  plain, but too long  ", 9), "plain,");
  EXPECT_EQ(clean_notice(" \t plain\t "), "plain");
  EXPECT_EQ(clean_notice("  Your quota\r\nis full \x07!"), "Your quota  is full  !");
  EXPECT_EQ(clean_notice("\xE2\x80\xAE" "evil\xE2\x80\x8B"), "evil");
  EXPECT_EQ(clean_notice("bad\xFFutf"), "bad?utf");
  EXPECT_EQ(clean_notice("gr\xC3\xBC\xC3\x9F" "e", 4), "gr\xC3\xBC\xC3\x9F");
  EXPECT_EQ(clean_notice(std::string(1000, 'x')).size(), 200u);
}

std::optional<std::string> decode(std::string_view in) {
  std::string out(in.size(), '\0');
  const auto n = base64_decode(in, out.data());
  if (!n) return std::nullopt;
  out.resize(*n);
  return out;
}

TEST(Base64, ItsOwnInverseForEveryLength) {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(decode(base64_encode(bytes)), bytes) << i;
    bytes += static_cast<char>(i * 37);
  }
  EXPECT_EQ(base64_encode("f"), "Zg==");
  EXPECT_EQ(base64_encode("fo"), "Zm8=");
  EXPECT_EQ(base64_encode("foobar"), "Zm9vYmFy");
}

TEST(Base64, A_16_OneFormOnly) {  // A-16
  for (const std::string_view wrong : {"Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", "Zm9v\r\n", "Zm9v ", " Zm9v", "Z m9", "Zm-_", "Zh==", "Zm9=", "Zm9vYg==x", "Z=g=", "Zg=\0", "\xC3\xBC\xC3\xBC"})
    EXPECT_FALSE(decode(wrong)) << wrong;
  EXPECT_EQ(decode(""), "");
  EXPECT_FALSE(decode(std::string_view("Zg=\0", 4)));
}

TEST(Duration, TakesAWholeNumberAndAUnit) {
  struct row {
    std::string_view text;
    std::optional<std::chrono::milliseconds> value;
  };
  const row rows[] = {{"300ms", 300ms}, {"5s", 5s},   {"10m", 10min}, {"2h", 2h},           {"31d", 744h},          {"0s", 0ms},          {"3650d", 87600h},      {"", {}},
                      {"5", {}},        {"s", {}},    {"-5s", {}},    {"+5s", {}},          {"5.0s", {}},           {" 5s", {}},          {"5s ", {}},            {"5 s", {}},
                      {"5S", {}},       {"5sec", {}}, {"3651d", {}},  {"99999999999h", {}}, {"18446744073709551616s", {}}, {"0x5s", {}}, {"5s5s", {}},           {"1e3s", {}}};
  for (const row& r : rows) EXPECT_EQ(parse_duration(r.text), r.value) << r.text;
  for (const auto d : {0ms, 1ms, 1500ms, 1000ms, 90'000ms, 3'600'000ms, 86'400'000ms}) EXPECT_EQ(parse_duration(format_duration(d)), d);
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(744h), "31d");
}

TEST(Size, TakesAWholeNumberAndAUnit) {
  EXPECT_EQ(parse_size("64KiB"), 65536u);
  EXPECT_EQ(parse_size("1MiB"), 1048576u);
  EXPECT_EQ(parse_size("4096B"), 4096u);
  EXPECT_EQ(parse_size("1GiB"), 1073741824u);
  for (const std::string_view wrong : {"", "64", "64K", "64KB", "64kib", "2GiB", "-1B", "1.5MiB", "99999999999999999999B", "KiB"}) EXPECT_FALSE(parse_size(wrong)) << wrong;
}

TEST(TellsPassword, R_02_InEveryDress) {
  const std::span<const std::string_view> nobody;
  EXPECT_TRUE(tells_password("-ERR no such password hunter2 here", "hunter2", nobody));
  EXPECT_FALSE(tells_password("-ERR no such password Hunter2 here", "hunter2", nobody));
  EXPECT_FALSE(tells_password("text", "", nobody));
  EXPECT_FALSE(tells_password("", "x", nobody));
  EXPECT_TRUE(tells_password("aXbX", "X", nobody));
  for (const std::string password : {"abc", "hunter2", "correct horse", "12345678", "p\xC3\xA4ss"})
    for (std::size_t before = 0; before < 7; ++before)
      for (std::size_t after = 0; after < 4; ++after) {
        const std::string coded = base64_encode(std::string(before, '\x01') + password + std::string(after, '\x02'));
        EXPECT_TRUE(tells_password("235 " + coded, password, nobody)) << password << " " << before << " " << after;
      }
}

TEST(TellsPassword, APartOfTheNameThatWasAskedAboutIsNoNews) {
  const std::vector<std::string_view> names{"nobody@example.test", "nobody"};
  EXPECT_FALSE(tells_password("no entry matches (|(mail=nobody@example.test)(uid=nobody))", "example", names));
  EXPECT_FALSE(tells_password("no such user nobody", "nobody", names));
  EXPECT_TRUE(tells_password("nobody@example.test: bad password example", "example", names));
  EXPECT_TRUE(tells_password("nobody@example.tes", "example", names));   // not that name
  EXPECT_TRUE(tells_password("nobody@example.test.", "test.", names));  // more than it
}

}  // namespace
}  // namespace authbroker
