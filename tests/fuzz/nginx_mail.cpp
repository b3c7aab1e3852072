// Requests of nginx's mail proxy. Oracles: what was decoded and written as nginx writes it reads the same again; no request but a
// login has a password; whatever was asked, every reply has its status, fits into what nginx reads, and is a yes for a yes only.
#include "wire/nginx_mail.hpp"

#include <cstdint>
#include <cstdlib>

namespace {

using namespace authbroker;

std::string escaped(std::string_view in) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : in) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || c == '%') (out += '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    else out += c;
  }
  return out;
}

void check_reply(const nginx_mail_request& asked, verdict v, reason why, std::string_view text) {
  answer a;
  a.found.what = v;
  a.found.why = why;
  a.server = "[::1]:143";
  a.login_name = a.identity = asked.name;
  a.text = text;
  const http_reply r = nginx_mail_reply(asked, a);
  std::string whole;
  append_reply(whole, r, {.keep_alive = false, .version_1_1 = false, .head_only = false});
  if (whole.size() > 1024) std::abort();
  const bool recipient = asked.form == nginx_mail_form::recipient;
  const bool may = recipient ? v == verdict::exists || v == verdict::unverifiable : asked.form == nginx_mail_form::login && v == verdict::accept;
  const bool ok = whole.find("\r\nAuth-Status: OK\r\n") != std::string::npos;
  if (whole.find("\r\nAuth-Status: ") == std::string::npos || (ok && !may)) std::abort();
  if (!ok && whole.find("\r\nAuth-Server: ") != std::string::npos) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t n) {
  const std::string in(reinterpret_cast<const char*>(bytes), n);
  const nginx_mail_request asked = parse_nginx_mail(in);
  if (asked.form != nginx_mail_form::login && !asked.password.empty()) std::abort();
  if (asked.form == nginx_mail_form::malformed) return 0;
  if (asked.protocol == mail_protocol::none) std::abort();
  if (asked.form == nginx_mail_form::login) {
    const nginx_mail_request again = parse_nginx_mail("Auth-Method: plain\r\nAuth-User: " + escaped(asked.name) + "\r\nAuth-Pass: " + escaped(asked.password.reveal()) +
                                                      "\r\nAuth-Protocol: " + std::string(name(asked.protocol)) + "\r\n");
    if (again.form != nginx_mail_form::login || again.name != asked.name || again.password.reveal() != asked.password.reveal()) std::abort();
  }
  for (const verdict_row& row : verdict_table()) check_reply(asked, row.what, row.why, in);
  return 0;
}
