// The arena: 64 KiB blocks, mapped, locked and excluded from dumps, cut into slots of two sizes, so that an ordinary
// password takes 128 bytes. A freed slot is wiped before it is offered again. Blocks are never given back: so each size has its
// own share of them, or a moment's long passwords would leave no room for ordinary ones ever after.
#include "base/secret.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstring>
#include <mutex>
#include <new>
#include <stdexcept>
#include <vector>

namespace authbroker {
namespace {

constexpr std::size_t block_bytes = std::size_t{64} * 1024;
constexpr std::size_t blocks_max = 128;  // of each size
constexpr std::array<std::size_t, 2> slot_bytes{128, 1024};
static_assert(slot_bytes.back() >= password_bytes_max);

class arena {
 public:
  void* take(std::size_t n) {
    const std::size_t size_class = n <= slot_bytes[0] ? 0 : 1;
    const std::lock_guard hold(mutex_);
    std::vector<void*>& free = free_[size_class];
    if (free.empty()) add_block(size_class);
    void* slot = free.back();
    free.pop_back();
    ++alive_;
    return slot;
  }
  void give(void* slot, std::size_t n) noexcept {
    const std::size_t size_class = n <= slot_bytes[0] ? 0 : 1;
    wipe(slot, n);
    const std::lock_guard hold(mutex_);
    free_[size_class].push_back(slot);  // never allocates: capacity was reserved with the block
    --alive_;
  }
  std::size_t alive() {
    const std::lock_guard hold(mutex_);
    return alive_;
  }
  bool locked() const { return locked_; }

 private:
  void add_block(std::size_t size_class) {
    if (blocks_[size_class] == blocks_max) throw std::bad_alloc();
    std::vector<void*>& free = free_[size_class];
    free.reserve((blocks_[size_class] + 1) * (block_bytes / slot_bytes[size_class]));
    void* p = mmap(nullptr, block_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) throw std::bad_alloc();
    ++blocks_[size_class];
    if (mlock(p, block_bytes) != 0) locked_ = false;
    madvise(p, block_bytes, MADV_DONTDUMP);
    madvise(p, block_bytes, MADV_WIPEONFORK);
    for (std::size_t at = 0; at < block_bytes; at += slot_bytes[size_class]) free.push_back(static_cast<char*>(p) + at);
  }

  std::mutex mutex_;
  std::array<std::vector<void*>, 2> free_;
  std::array<std::size_t, 2> blocks_{};
  std::size_t alive_ = 0;
  std::atomic<bool> locked_ = true;
};

// Leaked on purpose: secrets in other statics may outlive any destructor of ours.
arena& the_arena() {
  static arena* const only = new arena;
  return *only;
}

}  // namespace

secret::secret(std::string_view bytes) {
  if (bytes.size() > password_bytes_max) throw std::length_error("secret");
  if (bytes.empty()) return;
  data_ = static_cast<char*>(the_arena().take(bytes.size()));
  size_ = bytes.size();
  std::memcpy(data_, bytes.data(), size_);
}

secret& secret::operator=(secret&& other) noexcept {
  if (this != &other) {
    clear();
    data_ = other.data_;
    size_ = other.size_;
    other.data_ = nullptr;
    other.size_ = 0;
  }
  return *this;
}

void secret::clear() noexcept {
  if (data_ != nullptr) the_arena().give(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

void wipe(void* bytes, std::size_t n) noexcept { explicit_bzero(bytes, n); }
std::size_t secrets_alive() { return the_arena().alive(); }
bool secrets_locked() { return the_arena().locked(); }

}  // namespace authbroker
