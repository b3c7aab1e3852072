#include "tool/hash_password.hpp"

#include <crypt.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>

namespace authbroker {
namespace {

struct scheme_row {
  std::string_view name;
  const char* prefix;
  std::size_t bytes_max;  // longer passwords would be cut, or refused, by crypt(3)
  unsigned long cost = 0;  // 0: crypt(3)'s own default
};
constexpr auto schemes = std::to_array<scheme_row>({
    {"yescrypt", "$y$", CRYPT_MAX_PASSPHRASE_SIZE - 1},
    {"gost-yescrypt", "$gy$", CRYPT_MAX_PASSPHRASE_SIZE - 1},
    {"scrypt", "$7$", CRYPT_MAX_PASSPHRASE_SIZE - 1},
    {"bcrypt", "$2b$", 72, 12},
    {"sha512crypt", "$6$", CRYPT_MAX_PASSPHRASE_SIZE - 1},
    {"sha256crypt", "$5$", CRYPT_MAX_PASSPHRASE_SIZE - 1},
});

// crypt(3) keeps copies of the password in here, and is handed one with a NUL behind it.
struct wiped_room {
  crypt_data work{};
  std::array<char, CRYPT_MAX_PASSPHRASE_SIZE> password{};
  ~wiped_room() { wipe(this, sizeof *this); }
};

}  // namespace

std::vector<std::string_view> hash_schemes() {
  std::vector<std::string_view> out;
  for (const scheme_row& s : schemes)
    if (crypt_checksalt(s.prefix) != CRYPT_SALT_METHOD_DISABLED) out.push_back(s.name);
  return out;
}

std::string make_entry_hash(const secret& password, std::string_view scheme, std::uint32_t cost) {
  const std::string_view wanted = scheme.empty() ? std::string_view{"yescrypt"} : scheme;
  const auto row = std::find_if(schemes.begin(), schemes.end(), [wanted](const scheme_row& s) { return s.name == wanted; });
  if (row == schemes.end()) {
    std::string known;
    for (const std::string_view name : hash_schemes()) known += (known.empty() ? "" : ", ") + std::string(name);
    throw std::invalid_argument("unknown scheme \"" + std::string(wanted) + "\"; known: " + known);
  }
  const std::string_view bytes = password.reveal();
  if (bytes.empty()) throw std::invalid_argument("the password is empty");
  if (bytes.find('\0') != std::string_view::npos) throw std::invalid_argument("the password holds a NUL byte");
  if (bytes.size() > row->bytes_max)
    throw std::invalid_argument("the password is longer than " + std::to_string(row->bytes_max) + " bytes, beyond which " + std::string(row->name) + " looks at nothing");

  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char* const made = crypt_gensalt_rn(row->prefix, cost != 0 ? cost : row->cost, nullptr, 0, setting, sizeof setting);
  if (made == nullptr && cost != 0 && errno == EINVAL) throw std::invalid_argument(std::string(row->name) + " has no cost of " + std::to_string(cost) + "; see crypt(5)");
  if (made == nullptr)
    throw std::runtime_error("crypt_gensalt for " + std::string(row->name) + ": " + std::strerror(errno));
  const auto room = std::make_unique<wiped_room>();
  std::memcpy(room->password.data(), bytes.data(), bytes.size());
  const char* const hash = crypt_r(room->password.data(), setting, &room->work);
  if (hash == nullptr || hash[0] == '*') throw std::runtime_error("crypt with " + std::string(row->name) + ": " + std::strerror(errno));
  return hash;
}

}  // namespace authbroker
