// The few lines of BER that writing LDAP needs (X.690 with definite, shortest lengths), and a reader of elements above liblber.
// Private to this library.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct berelement;  // liblber's

namespace directory::ber {

enum tag : std::uint32_t {
  boolean = 0x01,
  integer = 0x02,
  octets = 0x04,
  enumerated = 0x0a,
  sequence = 0x30,
  set = 0x31,
};

// Header of an element with `bytes` of content. `tag` is one byte.
void put_header(std::string& out, std::uint32_t tag, std::size_t bytes);
void put(std::string& out, std::uint32_t tag, std::string_view content);
void put_number(std::string& out, std::uint32_t tag, std::int32_t number);
std::size_t header_bytes(std::size_t content_bytes) noexcept;
std::size_t number_bytes(std::int32_t number) noexcept;  // header and all

struct element {
  std::uint32_t tag = 0;
  std::string_view content;
};

// liblber's own state, made once for all levels of a message: it is no value type.
class lens {
 public:
  lens();  // throws std::bad_alloc

 private:
  friend class reader;
  struct free {
    void operator()(berelement*) const noexcept;
  };
  std::unique_ptr<berelement, free> state_;
};

// Walks over the elements of one level. The byte behind `content` must be readable, though nothing is made of it: liblber looks
// at it. Never reads further, never writes, never recurses, never allocates.
class reader {
 public:
  reader(const lens& through, std::string_view content) noexcept : through_(&through), rest_(content) {}
  bool done() const noexcept { return rest_.empty(); }
  // False when what follows is not a complete element with a definite length.
  bool next(element& out) noexcept;
  // The next element, which must have this tag.
  bool next(std::uint32_t tag, std::string_view& content) noexcept;
  bool next_number(std::uint32_t tag, std::int32_t& number) noexcept;

 private:
  const lens* through_;
  std::string_view rest_;
};

// Content of an INTEGER or ENUMERATED of one to four bytes.
bool number(std::string_view content, std::int32_t& out) noexcept;

}  // namespace directory::ber
