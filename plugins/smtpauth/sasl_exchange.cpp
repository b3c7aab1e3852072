#include "sasl_exchange.hpp"

#include <sasl/sasl.h>

#include <abk/words.hpp>
#include <array>
#include <cstring>

#include "challenge.hpp"

namespace smtpauth {
namespace {

template <class Function>
int (*as_callback(Function* f))() {
  return reinterpret_cast<int (*)()>(reinterpret_cast<void (*)()>(f));
}

// sasl_secret_t, which ends in an array of any length.
class held_secret {
 public:
  explicit held_secret(abk::secret_view password) : size_(sizeof(sasl_secret_t) + password.size()), bytes_(new unsigned char[size_]()) {
    auto* const s = ::new (bytes_.get()) sasl_secret_t;
    s->len = password.size();
    std::memcpy(bytes_.get() + offsetof(sasl_secret_t, data), password.reveal().data(), password.size());
  }
  ~held_secret() { abk::wipe(bytes_.get(), size_); }
  held_secret(const held_secret&) = delete;
  held_secret& operator=(const held_secret&) = delete;
  sasl_secret_t* get() const { return reinterpret_cast<sasl_secret_t*>(bytes_.get()); }

 private:
  std::size_t size_;
  std::unique_ptr<unsigned char[]> bytes_;
};

// A realm, for DIGEST-MD5: the one that the name is in, else the server's first.
int choose_realm(void* context, int /*id*/, const char** offered, const char** out) {
  const auto& name = *static_cast<const std::string*>(context);
  if (offered == nullptr || offered[0] == nullptr) return SASL_FAIL;
  *out = offered[0];
  const std::size_t at = name.rfind('@');
  for (const char** one = offered; at != name.npos && *one != nullptr; ++one)
    if (abk::same_word(*one, std::string_view(name).substr(at + 1))) *out = *one;
  return SASL_OK;
}
// The two names: the one that logs in, and the one to act as, which is left empty.
int tell_name(void* context, int id, const char** out, unsigned* size) {
  const auto& name = *static_cast<const std::string*>(context);
  *out = id == SASL_CB_AUTHNAME ? name.c_str() : "";
  if (size != nullptr) *size = static_cast<unsigned>(std::strlen(*out));
  return SASL_OK;
}
int tell_secret(sasl_conn_t* /*conn*/, void* context, int /*id*/, sasl_secret_t** out) {
  *out = static_cast<sasl_secret_t*>(context);
  return SASL_OK;
}
// The options that would else be looked for elsewhere. Version 1 of NTLM can be broken by whoever listens.
int tell_option(void* /*context*/, const char* /*plugin*/, const char* option, const char** out, unsigned* size) {
  if (std::string_view(option) != "ntlm_v2") return SASL_FAIL;
  *out = "yes";
  if (size != nullptr) *size = 3;
  return SASL_OK;
}
int say_nothing(void* /*context*/, int /*level*/, const char* /*text*/) { return SASL_OK; }

}  // namespace

struct exchange::inside {
  std::string name;
  held_secret secret;
  std::array<sasl_callback_t, 7> callbacks{};
  sasl_conn_t* conn = nullptr;

  inside(std::string_view n, abk::secret_view password) : name(n), secret(password) {
    callbacks = {{{SASL_CB_AUTHNAME, as_callback(&tell_name), &name},
                  {SASL_CB_USER, as_callback(&tell_name), &name},
                  {SASL_CB_PASS, as_callback(&tell_secret), secret.get()},
                  {SASL_CB_GETREALM, as_callback(&choose_realm), &name},
                  {SASL_CB_GETOPT, as_callback(&tell_option), nullptr},
                  {SASL_CB_LOG, as_callback(&say_nothing), nullptr},
                  {SASL_CB_LIST_END, nullptr, nullptr}}};
  }
  ~inside() {
    if (conn != nullptr) sasl_dispose(&conn);  // before the secret goes
  }
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
};

exchange::exchange(mechanism by, const std::string& server, std::string_view name, abk::secret_view password, bool encrypted)
    : inside_(std::make_unique<inside>(name, password)), by_(by) {
  sasl_conn_t*& conn = inside_->conn;
  if (sasl_client_new("smtp", server.c_str(), nullptr, nullptr, inside_->callbacks.data(), 0, &conn) != SASL_OK) return;
  // TLS is the host's: no layer of the library's own inside it.
  sasl_security_properties_t wanted{};
  wanted.security_flags = SASL_SEC_NOANONYMOUS;
  sasl_setprop(conn, SASL_SEC_PROPS, &wanted);
  const sasl_ssf_t strength = encrypted ? 256 : 0;
  sasl_setprop(conn, SASL_SSF_EXTERNAL, &strength);
}

exchange::~exchange() = default;

bool exchange::took(int result, const char* out, unsigned size) {
  response_ = abk::secret_view(std::string_view(out == nullptr ? "" : out, out == nullptr ? 0 : size));
  complete_ = result == SASL_OK;
  return result == SASL_OK || result == SASL_CONTINUE;
}

bool exchange::start() {
  if (inside_->conn == nullptr) return false;
  const char* out = nullptr;
  unsigned size = 0;
  const char* chosen = nullptr;
  // Without a place for a first message none is made: DIGEST-MD5's would be computed from the password, for a server seen before.
  const int result = sasl_client_start(inside_->conn, std::string(name_of(by_)).c_str(), nullptr, speaks_first(by_) ? &out : nullptr, &size, &chosen);
  return took(result, out, size) && !complete_ && chosen != nullptr && name_of(by_) == chosen;
}

bool exchange::step(std::string_view challenge) {
  // An empty challenge has NTLM's client begin. DIGEST-MD5's would resume an earlier login, by the password and unasked.
  if (complete_ || (challenge.empty() && by_ != mechanism::ntlm)) return false;
  if (by_ == mechanism::digest_md5 && !digest_in_order(challenge, steps_ == 0)) return false;
  ++steps_;
  const char* out = nullptr;
  unsigned size = 0;
  const int result = sasl_client_step(inside_->conn, challenge.empty() ? nullptr : challenge.data(), static_cast<unsigned>(challenge.size()), nullptr, &out, &size);
  return took(result, out, size);
}

}  // namespace smtpauth
