#include "base/text_buffer.hpp"

#include <utility>

namespace authbroker {

void text_buffer::grow(std::size_t bytes) {
  const std::size_t used = view().size(), wanted = 2 * (used + bytes);
  std::unique_ptr<char[]> larger(new char[wanted]);
  copy_to(larger.get(), view());
  more_ = std::move(larger);
  begin_ = more_.get();
  end_ = begin_ + used;
  limit_ = begin_ + wanted;
}

}  // namespace authbroker
