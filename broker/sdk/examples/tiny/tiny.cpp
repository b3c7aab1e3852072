// A conversation, complete, in an invented line protocol:
//
//   S: tiny 1              S: tiny 1
//   C: login ann sesame    C: exists ann
//   S: yes | no | later    S: yes | no | later
//   C: bye                 C: bye
//
// The host has connected and encrypted before prepare() begins, keeps the time, and closes the connection.
#include <abk/sdk.hpp>

namespace {

using abk::answer;
using abk::reason;

// The only function that can make a yes. It takes a whole line; what it does not know is a tempfail.
answer judge(std::string_view line, std::uint32_t kind) {
  if (line == "yes\n") return answer::yes("reply.yes");
  if (line == "no\n") return answer::no(kind == ABK_LOGIN ? reason::wrong_password : reason::none, "reply.no");
  if (line == "later\n") return answer::tempfail(reason::upstream_busy, "reply.later");
  return answer::tempfail(reason::upstream_nonsense, "reply.nonsense", std::string(line));
}

class connection final : public abk::conversation {
 public:
  explicit connection(std::string_view realm) : realm_(realm) {}

  // Before a question. Throwing give_up says why this connection will never take one.
  abk::part<void> prepare(abk::channel up) override {
    const std::string greeting = co_await up.line();
    if (greeting != "tiny 1\n") throw abk::give_up(reason::upstream_nonsense, "greeting", greeting);
  }

  abk::part<abk::after> answer(const abk::question& who, abk::channel up) override {
    const std::uint32_t kind = who.kind;
    // The protocol separates by blanks: a name or password with one would be two. Refused before anything is sent.
    if (who.login_name.find(' ') != who.login_name.npos) {
      up.decide(kind == ABK_LOGIN ? abk::answer::no(reason::bad_name, "local.blank") : abk::answer::unverifiable(reason::bad_name, "local.blank"));
      co_return abk::after::ready;
    }
    if (kind == ABK_LOGIN) up.command({"login ", who.login_name, realm_, " ", who.password});  // the password is marked as secret by its type
    else up.command({"exists ", who.login_name, realm_});
    const std::string reply = co_await up.line();
    up.decide(judge(reply, kind));  // whoever asked has the answer now; `who` is empty from here on
    up.command({"bye"});
    co_return abk::after::close;
  }

 private:
  std::string_view realm_;  // a setting: lives as long as the backend
};

class tiny final : public abk::backend {
 public:
  tiny(const abk::host& on, abk::settings& given) : backend(on), realm_(given.text("realm")) {}
  traits about() const override {
    traits t;
    t.kinds = ABK_LOGIN | ABK_MAILBOX;
    return t;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<abk::talk>(std::make_unique<connection>(realm_)); }

 private:
  std::string_view realm_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) { return std::make_unique<tiny>(on, given); }

}  // namespace

ABK_PLUGIN("tiny", "1", create);
