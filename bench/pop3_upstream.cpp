// pop3_upstream: a POP3 server that knows everybody, by the password "right", and does no work. The same without and with TLS.
//
//   pop3_upstream PLAIN_ADDRESS TLS_ADDRESS CERTIFICATE KEY [--stall]
//
// --stall: never answers PASS.
#include <openssl/ssl.h>

#include <cstring>

#include "server.hpp"

namespace {

using namespace bench;

bool starts(const std::string& line, const char* word) { return ::strncasecmp(line.c_str(), word, std::strlen(word)) == 0; }

class mailbox {
 public:
  explicit mailbox(bool stalls) : stalls_(stalls) {}
  bool operator()(std::string& in, std::string& out) {
    for (std::size_t end = in.find("\r\n"); end != std::string::npos; end = in.find("\r\n")) {
      const std::string line = in.substr(0, end);
      in.erase(0, end + 2);
      if (starts(line, "CAPA")) out += "+OK\r\nUSER\r\nUIDL\r\nTOP\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\n.\r\n";
      else if (starts(line, "USER ")) out += "+OK\r\n";
      else if (starts(line, "PASS ")) out += stalls_ ? "" : line == "PASS right" ? "+OK Logged in.\r\n" : "-ERR [AUTH] no\r\n";
      else if (starts(line, "QUIT")) {
        out += "+OK\r\n";
        return true;
      } else out += "-ERR\r\n";
    }
    return false;
  }

 private:
  bool stalls_;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) die("pop3_upstream PLAIN_ADDRESS TLS_ADDRESS CERTIFICATE KEY [--stall]");
  const bool stalls = argc > 5 && std::strcmp(argv[5], "--stall") == 0;
  SSL_CTX* tls = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(tls, argv[3]) != 1 || SSL_CTX_use_PrivateKey_file(tls, argv[4], SSL_FILETYPE_PEM) != 1) die("cannot use certificate and key");
  const auto open = [stalls] { return answer_function(mailbox(stalls)); };
  serve({{parse_address(argv[1]), {open, "+OK ready\r\n", nullptr}}, {parse_address(argv[2]), {open, "+OK ready\r\n", tls}}});
}
