// Bytes that came and were not served yet. They may hold a password: every byte is overwritten as soon as it is not needed.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace authbroker {

// Small while a caller is idle, and grows up to `bytes_max` for a long request. One owner, one thread.
class input_buffer {
 public:
  static constexpr std::size_t small_bytes = 2048;

  explicit input_buffer(std::size_t bytes_max) : bytes_max_(bytes_max < small_bytes ? small_bytes : bytes_max) {}
  ~input_buffer();
  input_buffer(const input_buffer&) = delete;
  input_buffer& operator=(const input_buffer&) = delete;

  // For the next make_room(): a request may be as long as the rules of the day say.
  void allow(std::size_t bytes_max) { bytes_max_ = bytes_max < small_bytes ? small_bytes : bytes_max; }

  std::string_view bytes() const { return {room_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }

  // Where the next bytes go; empty if there is no room. Valid until make_room().
  std::span<char> space() { return {room_.get() + end_, capacity_ - end_}; }
  // `n` bytes were put into space(). Views into bytes() stay valid.
  void commit(std::size_t n) { end_ += n; }
  // The first `n` of bytes() are done with.
  void consume(std::size_t n);

  // Moves what is left to the front and grows or shrinks, so that space() has room. Ends all views. False when bytes_max
  // bytes are waiting already.
  bool make_room();

 private:
  void move_to(std::size_t capacity);
  std::size_t bytes_max_;
  std::unique_ptr<char[]> room_;
  std::size_t capacity_ = 0, begin_ = 0, end_ = 0;
};

}  // namespace authbroker
