// Memory for one password. A secret is move-only, lives in a locked arena that core dumps leave out, is wiped when it ends,
// and has no formatter, no comparison and no conversion: reveal() is the one way to its bytes, and easy to search for.
#pragma once
#include <cstddef>
#include <string_view>

namespace authbroker {

inline constexpr std::size_t password_bytes_max = 1024;

class secret {
 public:
  secret() = default;
  // Copies. Throws std::length_error above password_bytes_max, std::bad_alloc when the arena is full: 65,536 secrets of up to
  // 128 bytes and 8,192 longer ones, 16 MiB in all. [any thread]
  explicit secret(std::string_view bytes);
  secret(secret&& other) noexcept : data_(other.data_), size_(other.size_) { other.data_ = nullptr; other.size_ = 0; }
  secret& operator=(secret&& other) noexcept;
  secret(const secret&) = delete;
  secret& operator=(const secret&) = delete;
  ~secret() { clear(); }

  std::string_view reveal() const { return {data_, size_}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  secret copy() const { return secret(reveal()); }
  void clear() noexcept;

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

// Overwrites memory in a way that no optimiser removes.
void wipe(void* bytes, std::size_t n) noexcept;

// How many secrets are alive. For tests, and for the status page.
std::size_t secrets_alive();
// False once if memory could not be locked (RLIMIT_MEMLOCK): start-up warns.
bool secrets_locked();

}  // namespace authbroker
