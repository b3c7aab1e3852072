// What a [[route]] says: values only.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/answer.hpp"
#include "base/settings.hpp"

namespace authbroker {

enum class combine_mode : std::uint8_t { failover, search };

struct dynamic_rules {
  char separator = '\0';                // '\0': not a dynamic route
  std::vector<std::string> allowed;     // "mail.example.net", "*.isp.example"; lower case A-labels
};

struct mailbox_cache_rules {
  std::chrono::milliseconds positive{std::chrono::hours(31 * 24)}, positive_refresh{std::chrono::hours(7 * 24)},
      negative{std::chrono::hours(3 * 24)}, negative_refresh{std::chrono::hours(3)};
};

// nginx_mail: "127.0.0.1:1143", "[::1]:1143", or "".
struct endpoint_rules {
  std::string imap, pop3, smtp;
  // "" for none.
  std::string_view of(mail_protocol p) const {
    switch (p) {
      case mail_protocol::imap: return imap;
      case mail_protocol::pop3: return pop3;
      case mail_protocol::smtp: return smtp;
      case mail_protocol::none: return {};
    }
    return {};
  }
};

struct route_rules {
  place where;
  std::string name;                     // the first domain as written; what answers and logs call it
  std::vector<std::string> domains;     // lower case A-labels: "example.com", "*.example.org", "*"
  std::vector<std::string> login, mailbox, addresses;  // names of backends, in order
  combine_mode combine = combine_mode::failover;
  std::string login_name = "{address}"; // a template; strip_domain = true gives "{local}"
  bool ambiguous_names = false;
  std::string canonical_domain;
  std::string delimiter;
  bool keep_case = false;
  std::string allow_chars;              // of "#~/"
  std::string help_url;
  dynamic_rules dynamic;
  std::chrono::milliseconds login_cache_accept{0};
  bool login_cache_given = false;
  mailbox_cache_rules mailbox_cache;
  endpoint_rules nginx_mail;

  // Under which one domain its people are known; "" if that is more than one, so that two of them may share what stands
  // before the '@'.
  std::string people_domain() const {
    if (!canonical_domain.empty()) return canonical_domain;
    return domains.size() == 1 && !domains.front().starts_with('*') ? domains.front() : "";
  }
};

}  // namespace authbroker
