// reference: says yes to everything at once. The ceiling that socket, protocol and generator leave to a broker.
//
//   reference HTTP_ADDRESS SASLAUTHD_ADDRESS SOCKETMAP_ADDRESS DOVECOT_ADDRESS
#include <cstdlib>

#include "server.hpp"

namespace {

using namespace bench;

// The next request's size once it is all there; 0 before.
std::size_t http_request(const std::string& in) {
  const std::size_t head = in.find("\r\n\r\n");
  if (head == std::string::npos) return 0;
  const std::size_t at = in.find("\r\nContent-Length: ");
  const std::size_t body = at == std::string::npos || at > head ? 0 : static_cast<std::size_t>(std::atol(in.c_str() + at + 18));
  return in.size() < head + 4 + body ? 0 : head + 4 + body;
}

bool http(std::string& in, std::string& out) {
  static const std::string body = R"({"verdict":"accept","reason":null,"identity":"ann@example.com","text":"Accepted."})";
  static const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  while (const std::size_t size = http_request(in)) {
    in.erase(0, size);
    out += reply;
  }
  return false;
}

bool saslauthd(std::string& in, std::string& out) {
  std::size_t at = 0;
  for (int field = 0; field < 4; ++field) {
    if (in.size() < at + 2) return false;
    at += 2 + (static_cast<std::size_t>(static_cast<unsigned char>(in[at])) << 8) + static_cast<unsigned char>(in[at + 1]);
  }
  if (in.size() < at) return false;
  out.assign("\0\2OK", 4);
  return true;
}

bool socketmap(std::string& in, std::string& out) {
  for (;;) {
    const std::size_t colon = in.find(':');
    const std::size_t size = colon == std::string::npos ? 0 : colon + 2 + static_cast<std::size_t>(std::atol(in.c_str()));
    if (colon == std::string::npos || in.size() < size) return false;
    in.erase(0, size);
    out += "18:OK ann@example.com,";
  }
}

bool dovecot(std::string& in, std::string& out) {
  std::size_t used = 0;
  for (std::size_t end; (end = in.find('\n', used)) != std::string::npos; used = end + 1) {
    const std::string_view line(in.data() + used, end - used);
    if (!line.starts_with("AUTH\t")) continue;
    (out += "OK\t").append(line.substr(5, line.find('\t', 5) - 5)).append("\tuser=ann@example.com\n");
  }
  in.erase(0, used);
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) die("reference HTTP_ADDRESS SASLAUTHD_ADDRESS SOCKETMAP_ADDRESS DOVECOT_ADDRESS");
  const std::string handshake = "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nSPID\t1\nCUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n";
  serve({{parse_address(argv[1]), {[] { return http; }, "", nullptr}},
         {parse_address(argv[2]), {[] { return saslauthd; }, "", nullptr}},
         {parse_address(argv[3]), {[] { return socketmap; }, "", nullptr}},
         {parse_address(argv[4]), {[] { return dovecot; }, handshake, nullptr}}});
}
