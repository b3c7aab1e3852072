#include "spelling.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace directory {
namespace {

struct range {
  std::uint32_t first, last;
};
// What compatibility decomposition, or the preparation of strings for comparison (RFC 4518), turns into something else or nothing.
constexpr range folded[] = {
    {0x00a0, 0x00a0}, {0x00a8, 0x00a8}, {0x00aa, 0x00aa}, {0x00ad, 0x00ad}, {0x00af, 0x00af}, {0x00b2, 0x00b5}, {0x00b8, 0x00ba},  // Latin-1's blanks, accents, superscripts
    {0x0132, 0x0133}, {0x013f, 0x0140}, {0x0149, 0x0149}, {0x017f, 0x017f}, {0x01c4, 0x01cc}, {0x01f1, 0x01f3},                      // digraphs and the long s
    {0x02b0, 0x02b8}, {0x02d8, 0x02dd}, {0x02e0, 0x02e4}, {0x0300, 0x036f}, {0x037a, 0x037a},                                        // letters above, accents by themselves
    {0x1680, 0x1680}, {0x180b, 0x180e}, {0x1ab0, 0x1aff}, {0x1d2c, 0x1d6a}, {0x1d78, 0x1d78}, {0x1d9b, 0x1dff},
    {0x2000, 0x200f}, {0x2011, 0x2011}, {0x2024, 0x2026}, {0x2028, 0x202f}, {0x205f, 0x209f}, {0x20d0, 0x20ff},                      // blanks, joiners, directions, sub- and superscripts
    {0x2100, 0x214f}, {0x2160, 0x217f}, {0x2460, 0x24ff}, {0x2c7c, 0x2c7d}, {0x3000, 0x3000}, {0x3099, 0x309c}, {0x3131, 0x318e}, {0x3200, 0x33ff},  // letterlike, Roman numerals, circled, squared
    {0xa69c, 0xa69d}, {0xa770, 0xa770}, {0xa7f8, 0xa7f9}, {0xf900, 0xfaff}, {0xfb00, 0xfdff}, {0xfe00, 0xfe0f},                      // ligatures, selectors of variants
    {0xfe20, 0xfe2f}, {0xfe30, 0xfeff}, {0xff00, 0xffff},                                                          // small, half and full width
    {0x1d400, 0x1d7ff}, {0x1f100, 0x1f1ff}, {0xe0000, 0xe0fff},                                                                      // mathematical, squared, tags
};

// The character at `at`, which is moved behind it. What is no UTF-8, which the host lets not through, is whatever it is.
std::uint32_t next(std::string_view text, std::size_t& at) noexcept {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t head = byte(at++);
  const std::size_t more = head >= 0xf0 ? 3 : head >= 0xe0 ? 2 : head >= 0xc0 ? 1 : 0;
  std::uint32_t out = more == 0 ? head : head & (0x3fU >> more);
  for (std::size_t i = 0; i < more && at < text.size() && (byte(at) & 0xc0) == 0x80; ++i) out = out << 6 | (byte(at++) & 0x3f);
  return out;
}

}  // namespace

bool ascii(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool plainly_spelled(std::string_view name) noexcept {
  bool blank = true;  // as if one stood before the name
  for (std::size_t at = 0; at < name.size();) {
    const std::uint32_t c = next(name, at);
    if (c == ' ' && blank) return false;
    blank = c == ' ';
    if (c < std::begin(folded)->first) continue;
    const range* const found = std::lower_bound(std::begin(folded), std::end(folded), c, [](const range& r, std::uint32_t wanted) { return r.last < wanted; });
    if (found != std::end(folded) && found->first <= c) return false;
  }
  return name.empty() || !blank;
}

}  // namespace directory
