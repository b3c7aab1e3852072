#include "sasl_library.hpp"

#include <abk/words.hpp>
#include <malloc.h>
#include <sasl/sasl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <abk/secret.hpp>
#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <mutex>
#include <new>
#include <sstream>

#include "sasl_exchange.hpp"

namespace smtpauth {
namespace {

// ---- memory: passwords, and what is computed from them, pass through the library's buffers.

void release(void* bytes) {
  if (bytes == nullptr) return;
  abk::wipe(bytes, malloc_usable_size(bytes));
  std::free(bytes);
}
void* resize(void* bytes, std::size_t n) {
  if (bytes == nullptr) return std::malloc(n);
  void* const out = std::malloc(n);
  if (out == nullptr) return nullptr;
  std::memcpy(out, bytes, std::min(n, malloc_usable_size(bytes)));
  release(bytes);
  return out;
}

// ---- locks: this version of the library has none of its own.

void* new_mutex() { return new (std::nothrow) std::mutex; }
int lock(void* m) {
  if (m == nullptr) return SASL_FAIL;
  static_cast<std::mutex*>(m)->lock();
  return SASL_OK;
}
int unlock(void* m) {
  if (m == nullptr) return SASL_FAIL;
  static_cast<std::mutex*>(m)->unlock();
  return SASL_OK;
}
void delete_mutex(void* m) { delete static_cast<std::mutex*>(m); }

// ---- plugins

// The mode of what nobody but root and we may write; else 0.
mode_t ours(const std::string& path) {
  struct stat is {};
  if (stat(path.c_str(), &is) != 0 || (is.st_mode & (S_IWGRP | S_IWOTH)) != 0) return 0;
  return is.st_uid == 0 || is.st_uid == geteuid() ? is.st_mode : 0;
}

int believed(void* /*context*/, const char* file, sasl_verify_type_t type) {
  if (type != SASL_VRFY_PLUGIN) return SASL_OK;
  std::string_view name(file);
  name.remove_prefix(name.rfind('/') + 1);
  constexpr std::array<std::string_view, 4> wanted{"libscram.so", "libdigestmd5.so", "libcrammd5.so", "libntlm.so"};
  if (std::find(wanted.begin(), wanted.end(), name) == wanted.end()) return SASL_CONTINUE;
  const std::string path(file);
  return S_ISREG(ours(path)) && S_ISDIR(ours(path.substr(0, path.rfind('/')))) ? SASL_OK : SASL_CONTINUE;
}
// Its messages would go to syslog, past our log.
int say_nothing(void* /*context*/, int /*level*/, const char* /*text*/) { return SASL_OK; }

template <class Function>
int (*as_callback(Function* f))() {
  return reinterpret_cast<int (*)()>(reinterpret_cast<void (*)()>(f));
}

int set_up() {
  sasl_set_alloc(&std::malloc, &std::calloc, &resize, &release);
  sasl_set_mutex(&new_mutex, &lock, &unlock, &delete_mutex);
  static const sasl_callback_t callbacks[] = {{SASL_CB_VERIFYFILE, as_callback(&believed), nullptr},
                                              {SASL_CB_LOG, as_callback(&say_nothing), nullptr},
                                              {SASL_CB_LIST_END, nullptr, nullptr}};
  return sasl_client_init(callbacks);
}

// For each conversation the library wants to know the full name of this host. A name without a dot it looks up, which may
// ask a name server and must not happen on an event loop; one that /etc/hosts has costs no more than reading that file.
std::string slow_name() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0) return {};
  const std::string_view found(name.data());
  if (found.find('.') != found.npos) return {};
  std::ifstream hosts("/etc/hosts");
  if (names_host(hosts, found)) return {};
  return "which needs this host's full name, and \"" + std::string(found) + "\" is not in /etc/hosts; wanted: a line for it there, such as \"127.0.1.1 " +
         std::string(found) + ".example.com " + std::string(found) + "\"";
}

}  // namespace

bool names_host(std::istream& hosts, std::string_view name) {
  for (std::string line; std::getline(hosts, line);) {
    std::string_view rest = std::string_view(line).substr(0, line.find('#'));
    abk::next_word(rest);  // the address
    for (std::string_view word = abk::next_word(rest); !word.empty(); word = abk::next_word(rest))
      if (abk::same_word(word, name)) return true;
  }
  return false;
}

std::string sasl_trouble(mechanism m) {
  static const int result = set_up();
  static const std::string slow = slow_name();
  if (result != SASL_OK) return std::string("and the SASL library does not work: ") + sasl_errstring(result, nullptr, nullptr) + "; wanted: the Debian package libsasl2-2, whole";
  if (!slow.empty()) return slow;
  if (exchange(m, "localhost", "name", abk::secret_view("password"), true).start()) return {};
  return "which is not installed on this host; wanted: the Debian package libsasl2-modules, or a list without it";
}

}  // namespace smtpauth
