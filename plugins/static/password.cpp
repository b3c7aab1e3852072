#include "password.hpp"

#include <crypt.h>
#include <string.h>

#include <array>
#include <cstddef>
#include <memory>
#include <new>

namespace static_users {
namespace {

// crypt(3) works in here and leaves intermediate values behind.
struct wiped_room {
  crypt_data work{};
  std::array<char, CRYPT_MAX_PASSPHRASE_SIZE> password{};
  ~wiped_room() { explicit_bzero(static_cast<void*>(this), sizeof *this); }
};

// Time depends on the length only, and that is the hash's, which is no secret.
bool same(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned char differ = 0;
  for (std::size_t i = 0; i < a.size(); ++i) differ |= static_cast<unsigned char>(static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]));
  return differ == 0;
}

}  // namespace

outcome check_password(std::string_view password, const std::string& hash) noexcept {
  const bool bcrypt = hash.starts_with("$2");
  if (password.size() >= CRYPT_MAX_PASSPHRASE_SIZE || (bcrypt && password.size() > 72)) return outcome::too_long;
  // A C string would end at a NUL: another, shorter password.
  if (password.find('\0') != std::string_view::npos) return outcome::wrong;
  const std::unique_ptr<wiped_room> room(new (std::nothrow) wiped_room);
  if (!room) return outcome::broken;
  password.copy(room->password.data(), password.size());
  const char* const made = crypt_r(room->password.data(), hash.c_str(), &room->work);
  // "*0" and "*1" are crypt(3)'s ways to say that it failed; neither may ever be equal to anything.
  if (made == nullptr || made[0] == '*' || made[0] == '\0') return outcome::broken;
  return same(made, hash) ? outcome::right : outcome::wrong;
}

std::string hash_fault(const std::string& hash) {
  switch (crypt_checksalt(hash.c_str())) {
    case CRYPT_SALT_OK:
    case CRYPT_SALT_METHOD_LEGACY:
    case CRYPT_SALT_TOO_CHEAP: return {};
    case CRYPT_SALT_METHOD_DISABLED: return "a hash of a scheme that this machine's crypt(3) has switched off";
    default: return "a hash of a scheme that this machine's crypt(3) does not know";
  }
}

const std::string& stand_in_hash() {
  static const std::string hash = [] {
    char setting[CRYPT_GENSALT_OUTPUT_SIZE];
    const char* const made = crypt_gensalt_rn(nullptr, 0, nullptr, 0, setting, sizeof setting);
    return std::string(made == nullptr ? "$6$authbroker" : made);
  }();
  return hash;
}

}  // namespace static_users
