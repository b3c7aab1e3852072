// Spellings of addresses. Oracles: quoting twice changes nothing more; the domain is never touched; what stands alone has no
// comma, blank, bracket or line's end outside quotes.
#include "wire/address_form.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  using namespace authbroker;
  const std::string in(reinterpret_cast<const char*>(bytes), n);
  const std::string form = quoted_address(in);
  if (quoted_address(form) != form) std::abort();
  if (const std::size_t at = in.rfind('@'); at != std::string::npos && form.substr(form.rfind('@')) != in.substr(at)) std::abort();
  if (!stands_alone(form)) return 0;
  bool quoted = false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '\n' || form[i] == '\0') std::abort();
    if (quoted && form[i] == '\\') ++i;
    else if (form[i] == '"') quoted = !quoted;
    else if (!quoted && std::string_view(", <>()[];:\t").find(form[i]) != std::string_view::npos) std::abort();
  }
  if (quoted) std::abort();
  return 0;
}
