#include "wire/nginx_mail.hpp"

#include <array>
#include <charconv>
#include <cstdlib>
#include <optional>
#include <utility>

#include "base/text.hpp"

namespace authbroker {
namespace {

constexpr std::size_t name_bytes_max = 1024;
constexpr std::size_t said_bytes_max = 200;         // of a text for the user
constexpr std::size_t reply_fields_bytes_max = 820;  // leaves 200 of nginx's 1024 for status line, length and the like
constexpr std::string_view told_later = "This cannot be done at the moment. Please try again later.";
constexpr std::uint32_t login_attempts_max = 10, recipients_max = 100;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower_ascii(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

enum class decoding : std::uint8_t { good, broken, too_long };

// Appends to `out`, of which `used` bytes are taken: no allocation, so that the caller knows where the bytes have been.
decoding decode(std::string_view in, char* out, std::size_t room, std::size_t& used) {
  for (std::size_t i = 0; i < in.size(); ++i) {
    char c = in[i];
    if (c == '%') {
      const int high = i + 2 < in.size() ? hex_digit(in[i + 1]) : -1;
      const int low = i + 2 < in.size() ? hex_digit(in[i + 2]) : -1;
      if (high < 0 || low < 0) return decoding::broken;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    }
    if (used == room) return decoding::too_long;
    out[used++] = c;
  }
  return decoding::good;
}

struct wiped_room {
  std::array<char, password_bytes_max> bytes;
  std::size_t used = 0;
  wiped_room() {}
  wiped_room(const wiped_room&) = delete;
  wiped_room& operator=(const wiped_room&) = delete;
  ~wiped_room() { wipe(bytes.data(), used); }
};

decoding decode_password(std::string_view in, secret& out) {
  wiped_room room;
  const decoding how = decode(in, room.bytes.data(), room.bytes.size(), room.used);
  if (how == decoding::good) out = secret(std::string_view(room.bytes.data(), room.used));
  return how;
}

decoding decode_name(std::string_view in, std::string& out) {
  std::array<char, name_bytes_max> room;
  std::size_t used = 0;
  const decoding how = decode(in, room.data(), room.size(), used);
  if (how == decoding::good) out.assign(room.data(), used);
  return how;
}

struct known_fields {
  std::optional<std::string_view> method, user, pass, protocol, attempt, client, smtp_to;
  bool twice = false;

  std::optional<std::string_view>* of(std::string_view name) {
    if (equal_fold(name, "auth-method")) return &method;
    if (equal_fold(name, "auth-user")) return &user;
    if (equal_fold(name, "auth-pass")) return &pass;
    if (equal_fold(name, "auth-protocol")) return &protocol;
    if (equal_fold(name, "auth-login-attempt")) return &attempt;
    if (equal_fold(name, "auth-smtp-to")) return &smtp_to;
    if (equal_fold(name, "client-ip")) return &client;
    return nullptr;
  }
  void read(std::string_view lines) {
    while (!lines.empty()) {
      const std::size_t end = lines.find("\r\n");
      const std::string_view line = lines.substr(0, end);
      lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 2);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      std::optional<std::string_view>* const to = of(line.substr(0, colon));
      if (to == nullptr) continue;
      twice = twice || to->has_value();
      *to = trim(line.substr(colon + 1));
    }
  }
};

mail_protocol protocol_of(std::string_view word) {
  if (word == "imap") return mail_protocol::imap;
  if (word == "pop3") return mail_protocol::pop3;
  if (word == "smtp") return mail_protocol::smtp;
  return mail_protocol::none;
}

std::string_view without_spaces_before(std::string_view text) {
  const std::size_t at = text.find_first_not_of(' ');
  return at == std::string_view::npos ? std::string_view() : text.substr(at);
}

// The path of "RCPT TO:<ann@example.com> NOTIFY=NEVER", as the client typed the line.
std::optional<std::string_view> recipient_of(std::string_view command) {
  if (!equal_fold(command.substr(0, 4), "rcpt")) return std::nullopt;
  command = without_spaces_before(command.substr(4));
  if (!equal_fold(command.substr(0, 3), "to:")) return std::nullopt;
  command = without_spaces_before(command.substr(3));
  if (command.empty()) return std::nullopt;
  if (command.front() != '<') return command.substr(0, command.find(' '));
  bool quoted = false;
  std::size_t i = 1;
  for (; i < command.size() && (quoted || command[i] != '>'); ++i) {
    if (command[i] == '"') quoted = !quoted;
    if (quoted && command[i] == '\\') ++i;
  }
  if (i >= command.size()) return std::nullopt;
  std::string_view path = command.substr(1, i - 1);
  if (!path.empty() && path.front() == '@') {  // a source route, which a server is to ignore (RFC 5321, 3.6.1)
    const std::size_t colon = path.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    path.remove_prefix(colon + 1);
  }
  return path;
}

nginx_mail_form read_login(const known_fields& in, nginx_mail_request& out) {
  if (!in.user || !in.pass) return nginx_mail_form::malformed;
  const decoding name = decode_name(*in.user, out.name), password = decode_password(*in.pass, out.password);
  if (name == decoding::good && password == decoding::good) return nginx_mail_form::login;
  out.password.clear();
  return name == decoding::broken || password == decoding::broken ? nginx_mail_form::malformed : nginx_mail_form::too_long;
}

nginx_mail_form read_recipient(const known_fields& in, nginx_mail_request& out) {
  if (!in.smtp_to || out.protocol != mail_protocol::smtp) return nginx_mail_form::malformed;
  const auto path = recipient_of(*in.smtp_to);
  if (!path) return nginx_mail_form::malformed;
  out.name = *path;
  return nginx_mail_form::recipient;
}

enum class outcome : std::uint8_t { later, yes, no };

outcome outcome_of(nginx_mail_form form, verdict said) {
  const bool recipient = form == nginx_mail_form::recipient;
  switch (said) {
    case verdict::accept: return form == nginx_mail_form::login ? outcome::yes : outcome::later;
    case verdict::exists:
    case verdict::unverifiable: return recipient ? outcome::yes : outcome::later;
    case verdict::reject: return recipient ? outcome::later : outcome::no;
    case verdict::absent: return recipient ? outcome::no : outcome::later;
    case verdict::no_route: return outcome::no;
    case verdict::tempfail: return outcome::later;
  }
  std::abort();
}

// Printable ASCII, and none of the words that mean something to nginx.
std::string status_text(std::string_view prefix, std::string_view text) {
  std::string out(prefix);
  for (const char c : text.substr(0, said_bytes_max)) out += c >= 0x20 && c < 0x7f ? c : '?';
  if (out.find(' ') == std::string::npos) out += " Not accepted.";  // "", "OK", "WAIT"
  return out;
}

// What a mail program reads beside the text: RFC 5530, RFC 3206.
std::string_view response_code(mail_protocol p, outcome o, reason why) {
  const bool no = o == outcome::no;
  switch (p) {
    case mail_protocol::imap:
      if (!no) return "[UNAVAILABLE] ";
      return why == reason::password_expired ? "[EXPIRED] " : "[AUTHENTICATIONFAILED] ";
    case mail_protocol::pop3: return no ? "[AUTH] " : "[SYS/TEMP] ";
    case mail_protocol::smtp:
    case mail_protocol::none: return {};
  }
  std::abort();
}

std::string_view error_code(nginx_mail_form form, outcome o, verdict said) {
  if (o != outcome::no) return "451 4.3.0";
  if (form != nginx_mail_form::recipient) return "535 5.7.8";
  return said == verdict::no_route ? "550 5.7.1" : "550 5.1.1";
}

http_reply begin_reply() {
  http_reply r;
  r.status = 200;
  r.content_type = "text/plain";
  return r;
}

http_reply refusal(const nginx_mail_request& asked, verdict said, reason why, std::string_view text, outcome o) {
  http_reply r = begin_reply();
  r.fields.push_back({"Auth-Status", status_text(response_code(asked.protocol, o, why), text)});
  if (asked.protocol == mail_protocol::smtp) r.fields.push_back({"Auth-Error-Code", std::string(error_code(asked.form, o, said))});
  // With Auth-Wait the client's session goes on after so many seconds, without it nginx hangs up: on guessers, and on logins that
  // cannot be judged now, since a client that goes on without having logged in would then be told a no.
  const bool recipient = asked.form == nginx_mail_form::recipient;
  if (recipient ? asked.attempt < recipients_max : o == outcome::no && asked.attempt < login_attempts_max)
    r.fields.push_back({"Auth-Wait", recipient ? "1" : "2"});
  return r;
}

// The one place that lets somebody through. nginx wants an address without brackets, and the port by itself.
std::optional<http_reply> passage(const nginx_mail_request& asked, const answer& a) {
  const std::string_view server = a.server;
  const std::size_t colon = server.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == server.size()) return std::nullopt;
  std::string_view host = server.substr(0, colon);
  if (host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  http_reply r = begin_reply();
  r.fields.push_back({"Auth-Status", "OK"});
  r.fields.push_back({"Auth-Server", std::string(host)});
  r.fields.push_back({"Auth-Port", std::string(server.substr(colon + 1))});
  // nginx logs in with this name at an IMAP or POP3 server. To an SMTP server it vouches for it: that is the identity.
  const std::string& name = asked.protocol == mail_protocol::smtp ? a.identity : a.login_name;
  if (asked.form == nginx_mail_form::login && !name.empty()) {
    // nginx 1.22 writes the name into XCLIENT as it is, where what follows a space is the next attribute: "a ADDR=192.0.2.1".
    if (has_control(name) || (asked.protocol == mail_protocol::smtp && name.find(' ') != std::string::npos)) return std::nullopt;
    if (name != asked.name) r.fields.push_back({"Auth-User", name});
  }
  std::size_t bytes = 0;
  for (const http_field& f : r.fields) bytes += f.name.size() + f.value.size() + 4;
  if (bytes > reply_fields_bytes_max) return std::nullopt;
  return r;
}

}  // namespace

nginx_mail_request parse_nginx_mail(std::string_view fields) {
  nginx_mail_request out;
  known_fields in;
  in.read(fields);
  if (in.twice || !in.method || !in.protocol) return out;
  out.protocol = protocol_of(*in.protocol);
  if (out.protocol == mail_protocol::none) return out;
  out.method = *in.method;
  out.client = in.client.value_or(std::string_view());
  if (in.attempt) {
    const auto [end, trouble] = std::from_chars(in.attempt->data(), in.attempt->data() + in.attempt->size(), out.attempt);
    if (trouble != std::errc() || end != in.attempt->data() + in.attempt->size()) return out;
  }
  if (out.method == "plain") out.form = read_login(in, out);
  else if (out.method == "none") out.form = read_recipient(in, out);
  else if (out.method == "apop" || out.method == "cram-md5" || out.method == "external") out.form = nginx_mail_form::digest;
  return out;
}

bool leads_on(const http_reply& r) { return !r.fields.empty() && r.fields.front().value == "OK"; }

http_reply nginx_mail_reply(const nginx_mail_request& asked, const answer& a) {
  const outcome o = outcome_of(asked.form, a.found.what);
  if (o == outcome::yes) {
    if (std::optional<http_reply> r = passage(asked, a)) return std::move(*r);
    return refusal(asked, verdict::tempfail, reason::misconfigured, told_later, outcome::later);
  }
  return refusal(asked, a.found.what, a.found.why, a.text, o);
}

}  // namespace authbroker
