// The load generator as a client of mail servers, as frugal as one can be: what it does with a server is the measure of going
// through the broker.
#include "base64.hpp"
#include "dialogs.hpp"

namespace bench {
namespace {

// The next whole reply's last line, without its end; false while there is none. Continuation lines ("250-") are dropped.
bool next_reply(std::string& in, std::string& reply) {
  for (std::size_t end = in.find("\r\n"); end != std::string::npos; end = in.find("\r\n")) {
    reply = in.substr(0, end);
    in.erase(0, end + 2);
    if (reply.size() < 4 || reply[3] != '-') return true;
  }
  return false;
}

bool is(const std::string& reply, const char* code) { return reply.compare(0, 3, code) == 0; }

// A login: a connection of its own, EHLO, AUTH PLAIN with its initial response, QUIT that nobody waits for.
class smtp_auth : public dialog {
 public:
  bool kept() const override { return false; }

  std::string begin(const question& q) override {
    asked_ = q;
    step_ = 0;
    return {};
  }

  verdict go_on(std::string& in, std::string& out, bool ended) override {
    for (std::string reply; next_reply(in, reply);) {
      switch (step_++) {
        case 0:
          if (!is(reply, "220")) return verdict::nonsense;
          out += "EHLO bench.example\r\n";
          break;
        case 1:
          if (!is(reply, "250")) return verdict::nonsense;
          out += "AUTH PLAIN " + base64(std::string(1, '\0') + asked_.user + std::string(1, '\0') + asked_.password) + "\r\n";
          break;
        default:
          out += "QUIT\r\n";
          return is(reply, "235") ? verdict::yes : is(reply, "535") ? verdict::no : verdict::later;
      }
    }
    return ended ? verdict::later : verdict::none;
  }

 private:
  question asked_;
  int step_ = 0;
};

class imap : public dialog {
 public:
  bool kept() const override { return false; }

  std::string begin(const question& q) override {
    asked_ = q;
    greeted_ = false;
    return {};
  }

  verdict go_on(std::string& in, std::string& out, bool ended) override {
    for (std::size_t end = in.find("\r\n"); end != std::string::npos; end = in.find("\r\n")) {
      const std::string line = in.substr(0, end);
      in.erase(0, end + 2);
      if (!greeted_) {
        if (line.compare(0, 4, "* OK") != 0) return verdict::nonsense;
        greeted_ = true;
        out += "a LOGIN \"" + asked_.user + "\" \"" + asked_.password + "\"\r\n";
      } else if (line.compare(0, 2, "a ") == 0) {
        out += "b LOGOUT\r\n";
        return line.compare(2, 2, "OK") == 0 ? verdict::yes : verdict::no;
      }
    }
    return ended ? verdict::later : verdict::none;
  }

 private:
  question asked_;
  bool greeted_ = false;
};

// A recipient: on a kept connection, a hundred of them a transaction; or on a connection of its own.
class rcpt : public dialog {
 public:
  explicit rcpt(bool kept) : kept_(kept) {}
  bool kept() const override { return kept_; }

  std::string begin(const question& q) override {
    if (!kept_) waiting_ = 0, introduced_ = false;
    command_ = "RCPT TO:<" + q.user + ">\r\n";
    if (!introduced_) return {};
    if (++asked_ % 100 != 0) return waiting_ = 1, command_;
    waiting_ = 3;
    return "RSET\r\nMAIL FROM:<>\r\n" + command_;
  }

  verdict go_on(std::string& in, std::string& out, bool ended) override {
    for (std::string reply; next_reply(in, reply);) {
      if (!introduced_ && waiting_ == 0) {
        if (!is(reply, "220")) return verdict::nonsense;
        out += "EHLO bench.example\r\n";
        waiting_ = -1;
      } else if (!introduced_) {
        introduced_ = true;
        waiting_ = 2;
        out += "MAIL FROM:<>\r\n" + command_;
      } else if (--waiting_ == 0) {
        if (!kept_) out += "QUIT\r\n";
        return is(reply, "250") ? verdict::yes : is(reply, "550") ? verdict::no : verdict::later;
      } else if (!is(reply, "250")) {
        return verdict::nonsense;
      }
    }
    return ended ? verdict::later : verdict::none;
  }

 private:
  bool kept_, introduced_ = false;
  int waiting_ = 0;  // for so many replies; -1: for EHLO's
  int asked_ = 0;
  std::string command_;
};

}  // namespace

std::unique_ptr<dialog> make_mail_dialog(std::string_view mode) {
  if (mode == "smtpauth") return std::make_unique<smtp_auth>();
  if (mode == "imap") return std::make_unique<imap>();
  if (mode == "rcpt") return std::make_unique<rcpt>(true);
  if (mode == "rcpt-once") return std::make_unique<rcpt>(false);
  return nullptr;
}

}  // namespace bench
