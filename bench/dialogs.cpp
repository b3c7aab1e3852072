#include "dialogs.hpp"

#include <cstdlib>

#include "base64.hpp"

namespace bench {
namespace {

class http : public dialog {
 public:
  enum class kind { login, basic, mailbox };
  explicit http(kind k) : kind_(k) {}
  bool kept() const override { return true; }

  std::string begin(const question& q) override {
    if (kind_ == kind::basic) return "GET /v1/auth HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic " + base64(q.user + ":" + q.password) + "\r\n\r\n";
    const bool login = kind_ == kind::login;
    const std::string body = "{\"address\":\"" + q.user + (login ? "\",\"password\":\"" + q.password : "") + "\"}";
    return std::string("POST /v1/") + (login ? "login" : "mailbox") + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  verdict go_on(std::string& in, std::string&, bool ended) override {
    const std::size_t head = in.find("\r\n\r\n");
    if (head == std::string::npos) return ended ? verdict::nonsense : verdict::none;
    const std::string_view fields(in.data(), head);
    std::size_t at = fields.find("\r\nContent-Length: ");
    if (at == std::string_view::npos) at = fields.find("\r\ncontent-length: ");
    const std::size_t body = at == std::string_view::npos ? 0 : static_cast<std::size_t>(std::atol(in.c_str() + at + 18));
    if (in.size() < head + 4 + body) return ended ? verdict::nonsense : verdict::none;
    const std::string status = in.size() > 12 ? in.substr(9, 3) : "";
    const bool sure = kind_ != kind::mailbox || in.find("\"verdict\":\"unverifiable\"", head) >= head + 4 + body;
    in.erase(0, head + 4 + body);
    return status == "200" ? (sure ? verdict::yes : verdict::later) : status == "401" || status == "404" ? verdict::no : status == "503" ? verdict::later : verdict::nonsense;
  }

 private:
  kind kind_;
};

class saslauthd : public dialog {
 public:
  bool kept() const override { return false; }

  std::string begin(const question& q) override {
    std::string out;
    const std::size_t at = q.user.rfind('@');
    const std::string realm = at == std::string::npos ? "" : q.user.substr(at + 1);
    for (const std::string& field : {q.user.substr(0, at), q.password, std::string("bench"), realm}) {
      out += static_cast<char>(field.size() >> 8);
      out += static_cast<char>(field.size() & 255);
      out += field;
    }
    return out;
  }

  verdict go_on(std::string& in, std::string&, bool ended) override {
    if (in.size() >= 4) return in.compare(2, 2, "OK") == 0 ? verdict::yes : in.compare(2, 2, "NO") == 0 ? verdict::no : verdict::nonsense;
    if (!ended) return verdict::none;
    return in.empty() ? verdict::later : verdict::nonsense;
  }
};

// What a mail program does: greeting, USER, PASS, QUIT, and the server's goodbye is not waited for.
class pop3 : public dialog {
 public:
  bool kept() const override { return false; }

  std::string begin(const question& q) override {
    asked_ = q;
    step_ = 0;
    return {};
  }

  verdict go_on(std::string& in, std::string& out, bool ended) override {
    for (;;) {
      const std::size_t end = in.find("\r\n");
      if (end == std::string::npos) return ended ? verdict::later : verdict::none;
      const bool good = in.compare(0, 3, "+OK") == 0;
      in.erase(0, end + 2);
      switch (step_++) {
        case 0: out += "USER " + asked_.user + "\r\n"; break;
        case 1: out += "PASS " + asked_.password + "\r\n"; break;
        default: out += "QUIT\r\n"; return good ? verdict::yes : verdict::no;
      }
      if (!good) return verdict::nonsense;
    }
  }

 private:
  question asked_;
  int step_ = 0;
};

}  // namespace

std::string_view name(verdict v) {
  switch (v) {
    case verdict::none: return "none";
    case verdict::yes: return "yes";
    case verdict::no: return "no";
    case verdict::later: return "later";
    case verdict::nonsense: return "nonsense";
  }
  return "";
}

std::unique_ptr<dialog> make_dialog(std::string_view mode) {
  if (mode == "http") return std::make_unique<http>(http::kind::login);
  if (mode == "basic") return std::make_unique<http>(http::kind::basic);
  if (mode == "mailbox") return std::make_unique<http>(http::kind::mailbox);
  if (mode == "saslauthd") return std::make_unique<saslauthd>();
  if (mode == "pop3") return std::make_unique<pop3>();
  if (mode == "ldap" || mode == "ldap-search") return make_ldap_dialog(mode == "ldap-search");
  if (mode == "radius") return make_radius_dialog();
  if (auto dovecot = make_dovecot_dialog(mode)) return dovecot;
  if (auto table = make_table_dialog(mode)) return table;
  return make_mail_dialog(mode);
}

}  // namespace bench
