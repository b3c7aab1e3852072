// What nginx's mail proxy asks its auth_http server, and what it understands of a reply. Both are header fields and nothing
// else; of a reply nginx looks neither at the status nor at the body.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/answer.hpp"
#include "base/secret.hpp"
#include "wire/http_reply.hpp"

namespace authbroker {

enum class nginx_mail_form : std::uint8_t {
  malformed,  // not what nginx sends
  login,      // Auth-Method: plain, which stands for PLAIN, LOGIN and USER/PASS
  recipient,  // Auth-Method: none: an SMTP server without AUTH wants to know whether its recipient exists
  too_long,   // a login with a name or password longer than we carry
  digest,     // apop, cram-md5, external: there is no password to ask anybody about
};

struct nginx_mail_request {
  nginx_mail_form form = nginx_mail_form::malformed;
  mail_protocol protocol = mail_protocol::none;
  std::string_view method;  // a view into the fields: for the log
  std::string name;         // the login's, or the recipient's address
  secret password;
  std::string_view client;  // Client-IP, as sent
  std::uint32_t attempt = 1;
};

// `fields` are the header lines of a request whose head parse_http_head() has let through. A field twice, a broken escape or an
// unknown method or protocol is malformed. nginx writes control characters, the space and '%' as %XX and everything else as it
// is: a '+' is a '+'. Pure; the password is decoded into wiped memory only.
nginx_mail_request parse_nginx_mail(std::string_view fields);

// The reply. An unverifiable recipient is let through like one that exists; a verdict of the other question, a yes without a
// server to go on to, and a yes for a name that nginx cannot pass on unharmed are said as "temporarily unknown". Never longer than
// the 1024 bytes that nginx reads.
http_reply nginx_mail_reply(const nginx_mail_request&, const answer&);
// Such a reply says yes.
bool leads_on(const http_reply&);

}  // namespace authbroker
