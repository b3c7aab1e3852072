#include "ber.hpp"

#include <lber.h>

#include <new>

namespace directory::ber {

std::size_t header_bytes(std::size_t content_bytes) noexcept {
  std::size_t n = 2;
  if (content_bytes >= 0x80)
    for (std::size_t left = content_bytes; left > 0; left >>= 8) ++n;
  return n;
}

void put_header(std::string& out, std::uint32_t tag, std::size_t bytes) {
  out.push_back(static_cast<char>(tag));
  if (bytes < 0x80) {
    out.push_back(static_cast<char>(bytes));
    return;
  }
  const std::size_t digits = header_bytes(bytes) - 2;
  out.push_back(static_cast<char>(0x80 | digits));
  for (std::size_t i = digits; i-- > 0;) out.push_back(static_cast<char>(bytes >> (8 * i) & 0xff));
}

void put(std::string& out, std::uint32_t tag, std::string_view content) {
  put_header(out, tag, content.size());
  out.append(content);
}

namespace {

// The shortest form keeps the sign: a byte goes while it and the bit after it say the same.
std::size_t digits_of(std::int32_t number) noexcept {
  std::size_t digits = 4;
  while (digits > 1) {
    const std::int32_t top = number >> (8 * (digits - 1) - 1);
    if (top != 0 && top != -1) break;
    --digits;
  }
  return digits;
}

}  // namespace

std::size_t number_bytes(std::int32_t number) noexcept { return 2 + digits_of(number); }

void put_number(std::string& out, std::uint32_t tag, std::int32_t number) {
  const std::size_t digits = digits_of(number);
  put_header(out, tag, digits);
  for (std::size_t i = digits; i-- > 0;) out.push_back(static_cast<char>(number >> (8 * i) & 0xff));
}

lens::lens() : state_(ber_alloc_t(0)) {
  if (!state_) throw std::bad_alloc();
}

void lens::free::operator()(berelement* state) const noexcept { ber_free(state, 0); }

bool reader::next(element& out) noexcept {
  BerElement* const at = through_->state_.get();
  // liblber takes pointers to non-const; with ber_skip_element() nothing is written through them.
  berval all{rest_.size(), const_cast<char*>(rest_.data())};
  berval content{};
  ber_init2(at, &all, 0);
  const ber_tag_t tag = ber_skip_element(at, &content);
  if (tag == LBER_DEFAULT) return false;
  out.tag = static_cast<std::uint32_t>(tag);
  out.content = {content.bv_val, content.bv_len};
  rest_.remove_prefix(static_cast<std::size_t>(content.bv_val + content.bv_len - rest_.data()));
  return true;
}

bool reader::next(std::uint32_t tag, std::string_view& content) noexcept {
  element one;
  if (!next(one) || one.tag != tag) return false;
  content = one.content;
  return true;
}

bool reader::next_number(std::uint32_t tag, std::int32_t& out) noexcept {
  std::string_view content;
  return next(tag, content) && number(content, out);
}

bool number(std::string_view content, std::int32_t& out) noexcept {
  if (content.empty() || content.size() > 4) return false;
  std::int32_t value = static_cast<signed char>(content.front());
  for (const char c : content.substr(1)) value = value * 256 + static_cast<unsigned char>(c);
  out = value;
  return true;
}

}  // namespace directory::ber
