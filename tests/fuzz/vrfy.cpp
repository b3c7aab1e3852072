// Mailbox questions against any server: the input is what the server says, and when somebody asks or leaves.
//
// Input: one byte for the settings, then the server's bytes, where \x01 ends a segment, \x02 the stream, \x03 asks the next
// question, \x04 takes the oldest away, \x05 lets the host close an idle connection. Oracles, besides the pretend host's: who
// exists was said to exist by the reply to a command about that address, counted by other code than the plugin's; who is absent was
// refused, a spent budget or none; commands are lines of at most 512 octets, and none of them sends mail.
#include <abk/rig.hpp>

#include "oracle.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;

abk::test::table settings_of(std::uint8_t b) {
  const std::vector<std::string> methods[] = {{"rcpt"}, {"vrfy"}, {"vrfy", "rcpt"}, {"rcpt", "vrfy"}};
  const char* const presets[] = {"", "sendmail", "domino", "exchange"};
  return {{"helo", "broker.example.com"}, {"methods", methods[b & 3]}, {"preset", presets[b >> 2 & 3]}, {"detect_accept_all", (b >> 4 & 1) != 0}, {"session_questions", std::int64_t{(b >> 5 & 1) != 0 ? 3 : 100}},
          {"unknown_budget.burst", std::int64_t{(b >> 6 & 1) != 0 ? 1 : 1000}}};
}

const char* const addresses[] = {"ann@example.com", "bob@example.com", "j\xc3\xbcrgen@example.com", "\"a> b\"@example.org", "ann@example.com", "a b@example.com", "eve@example.org"};

struct line {
  std::string text;
  bool crlf = false;
};
std::vector<line> lines_of(std::string_view text) {
  std::vector<line> out;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    const bool crlf = end > 0 && text[end - 1] == '\r';
    out.push_back({std::string(text.substr(0, crlf ? end - 1 : end)), crlf});
    text.remove_prefix(end + 1);
  }
  return out;
}

// What was said to each command, as somebody else reads it: the n-th reply belongs to the n-th command, the greeting to none.
struct exchange {
  std::string heard, sent;
  bool said(std::string_view address, bool yes) const {
    std::vector<std::string> replies;
    bool crlf = true;
    for (const line& l : lines_of(heard)) {
      crlf = crlf && l.crlf;
      if (l.text.size() > 3 && l.text[3] == '-') continue;
      replies.push_back((crlf ? "" : "?") + l.text);
      crlf = true;
    }
    std::size_t n = 1;
    for (const line& c : lines_of(sent)) {
      if (n == replies.size()) return false;
      const std::string& r = replies[n++];
      const bool about = c.text == "RCPT TO:<" + std::string(address) + ">" || c.text == "VRFY " + std::string(address) || c.text == "VRFY " + std::string(address) + " SMTPUTF8";
      if (about && (yes ? r.rfind("250", 0) == 0 || r.rfind("251", 0) == 0 : r.rfind("55", 0) == 0 || r.rfind("511", 0) == 0)) return true;
    }
    return false;
  }
};

class story {
 public:
  explicit story(std::uint8_t way) : host_(abk_plugin_1(), settings_of(way)), up_(host_, ABK_TLS) { must(host_.problems.empty(), "the settings are good"); }
  bool over() const { return up_.is() == connection_rig::state::closed; }
  void hear(std::string_view bytes) {
    if (over() || !up_.listens()) return;
    seen_.heard += bytes;
    up_.feed(bytes);
    look();
  }
  void end() {
    up_.end();
    look();
  }
  void dismiss() {
    if (up_.is() != connection_rig::state::ready) return;
    up_.dismiss();
    look();
  }
  void ask() {
    const bool can = up_.is() == connection_rig::state::ready || (up_.is() == connection_rig::state::busy && !up_.draining() && asked_.size() < 5);
    if (!can) return;
    abk::test::ask q;
    q.kind = ABK_MAILBOX;
    const std::size_t which = next_++ % std::size(addresses);
    q.login_name = addresses[which];
    // begin() may answer at once, and gives the number only afterwards.
    asked_[++last_id_] = which;
    must(up_.begin(q) == last_id_, "the number of a question");
    look();
  }
  void leave() {
    if (over() || asked_.empty()) return;
    const std::uint32_t id = asked_.begin()->first;
    asked_.erase(asked_.begin());
    if (!up_.cancel(id)) up_.destroy();
  }

 private:
  void look() {
    const std::string sent = up_.take_sent();
    seen_.sent += sent;
    for (const line& c : lines_of(sent)) {
      must(c.crlf && c.text.size() <= 510 && c.text.find_first_of(std::string_view("\r\0", 2)) == c.text.npos, "a command that is not one line");
      bool known = false;
      for (const char* verb : {"EHLO ", "HELO ", "MAIL FROM:<>", "RCPT TO:<", "VRFY ", "RSET", "QUIT"}) known = known || c.text.rfind(verb, 0) == 0;
      must(known, "a command that is not for questions");
    }
    must(sent.empty() || sent.back() == '\n', "half a command");
    for (const auto& a : up_.answers) {
      if (a.id == 0) continue;
      const auto it = asked_.find(a.id);
      must(it != asked_.end(), "an answer to nobody");
      if (a.verdict == ABK_YES) must(seen_.said(addresses[it->second], true), "a yes without a reply that says so");
      if (a.verdict == ABK_NO) must(seen_.said(addresses[it->second], false), "a no without a refusal");
      asked_.erase(it);
    }
    up_.answers.clear();
    if (over()) asked_.clear();  // handed on, or told
    must(host_.complaints.empty(), host_.complaints.empty() ? "" : host_.complaints.front().c_str());
  }

  host_rig host_;
  connection_rig up_;
  exchange seen_;
  std::map<std::uint32_t, std::size_t> asked_;
  std::uint32_t last_id_ = 0;
  std::size_t next_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  story now(data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty() && !now.over()) {
    const std::size_t n = std::min(rest.find_first_of("\x01\x02\x03\x04\x05"), rest.size());
    if (n > 0) now.hear(rest.substr(0, n));
    if (n < rest.size()) switch (rest[n]) {
        case '\x02': now.end(); break;
        case '\x03': now.ask(); break;
        case '\x04': now.leave(); break;
        case '\x05': now.dismiss(); break;
        default: break;
      }
    rest.remove_prefix(std::min(n + 1, rest.size()));
  }
  return 0;
}
