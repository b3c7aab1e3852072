// A text that is built of many small pieces. Each piece asks once for the room that it may come to need and is then written
// where it stays: no question a byte, and no allocation while the text is short.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string_view>

namespace authbroker {

class text_buffer {
 public:
  text_buffer() = default;
  text_buffer(const text_buffer&) = delete;
  text_buffer& operator=(const text_buffer&) = delete;

  std::string_view view() const { return {begin_, static_cast<std::size_t>(end_ - begin_)}; }
  void clear() { end_ = begin_; }
  // The end of the text, with room for `bytes` behind it. What has been written there belongs to the text once wrote() has
  // been told where it ends. Good until the next call of room(). Throws std::bad_alloc.
  char* room(std::size_t bytes) {
    if (bytes > static_cast<std::size_t>(limit_ - end_)) [[unlikely]] grow(bytes);
    return end_;
  }
  void wrote(char* end) { end_ = end; }
  void append(std::string_view piece) { wrote(copy_to(room(piece.size()), piece)); }

  static char* copy_to(char* to, std::string_view piece) { return std::copy(piece.begin(), piece.end(), to); }

 private:
  void grow(std::size_t bytes);

  std::array<char, 1024> first_;  // of a decision's line and of an answer few are longer
  std::unique_ptr<char[]> more_;  // once that is not enough
  char* begin_ = first_.data();
  char* end_ = begin_;
  char* limit_ = begin_ + first_.size();
};

}  // namespace authbroker
