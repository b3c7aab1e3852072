// The static backend: addresses, aliases and password hashes from a file. Logins are checked by a thread that may block (a hash
// costs milliseconds on purpose), mailboxes at once, from memory.
#include <abk/ext/log.h>
#include <abk/plugin.h>

#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include "password.hpp"
#include "store.hpp"

namespace {

using namespace static_users;

std::string_view view(abk_str s) { return {s.len > 0 ? s.data : "", s.len}; }
abk_str str(std::string_view s) { return {s.data(), s.size()}; }

void log_file(const abk_host* host, const std::string& path, const char* event, const std::string& detail) {
  const auto* const log = static_cast<const abk_log*>(host->extension(host, ABK_EXT_LOG));
  if (log == nullptr) return;
  const abk_attribute fields[] = {{str("file"), str(path)}, {str("detail"), str(detail)}};
  const bool bad = std::string_view(event) == "file_refused";
  log->write(host, bad ? ABK_LOG_ERROR : ABK_LOG_INFO, event, fields, 2);
}

struct backend {
  explicit backend(const abk_host* host, std::string path)
      : users(path, [host, path](const char* event, const std::string& detail) { log_file(host, path, event, detail); }) {}
  abk_backend border{};
  store users;
};

abk_answer tempfail(std::string_view rule, std::string_view why) {
  abk_answer out{};
  out.size = sizeof out;
  out.verdict = ABK_TEMPFAIL;
  out.reason = ABK_REASON_INTERNAL;
  out.rule = str(rule);
  out.operator_text = str(why);
  return out;
}

abk_answer no(std::uint32_t reason, std::string_view rule) {
  abk_answer out{};
  out.size = sizeof out;
  out.verdict = ABK_NO;
  out.reason = reason;
  out.rule = str(rule);
  return out;
}

// What a yes says about the mailbox. Points into `who`, `address` and `room`, which outlive it.
void describe(abk_answer& out, const person* who, std::string_view address, std::vector<abk_str>& room) {
  out.mailbox = str(address);
  if (who == nullptr) return;
  room.push_back(str(address));
  for (const std::string& alias : who->aliases) room.push_back(str(alias));
  out.addresses = room.data();
  out.address_count = room.size();
  if (!who->takes_rest) out.flags |= ABK_ANSWER_ADDRESSES_COMPLETE;
}

// An address is known under its identity; a bare name, or one that the route has rewritten, under the login name.
const person* find_person(const user_table& table, const abk_question& q) {
  const person* const who = table.login(view(q.identity));
  return who != nullptr ? who : table.login(view(q.login_name));
}

// The canonical address: the file's, unless the file has a bare name.
std::string_view address_of(const person& who, const abk_question& q) {
  return who.address.find('@') == std::string::npos ? view(q.identity) : std::string_view(who.address);
}

// The one place where a login becomes a yes: after the hash of this very person was right.
abk_answer judge_login(const user_table& table, const abk_question& q, std::vector<abk_str>& room) {
  const std::string_view password = view(q.password);
  if (password.empty()) return no(ABK_REASON_BAD_PASSWORD, "login.empty");
  const person* const who = find_person(table, q);
  if (who == nullptr || who->hash.empty()) {
    // Costs what a wrong password costs. The outcome means nothing: the hash is somebody else's.
    const std::string& any = table.usual_hash().empty() ? stand_in_hash() : table.usual_hash();
    static_cast<void>(check_password(password, any));
    return who == nullptr ? no(ABK_REASON_NO_SUCH_USER, "login.unknown") : no(ABK_REASON_ACCOUNT_DISABLED, "login.disabled");
  }
  switch (check_password(password, who->hash)) {
    case outcome::wrong: return no(ABK_REASON_WRONG_PASSWORD, "login.wrong");
    case outcome::too_long: return no(ABK_REASON_TOO_LONG, "login.too-long");
    case outcome::broken: return tempfail("login.broken", "crypt(3) failed: no memory, or a scheme that this machine has switched off");
    case outcome::right: {
      abk_answer out{};
      out.size = sizeof out;
      out.verdict = ABK_YES;
      out.rule = str("login.right");
      out.kind = ABK_KIND_USER;
      describe(out, who, address_of(*who, q), room);
      return out;
    }
  }
  return tempfail("login.broken", "an unknown outcome");
}

abk_answer judge_mailbox(const user_table& table, const abk_question& q, std::vector<abk_str>& room) {
  match found = table.mailbox(view(q.identity));
  // A bare name is more exact than a domain that takes everybody.
  if (found.kind == how::nobody || found.kind == how::rest || found.kind == how::any)
    if (const match bare = table.mailbox(view(q.login_name)); bare.kind == how::person || bare.kind == how::alias) found = bare;
  abk_answer out{};
  out.size = sizeof out;
  out.verdict = ABK_YES;
  switch (found.kind) {
    case how::nobody: return no(ABK_REASON_NONE, "mailbox.absent");
    case how::person:
      out.kind = ABK_KIND_USER;
      out.rule = str("mailbox.user");
      break;
    case how::alias:
      out.kind = ABK_KIND_ALIAS;
      out.rule = str("mailbox.alias");
      break;
    case how::rest:
      out.kind = ABK_KIND_ALIAS;
      out.rule = str("mailbox.rest");
      break;
    case how::any:
      out.rule = str("mailbox.any");
      describe(out, nullptr, view(q.identity), room);
      return out;
  }
  describe(out, found.who, address_of(*found.who, q), room);
  return out;
}

void check(const abk_backend* border, const abk_question* q, abk_check* to) {
  try {
    store& users = static_cast<backend*>(border->self)->users;
    std::vector<abk_str> room;
    if (q->kind == ABK_LOGIN) users.renew();
    else users.renew_soon();
    const std::shared_ptr<const user_table> table = users.now();
    const abk_answer out = q->kind == ABK_LOGIN ? judge_login(*table, *q, room) : q->kind == ABK_MAILBOX ? judge_mailbox(*table, *q, room) : tempfail("unknown-question", "");
    to->finish(to, &out);
  } catch (...) {
    const abk_answer out = tempfail("no-memory", "out of memory");
    to->finish(to, &out);
  }
}

abk_backend* create(const abk_host* host, abk_config* config) {
  try {
    abk_str file{};
    if (!config->text(config, "file", &file) || file.len == 0) {
      config->problem(config, "file", "is missing; wanted: the path of a file of address:hash:alias,alias lines");
      return nullptr;
    }
    if (file.data[0] != '/') {
      config->problem(config, "file", "found a relative path; wanted: one that starts with /");
      return nullptr;
    }
    auto made = std::make_unique<backend>(host, std::string(view(file)));
    std::vector<std::string> faults;
    if (!made->users.open(faults)) {
      for (const std::string& fault : faults) config->problem(config, "file", fault.c_str());
      return nullptr;
    }
    made->border.size = sizeof made->border;
    made->border.self = made.get();
    made->border.kinds = ABK_LOGIN | ABK_MAILBOX;
    made->border.check_kinds = ABK_LOGIN | ABK_MAILBOX;
    made->border.inline_kinds = ABK_MAILBOX;
    made->border.check = check;
    made->border.destroy = [](abk_backend* border) { delete static_cast<backend*>(border->self); };
    return &made.release()->border;
  } catch (...) {
    return nullptr;
  }
}

constexpr abk_plugin plugin{sizeof(abk_plugin), ABK_ABI_MINOR, "static", AUTHBROKER_VERSION, nullptr, create};

}  // namespace

extern "C" ABK_EXPORT const abk_plugin* abk_plugin_1(void) { return &plugin; }
