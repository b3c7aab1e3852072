// Texts into JSON. Oracle: Boost.JSON reads back the same text where it was UTF-8, and nothing that a page could mistake for
// markup is left as it was.
#include "wire/json_writer.hpp"

#include <boost/json/parse.hpp>
#include <cstdint>
#include <cstdlib>

#include "base/text.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string text(reinterpret_cast<const char*>(bytes), n);
  text_buffer buffer;
  append_json_string(buffer, text);
  const std::string_view out = buffer.view();
  const boost::json::string back = boost::json::parse(out).as_string();
  if (valid_utf8(text) && std::string_view(back) != text) std::abort();
  if (out.find_first_of("<>&\n\r") != std::string::npos) std::abort();
  return 0;
}
