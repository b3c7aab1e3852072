// What the load generator says on each wire, and how it reads the answers: pure, one object a caller.
#pragma once
#include <memory>
#include <string>
#include <string_view>

namespace bench {

enum class verdict { none, yes, no, later, nonsense };  // none: not yet
std::string_view name(verdict);

struct question {
  std::string user, password;
};

class dialog {
 public:
  virtual ~dialog() = default;
  // Whether one connection takes many questions.
  virtual bool kept() const = 0;
  // How many questions it has under way at a time.
  virtual int at_once() const { return 1; }
  // Seconds after which a question is lost, on a wire that loses them; 0: it waits for as long as the connection is there.
  virtual double patience() const { return 0; }
  // A question begins: what to send at once.
  virtual std::string begin(const question&) = 0;
  // Looks at what has come and drops what it used; may put more into `out`. `ended`: no more will come.
  virtual verdict go_on(std::string& in, std::string& out, bool ended) = 0;
};

// "http" and "mailbox" (POST /v1/login, /v1/mailbox), "basic", "saslauthd", "dovecot", "dovecot-16" (sixteen at a time), "socketmap",
// "policy", "pop3", "smtpauth", "imap", "rcpt" (recipients on a kept connection), "rcpt-once" (on one each), "ldap" (a bind),
// "ldap-search" (a search by address, then a bind), "radius"; null for others.
std::unique_ptr<dialog> make_dialog(std::string_view mode);
std::unique_ptr<dialog> make_ldap_dialog(bool search);
std::unique_ptr<dialog> make_radius_dialog();
std::unique_ptr<dialog> make_dovecot_dialog(std::string_view mode);
std::unique_ptr<dialog> make_table_dialog(std::string_view mode);
std::unique_ptr<dialog> make_mail_dialog(std::string_view mode);

}  // namespace bench
