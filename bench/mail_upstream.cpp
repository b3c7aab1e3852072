// mail_upstream: an SMTP or IMAP server that knows everybody by the password "right" and does no work; the same without and with TLS.
// Of mailboxes it has u0, u1 and so on, ann and postmaster, at every domain.
//
//   mail_upstream smtp|imap PLAIN_ADDRESS TLS_ADDRESS CERTIFICATE KEY
#include <openssl/ssl.h>

#include <cstring>

#include "base64.hpp"
#include "server.hpp"

namespace {

using namespace bench;

bool starts(const std::string& line, const char* word) { return ::strncasecmp(line.c_str(), word, std::strlen(word)) == 0; }

bool known(const std::string& address) {
  const std::string local = address.substr(0, address.find('@'));
  if (local == "ann" || local == "postmaster") return true;
  return local.size() > 1 && local[0] == 'u' && local.find_first_not_of("0123456789", 1) == std::string::npos;
}

bool ends_with(const std::string& text, const std::string& end) { return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0; }

// The initial response of AUTH PLAIN: its end, for each of the three ways in which base64 can fall.
bool right(const std::string& line) {
  std::string bytes;
  unsigned bits = 0, have = 0;
  static const std::string digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const char c : line.substr(11)) {
    const std::size_t value = digits.find(c);
    if (value == std::string::npos) break;
    bits = bits << 6 | static_cast<unsigned>(value);
    if ((have += 6) >= 8) bytes += static_cast<char>(bits >> (have -= 8) & 255);
  }
  return ends_with(bytes, std::string(1, '\0') + "right");
}

bool smtp(const std::string& line, std::string& out) {
  if (starts(line, "RCPT TO:<")) out += known(line.substr(9)) ? "250 2.1.5 Ok\r\n" : "550 5.1.1 User unknown\r\n";
  else if (starts(line, "VRFY ")) out += known(line.substr(line[5] == '<' ? 6 : 5)) ? "250 2.1.5 Ok\r\n" : "550 5.1.1 User unknown\r\n";
  else if (starts(line, "MAIL ") || starts(line, "RSET")) out += "250 2.1.0 Ok\r\n";
  else if (starts(line, "AUTH PLAIN ")) out += right(line) ? "235 2.7.0 Authentication successful\r\n" : "535 5.7.8 Error: authentication failed\r\n";
  else if (starts(line, "EHLO ")) out += "250-bench.example\r\n250-PIPELINING\r\n250-SIZE 10240000\r\n250-VRFY\r\n250-AUTH PLAIN\r\n250-ENHANCEDSTATUSCODES\r\n250 8BITMIME\r\n";
  else if (starts(line, "QUIT")) {
    out += "221 2.0.0 Bye\r\n";
    return true;
  } else out += "502 5.5.2 Error: command not recognized\r\n";
  return false;
}

bool imap(const std::string& line, std::string& out) {
  const std::size_t blank = line.find(' ');
  const std::string tag = line.substr(0, blank), command = blank == std::string::npos ? "" : line.substr(blank + 1);
  if (starts(command, "LOGIN ")) out += tag + (ends_with(command, " right") || ends_with(command, " \"right\"") ? " OK Logged in.\r\n" : " NO [AUTHENTICATIONFAILED] no\r\n");
  else if (starts(command, "AUTHENTICATE PLAIN ")) out += tag + (right(command.substr(8)) ? " OK Logged in.\r\n" : " NO [AUTHENTICATIONFAILED] no\r\n");
  else if (starts(command, "CAPABILITY")) out += "* CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN\r\n" + tag + " OK done\r\n";
  else if (starts(command, "LOGOUT")) {
    out += "* BYE\r\n" + tag + " OK bye\r\n";
    return true;
  } else out += tag + " BAD unknown\r\n";
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) die("mail_upstream smtp|imap PLAIN_ADDRESS TLS_ADDRESS CERTIFICATE KEY");
  const bool mail = std::strcmp(argv[1], "smtp") == 0;
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(tls, argv[4]) != 1 || SSL_CTX_use_PrivateKey_file(tls, argv[5], SSL_FILETYPE_PEM) != 1) die("cannot use certificate and key");
  const auto answer = [speak = mail ? smtp : imap](std::string& in, std::string& out) {
    std::size_t at = 0;
    bool over = false;
    for (std::size_t end = in.find("\r\n"); end != std::string::npos && !over; end = in.find("\r\n", at)) {
      over = speak(in.substr(at, end - at), out);
      at = end + 2;
    }
    in.erase(0, at);
    return over;
  };
  const char* greeting = mail ? "220 bench.example ESMTP\r\n" : "* OK [CAPABILITY IMAP4rev1 SASL-IR LITERAL+ AUTH=PLAIN] ready\r\n";
  const auto open = [answer] { return answer_function(answer); };
  serve({{parse_address(argv[2]), {open, greeting, nullptr}}, {parse_address(argv[3]), {open, greeting, tls}}});
}
