// The IMAP client against any server: the input is what the server says.
//
// Input: one byte for the channel and the settings, then the server's bytes, where \x01 ends a segment and \x02 the stream.
// Oracles, besides the pretend host's: a yes comes from the tagged OK to the login, judged here by other code than the plugin's;
// no secret leaves before TLS, nor twice; what is sent are whole lines, and no command that touches mail.
#include <abk/rig.hpp>

#include "oracle.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;

struct ways {
  std::uint32_t channel = ABK_TLS;
  abk::test::table settings;
  bool busy_is_yes = false;
  std::string password;
  std::map<std::string, std::string> known;
};
ways ways_of(std::uint8_t b) {
  ways out;
  out.channel = (b & 1) != 0 ? ABK_STARTTLS_WANTED : ABK_TLS;
  out.busy_is_yes = (b >> 1 & 1) != 0;
  out.settings["in_use"] = std::string(out.busy_is_yes ? "accept" : "tempfail");
  const char* const presets[] = {"", "communigate", "mailtraq", ""};
  out.settings["preset"] = std::string(presets[b >> 2 & 3]);
  out.settings["forward_client"] = (b >> 4 & 1) != 0;
  if ((b >> 5 & 1) != 0) out.settings["mechanisms"] = std::vector<std::string>{"LOGIN", "PLAIN"};
  out.password = (b >> 6 & 1) != 0 ? "caf\xe9 \"x\"" : "open \"sesame\\";
  if ((b >> 7 & 1) != 0)
    for (const char* kind : {"tls", "starttls"}) out.known[std::string("2/imap.capa.") + kind] = "IMAP SASL-IR LITERAL+ AUTH=PLAIN";
  return out;
}

std::string upper(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'a' && c <= 'z' ? c - 32 : c);
  return out;
}
std::string_view last_line(std::string_view heard) {
  if (!heard.empty() && heard.back() == '\n') heard.remove_suffix(1);
  const std::size_t lf = heard.rfind('\n');
  return lf == heard.npos ? heard : heard.substr(lf + 1);
}

class session {
 public:
  session(const ways& w, host_rig& host, connection_rig& up) : w_(w), host_(host), up_(up) {
    question_.login_name = "ann@example.com";
    question_.password = w.password;
    question_.client = "192.0.2.1";
    look();
  }
  // Byte by byte, so that it is known which line decided.
  void hear(std::string_view bytes) {
    for (const char c : bytes) {
      heard_ += c;
      up_.feed({&c, 1});
      look();
    }
  }
  void end() {
    up_.end();
    look();
  }

 private:
  void look() {
    for (bool moved = true; moved;) {
      moved = false;
      check_sent();
      if (up_.is() == connection_rig::state::wants_tls) {
        up_.tls_up();
        moved = true;
      } else if (up_.is() == connection_rig::state::ready && !asked_) {
        asked_ = moved = true;
        up_.begin(question_);
      }
    }
    if (!up_.answers.empty() && !judged_) judge(up_.answers.front());
    must(up_.answers.size() <= 1, "two answers");
    must(host_.complaints.empty(), host_.complaints.empty() ? "" : host_.complaints.front().c_str());
  }
  void judge(const abk::test::said_answer& a) {
    judged_ = true;
    if (a.verdict == ABK_TEMPFAIL || a.rule.rfind("local.", 0) == 0) return;
    must(heard_.size() >= 2 && heard_.back() == '\n', "a verdict within a line");
    const std::string line = upper(last_line(heard_));
    const bool tagged = last_line(heard_).rfind(tag_ + " ", 0) == 0 && !tag_.empty();
    must(tagged, "a verdict without a tagged reply");
    must(credentials_ == 1, "a verdict on a password that was not sent");
    const std::string said = line.substr(tag_.size() + 1);
    const bool busy = w_.busy_is_yes && (said.rfind("NO [INUSE", 0) == 0 || said.rfind("NO [LIMIT", 0) == 0);
    if (a.verdict == ABK_YES) must(busy || ((said == "OK\r" || said.rfind("OK ", 0) == 0) && line.back() == '\r'), "a yes without OK");
    if (a.verdict == ABK_NO) must(said.rfind("NO", 0) == 0, "a no without NO");
  }
  void check_sent() {
    const std::string sent = up_.take_sent(), marks = up_.take_marks();
    if (sent.empty()) return;
    must(sent.size() > 2 && sent.substr(sent.size() - 2) == "\r\n" && sent.find('\0') == sent.npos, "not whole lines");
    for (std::size_t at = sent.find('\r'); at != sent.npos; at = sent.find('\r', at + 1))
      must(at + 2 == sent.size() || (at >= 2 && sent.substr(at - 2, 2) == "+}"), "a break that ends no line and announces no literal");
    const bool command = sent.rfind('A', 0) == 0 && sent.find(' ') != sent.npos && sent.find(' ') < 8 && sent.find_first_not_of("0123456789", 1) == sent.find(' ');
    if (command) {
      const std::string verb = sent.substr(sent.find(' ') + 1);
      bool known = false;
      for (const char* one : {"STARTTLS\r", "CAPABILITY\r", "ID (", "AUTHENTICATE PLAIN", "LOGIN ", "LOGOUT\r"}) known = known || verb.rfind(one, 0) == 0;
      must(known, "a command for something else than a login");
      if (verb.rfind("LOGOUT", 0) != 0) tag_ = sent.substr(0, sent.find(' '));
    }
    if (marks.find('x') != marks.npos) {
      must(++credentials_ == 1, "the password was shown twice");
      must(up_.tls(), "a secret before TLS");
    }
  }
  const ways& w_;
  host_rig& host_;
  connection_rig& up_;
  abk::test::ask question_;
  bool asked_ = false, judged_ = false;
  int credentials_ = 0;
  std::string heard_, tag_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ways w = ways_of(data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  host_rig host(abk_plugin_1(), w.settings, w.known, w.channel);
  must(host.problems.empty(), "the settings are good");
  connection_rig up(host, w.channel);
  session now(w, host, up);
  while (!rest.empty()) {
    const std::size_t n = std::min(rest.find_first_of("\x01\x02"), rest.size());
    now.hear(rest.substr(0, n));
    if (n < rest.size() && rest[n] == '\x02') {
      now.end();
      break;
    }
    rest.remove_prefix(std::min(n + 1, rest.size()));
  }
  return 0;
}
