// RADIUS with a password in the clear (RFC 2865), one datagram a question and nothing asked twice. The secret is that of peers.py.
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <utility>

#include "dialogs.hpp"
#include "loop.hpp"

namespace bench {
namespace {

constexpr std::string_view secret = "bench";
constexpr std::size_t header = 20, block = 16;  // octets: a packet's header, an authenticator and an MD5
constexpr char access_request = 1, access_accept = 2, access_reject = 3, user_name = 1, user_password = 2, nas_identifier = 32;

std::string md5(const std::string& of) {
  static const EVP_MD* const how = EVP_MD_fetch(nullptr, "MD5", nullptr);
  unsigned char digest[EVP_MAX_MD_SIZE];
  if (!how || EVP_Digest(of.data(), of.size(), digest, nullptr, how, nullptr) != 1) die("no MD5");
  return {reinterpret_cast<const char*>(digest), block};
}

std::string attribute(char type, const std::string& value) {
  if (value.size() > 253) die("too long for RADIUS: " + value);
  return std::string{type, static_cast<char>(value.size() + 2)} + value;
}

class radius : public dialog {
 public:
  bool kept() const override { return true; }
  double patience() const override { return 0.5; }

  std::string begin(const question& q) override {
    unsigned char random[block];
    if (RAND_bytes(random, sizeof random) != 1) die("no random bytes");
    asked_.assign(reinterpret_cast<const char*>(random), block);
    const std::string attributes = attribute(user_name, q.user) + attribute(user_password, hidden(q.password)) + attribute(nas_identifier, "bench");
    const std::size_t size = header + attributes.size();
    return std::string{access_request, static_cast<char>(++id_), static_cast<char>(size >> 8), static_cast<char>(size & 255)} + asked_ + attributes;
  }

  // What is no answer to this question is dropped as the RFC asks: then patience ends.
  verdict go_on(std::string& in, std::string&, bool ended) override {
    const std::string packet = std::exchange(in, {});
    if (ended) return verdict::later;
    if (!is_answer(packet)) return verdict::none;
    return packet[0] == access_accept ? verdict::yes : packet[0] == access_reject ? verdict::no : verdict::nonsense;
  }

 private:
  std::string hidden(std::string password) const {
    password.resize((password.size() + block - 1) / block * block);
    std::string before = asked_;
    for (std::size_t at = 0; at < password.size(); at += block) {
      const std::string mask = md5(std::string(secret) + before);
      for (std::size_t i = 0; i < block; ++i) password[at + i] = static_cast<char>(password[at + i] ^ mask[i]);
      before = password.substr(at, block);
    }
    return password;
  }

  bool is_answer(const std::string& packet) const {
    if (packet.size() < header || packet[1] != static_cast<char>(id_)) return false;
    const std::size_t size = static_cast<std::size_t>(static_cast<unsigned char>(packet[2])) << 8 | static_cast<unsigned char>(packet[3]);
    if (size != packet.size()) return false;
    return packet.substr(4, block) == md5(packet.substr(0, 4) + asked_ + packet.substr(header) + std::string(secret));
  }

  std::string asked_;  // the request's authenticator
  unsigned id_ = 0;
};

}  // namespace

std::unique_ptr<dialog> make_radius_dialog() { return std::make_unique<radius>(); }

}  // namespace bench
