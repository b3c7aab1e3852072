// Bytes that must not be seen. A secret_view borrows a password from the host; a secret_text owns something computed from one
// (its base64, say) and wipes it. Neither can be printed, compared or turned into a string by accident: reveal() is the one
// way to the bytes, and easy to search for.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

namespace abk {

// Overwrites memory in a way that no optimiser removes.
inline void wipe(void* bytes, std::size_t n) noexcept {
  if (n == 0) return;
  std::memset(bytes, 0, n);
  __asm__ __volatile__("" : : "r"(bytes) : "memory");  // somebody might look
}

class secret_view {
 public:
  constexpr secret_view() noexcept = default;
  constexpr explicit secret_view(std::string_view bytes) noexcept : bytes_(bytes) {}
  constexpr std::string_view reveal() const noexcept { return bytes_; }
  constexpr bool empty() const noexcept { return bytes_.empty(); }
  constexpr std::size_t size() const noexcept { return bytes_.size(); }

 private:
  std::string_view bytes_;
};

// Grows up to the size it was made with and never moves its bytes, so that no copy of them stays behind.
class secret_text {
 public:
  // Throws std::bad_alloc.
  explicit secret_text(std::size_t bytes_max) : data_(new char[bytes_max]), max_(bytes_max) {}
  secret_text(secret_text&& other) noexcept : data_(std::move(other.data_)), size_(other.size_), max_(other.max_) { other.size_ = other.max_ = 0; }
  secret_text& operator=(secret_text&&) = delete;
  ~secret_text() {
    if (data_) wipe(data_.get(), max_);
  }

  // False, and nothing appended, when it would not fit.
  bool append(std::string_view bytes) noexcept {
    if (bytes.size() > max_ - size_) return false;
    if (!bytes.empty()) std::memcpy(data_.get() + size_, bytes.data(), bytes.size());
    size_ += bytes.size();
    return true;
  }
  bool append(secret_view bytes) noexcept { return append(bytes.reveal()); }
  bool append(char c) noexcept { return append(std::string_view(&c, 1)); }
  std::size_t size() const noexcept { return size_; }
  secret_view view() const noexcept { return secret_view({data_.get(), size_}); }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t max_ = 0;
};

constexpr std::size_t base64_size(std::size_t bytes) noexcept { return (bytes + 2) / 3 * 4; }

// Base64 with padding and without line breaks. The result is as secret as its input.
inline secret_text base64(secret_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  const std::string_view in = bytes.reveal();
  secret_text out(base64_size(in.size()));
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < in.size() ? static_cast<unsigned char>(in[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out.append(i + k <= in.size() ? digits[group >> (18 - 6 * k) & 63U] : '=');
  }
  return out;
}

// The message of SASL PLAIN (RFC 4616) in base64. Nobody logs in for somebody else: the identity to act as is left empty.
inline secret_text sasl_plain(std::string_view name, secret_view password) {
  secret_text message(2 + name.size() + password.size());
  message.append('\0');
  message.append(name);
  message.append('\0');
  message.append(password);
  return base64(message.view());
}
constexpr std::size_t sasl_plain_size(std::size_t name_bytes, std::size_t password_bytes) noexcept { return base64_size(2 + name_bytes + password_bytes); }

}  // namespace abk
