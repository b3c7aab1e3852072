// pam_authbroker.so. It runs inside the process of somebody else, maybe with threads, maybe as root: it keeps nothing but what PAM
// keeps for it, starts nothing, catches no signals, and lets no exception out. What cannot be found out is
// PAM_AUTHINFO_UNAVAIL, never PAM_AUTH_ERR.
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <syslog.h>

#include <new>
#include <string>

#include "base/text.hpp"
#include "pam_parts/codes.hpp"
#include "pam_parts/options.hpp"

#define EXPORTED extern "C" __attribute__((visibility("default")))

namespace authbroker {
namespace {

constexpr const char* memory_name = "authbroker_answer";

// What the auth phase leaves to the account phase: the answer, and about whom.
struct memory {
  heard answer;
  std::string address;
};

void forget(pam_handle_t*, void* data, int) { delete static_cast<memory*>(data); }

std::string_view item(pam_handle_t* pamh, int which) {
  const void* value = nullptr;
  if (pam_get_item(pamh, which, &value) != PAM_SUCCESS || value == nullptr) return {};
  return static_cast<const char*>(value);
}

void log_answer(pam_handle_t* pamh, const pam_options& o, const memory& m) {
  const heard& h = m.answer;
  // A name that nobody knows may be a password that was typed in the wrong place.
  const bool unknown = h.what == verdict::no_route || h.why == reason::no_such_user || h.why == reason::bad_name || m.address.find('@') == std::string::npos;
  const std::string who = unknown && !o.debug ? "(unknown)" : escape_for_log(m.address), from = escape_for_log(item(pamh, PAM_RHOST)), id = escape_for_log(h.id);
  if (!h.trouble.empty()) {
    pam_syslog(pamh, LOG_ERR, "cannot ask %.*s about %s: %s", static_cast<int>(o.socket.size()), o.socket.data(), who.c_str(), escape_for_log(h.trouble).c_str());
    return;
  }
  const std::string what(name(h.what)), why(name(h.why));
  const int level = h.what == verdict::accept ? LOG_INFO : h.what == verdict::tempfail ? LOG_ERR : LOG_NOTICE;
  if (h.what != verdict::accept || o.debug)
    pam_syslog(pamh, level, "user=%s verdict=%s reason=%s id=%s rhost=%s", who.c_str(), what.c_str(), why.c_str(), id.c_str(), from.c_str());
}

// What a user should read, where the program shows such texts.
void tell_user(pam_handle_t* pamh, int flags, const heard& h) {
  if ((static_cast<unsigned>(flags) & PAM_SILENT) != 0) return;
  const std::string help = h.help_url.empty() ? std::string() : " " + clean_notice(h.help_url);
  if (h.what == verdict::tempfail) {
    pam_error(pamh, "The password cannot be checked at the moment. Please try again later.");
  } else if (h.what == verdict::reject && (h.why == reason::password_expired || h.why == reason::password_must_change)) {
    pam_error(pamh, "%s%s", clean_notice(h.text).c_str(), help.c_str());
  } else if (h.what == verdict::accept && h.password_expires_in) {
    const auto days = static_cast<long>(h.password_expires_in->count() / 86'400);
    pam_info(pamh, "Your password expires in %ld day%s.%s", days, days == 1 ? "" : "s", help.c_str());
  } else if (h.what == verdict::accept && !h.notice.empty()) {
    pam_info(pamh, "%s", clean_notice(h.notice).c_str());
  }
}

// Puts one password to the broker. Throws when there is no memory.
heard put(pam_handle_t* pamh, const pam_options& o, std::string_view address, std::string_view password) {
  question q;
  q.address = address;
  q.password = password;
  q.client = item(pamh, PAM_RHOST);
  q.service = o.service.empty() ? item(pamh, PAM_SERVICE) : o.service;
  return ask(q, o.socket, o.timeout);
}

// The password, as the options say where from. PAM keeps it, and wipes it.
int password_of(pam_handle_t* pamh, const pam_options& o, const char*& out) {
  out = nullptr;
  if (o.first == first_pass::only) {
    const void* kept = nullptr;
    if (pam_get_item(pamh, PAM_AUTHTOK, &kept) != PAM_SUCCESS || kept == nullptr) return PAM_AUTHTOK_RECOVERY_ERR;
    out = static_cast<const char*>(kept);
    return PAM_SUCCESS;
  }
  const int code = pam_get_authtok(pamh, PAM_AUTHTOK, &out, nullptr);
  return code == PAM_SUCCESS && out == nullptr ? PAM_AUTHTOK_RECOVERY_ERR : code;
}

int keep(pam_handle_t* pamh, const memory& m) {
  auto* const kept = new memory(m);
  const int code = pam_set_data(pamh, memory_name, kept, forget);
  if (code != PAM_SUCCESS) delete kept;
  return code;
}

int authenticate(pam_handle_t* pamh, int flags, const pam_options& o) {
  const char* user = nullptr;
  if (const int code = pam_get_user(pamh, &user, nullptr); code != PAM_SUCCESS) return code;
  if (user == nullptr || *user == '\0') return PAM_USER_UNKNOWN;
  const bool had_one = !item(pamh, PAM_AUTHTOK).empty();
  const char* password = nullptr;
  if (const int code = password_of(pamh, o, password); code != PAM_SUCCESS) return code;
  memory m;
  m.address = address_of(user, o.domain);
  m.answer = put(pamh, o, m.address, password);
  if (o.first == first_pass::then_prompt && had_one && m.answer.what == verdict::reject) {
    // Not what this broker knows: the user is asked for it. PAM prompts where it has none.
    pam_set_item(pamh, PAM_AUTHTOK, nullptr);
    if (const int code = pam_get_authtok(pamh, PAM_AUTHTOK, &password, nullptr); code != PAM_SUCCESS) return code;
    if (password == nullptr) return PAM_AUTHTOK_RECOVERY_ERR;
    m.answer = put(pamh, o, m.address, password);
  }
  log_answer(pamh, o, m);
  tell_user(pamh, flags, m.answer);
  if (o.rewrite_user && m.answer.what == verdict::accept && !m.answer.identity.empty()) {
    if (const int code = pam_set_item(pamh, PAM_USER, m.answer.identity.c_str()); code != PAM_SUCCESS) return PAM_AUTHINFO_UNAVAIL;
    m.address = m.answer.identity;
  }
  if (keep(pamh, m) != PAM_SUCCESS) return PAM_AUTHINFO_UNAVAIL;
  return auth_code(m.answer.what, m.answer.why, o.reveal);
}

int account(pam_handle_t* pamh, const pam_options& o) {
  const void* kept = nullptr;
  if (pam_get_data(pamh, memory_name, &kept) != PAM_SUCCESS || kept == nullptr) return PAM_IGNORE;
  const auto& m = *static_cast<const memory*>(kept);
  // The user may have become another one since.
  if (m.address != address_of(item(pamh, PAM_USER), o.domain)) return PAM_IGNORE;
  return account_code(m.answer.what, m.answer.why, o.reveal);
}

// Reads the options and runs a phase. The prompts of a host run inside: what it throws or cancels passes through, what is
// thrown here for want of memory does not.
template <class Phase>
int run(pam_handle_t* pamh, int argc, const char** argv, Phase phase) {
  pam_options o;
  if (const char* const wrong = read_options(argc, argv, o)) {
    pam_syslog(pamh, LOG_ERR, "not a right option: %s; see pam_authbroker(8)", wrong);
    return PAM_SERVICE_ERR;
  }
  try {
    return phase(o);
  } catch (const std::bad_alloc&) {
    return PAM_BUF_ERR;
  }
}

}  // namespace
}  // namespace authbroker

EXPORTED int pam_sm_authenticate(pam_handle_t* pamh, int flags, int argc, const char** argv) {
  return authbroker::run(pamh, argc, argv, [pamh, flags](const authbroker::pam_options& o) { return authbroker::authenticate(pamh, flags, o); });
}

EXPORTED int pam_sm_acct_mgmt(pam_handle_t* pamh, int, int argc, const char** argv) {
  return authbroker::run(pamh, argc, argv, [pamh](const authbroker::pam_options& o) { return authbroker::account(pamh, o); });
}

// No credentials besides the login itself, no sessions, and no password that could be set from here.
EXPORTED int pam_sm_setcred(pam_handle_t*, int, int, const char**) { return PAM_SUCCESS; }
EXPORTED int pam_sm_chauthtok(pam_handle_t*, int, int, const char**) { return PAM_IGNORE; }
EXPORTED int pam_sm_open_session(pam_handle_t*, int, int, const char**) { return PAM_IGNORE; }
EXPORTED int pam_sm_close_session(pam_handle_t*, int, int, const char**) { return PAM_IGNORE; }
