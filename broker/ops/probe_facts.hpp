// What `authbroker probe` is asked, and what it finds out: values only.
#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/answer.hpp"
#include "base/secret.hpp"
#include "core/backend_rules.hpp"

namespace authbroker {

struct probe_request {
  std::string url;          // "pop3s://mail.example.com", or a host alone: then the usual places are tried
  std::string plugin;       // "": those that go with the scheme
  std::string address;      // "": no login
  std::string domain;       // whose mailboxes are asked about; "": the address's
  std::string ca_file, pin, server_name;
  bool cleartext = false;   // a password may be sent without TLS
  bool quiet = false;       // no word about what is being tried
  std::vector<std::pair<std::string, std::string>> settings;  // of the plugin; values in TOML
  std::vector<std::string> plugin_dirs;  // never empty
  secret password;
};

// A [[backend]] in the making: what is tried is what is printed.
struct backend_draft {
  std::string name, plugin, url;
  bool cleartext = false;
  bool verify = true;
  std::string ca_file, pin, server_name;
  std::chrono::seconds reply{0};  // timeouts.reply; 0: the default
  std::vector<std::pair<std::string, std::string>> settings;  // values in TOML
};

// One URL, connected to by one plugin.
struct probed_server {
  backend_draft draft;              // with which it was reached; or would be, if it was not
  tls_use tls = tls_use::none;
  bool answers_login = false, answers_mailbox = false;
  finding outcome;                  // a tempfail: cannot be used as it is drafted; what else is known was learnt without trust
  std::vector<std::string> problems;  // of the configuration: then nothing was connected to
  std::string tls_text, key;        // "TLSv1.3 ..."; base64 of the SHA-256 of the server's public key
  std::string greeting;             // its first line
  std::vector<std::pair<std::string, std::string>> attributes;
  std::vector<trace_line> lines;
  bool works() const { return problems.empty() && outcome.what != verdict::tempfail; }
  // "" if the plugin did not tell it.
  std::string attribute(std::string_view name) const {
    for (const auto& [its, value] : attributes)
      if (its == name) return value;
    return {};
  }
  bool takes_logins() const { return answers_login && attribute("login-disabled") != "yes"; }
};

enum class name_form { full_address, bare_name };
enum class after_refusal { unknown, stays, hangs_up };

struct login_try {
  std::size_t server = 0;  // which of probe_facts::servers
  name_form form = name_form::full_address;
  std::string login_name;
  finding outcome;
  std::chrono::milliseconds took{0};
  after_refusal then = after_refusal::unknown;
  std::vector<trace_line> lines;
};

// A question about a mailbox that nobody has, and one about the account's.
struct mailbox_try {
  std::size_t server = 0;
  backend_draft draft;      // the server's, with the settings that were tried
  finding invented;
  std::optional<finding> account;
  std::vector<trace_line> lines;
};

struct probe_facts {
  std::vector<probed_server> servers;
  std::vector<login_try> logins;
  std::vector<mailbox_try> mailboxes;
  std::string domain;       // "" if nobody named one
  bool account = false;     // an address and a password were given
};

}  // namespace authbroker
