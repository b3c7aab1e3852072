#include "front/input_buffer.hpp"

#include <algorithm>
#include <cstring>

#include "base/secret.hpp"

namespace authbroker {

input_buffer::~input_buffer() {
  if (room_) wipe(room_.get() + begin_, end_ - begin_);
}

void input_buffer::consume(std::size_t n) {
  if (n == 0) return;
  wipe(room_.get() + begin_, n);
  begin_ += n;  // and nothing moves: a read into space() may be under way
}

bool input_buffer::make_room() {
  const std::size_t left = end_ - begin_;
  if (left >= bytes_max_) return false;
  if (left < small_bytes / 2) {
    if (capacity_ != small_bytes) {
      move_to(small_bytes);
    } else if (begin_ != 0) {
      std::memmove(room_.get(), room_.get() + begin_, left);
      wipe(room_.get() + std::max(left, begin_), end_ - std::max(left, begin_));
      begin_ = 0;
      end_ = left;
    }
  } else if (capacity_ - left < small_bytes / 2 && capacity_ < bytes_max_) {
    move_to(std::min(bytes_max_, capacity_ * 2));
  } else if (begin_ != 0) {
    move_to(capacity_);
  }
  return true;
}

void input_buffer::move_to(std::size_t capacity) {
  std::unique_ptr<char[]> room(new char[capacity]);
  const std::size_t left = end_ - begin_;
  if (left != 0) {
    std::memcpy(room.get(), room_.get() + begin_, left);
    wipe(room_.get() + begin_, left);
  }
  room_ = std::move(room);
  capacity_ = capacity;
  begin_ = 0;
  end_ = left;
}

}  // namespace authbroker
