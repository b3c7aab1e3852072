// The POP3 client against any server: the input is what the server says.
//
// Input: one byte for the channel and the settings, then the server's bytes, where \x01 ends a segment and \x02 the stream.
// Oracles, besides the pretend host's: a yes comes from a reply that says so, judged here by other code than the plugin's; no
// secret leaves before TLS; the password is shown once (twice on APOP's ladder); each command is one line of at most 255
// octets, and none that touches mail.
#include <abk/rig.hpp>

#include "oracle.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;

struct ways {
  std::uint32_t channel = ABK_TLS;
  abk::test::table settings;
  bool ladder = false, busy_is_yes = true;
  std::string preset;
};
ways ways_of(std::uint8_t b) {
  ways out;
  out.channel = (b & 1) != 0 ? ABK_STARTTLS_WANTED : ABK_TLS;
  const char* const apop[] = {"never", "prefer", "require", "prefer"};
  out.settings["apop"] = std::string((b & 7) == 5 ? "never" : apop[b >> 1 & 3]);  // "require" is refused with STARTTLS
  out.ladder = (b >> 1 & 1) != 0;
  const char* const presets[] = {"", "communigate", "mailtraq", "imail"};
  out.preset = presets[b >> 3 & 3];
  out.settings["preset"] = out.preset;
  out.busy_is_yes = (b >> 5 & 1) == 0;
  out.settings["in_use"] = std::string(out.busy_is_yes ? "accept" : "tempfail");
  out.settings["forward_client"] = (b >> 6 & 1) != 0;
  if ((b >> 7 & 1) != 0) out.settings["mechanisms"] = std::vector<std::string>{"LOGIN", "PLAIN", "USER"};
  return out;
}

std::string lower(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  return out;
}
// By the letter of RFC 1939 and 2449.
bool says_yes(std::string_view heard, const ways& w) {
  const std::size_t lf = heard.find('\n');
  if (lf == heard.npos) return false;
  const std::string_view line = heard.substr(0, lf + 1);
  if (line == "+OK\r\n" || (line.substr(0, 4) == "+OK " && line.size() >= 6 && line.substr(line.size() - 2) == "\r\n")) return true;
  const std::string text = lower(line);
  if (w.busy_is_yes && text.rfind("-err [in-use", 0) == 0) return true;
  if (w.preset == "communigate" && text.rfind("-err ", 0) == 0 && text.find("alert:") != text.npos) return true;
  return w.preset == "mailtraq" && w.busy_is_yes && text.rfind("-err ", 0) == 0 && text.find("lock") + 1 + text.find("in use") + 1 + text.find("in-use") + 1 != 0;
}

class session {
 public:
  session(const ways& w, host_rig& host, connection_rig& up, const std::string& carry) : w_(w), host_(host), up_(up) {
    question_.login_name = "ann@example.com";
    question_.password = "open sesame";
    question_.client = "192.0.2.1";
    question_.carry = carry;
    look();
  }
  void hear(std::string_view bytes) {
    heard_ += bytes;
    up_.feed(bytes);
    look();
  }
  void end() {
    up_.end();
    look();
  }
  int credentials = 0;

 private:
  void look() {
    for (bool moved = true; moved;) {
      moved = false;
      check_sent();
      if (up_.is() == connection_rig::state::wants_tls) {
        heard_.clear();
        up_.tls_up();
        moved = true;
      } else if (up_.is() == connection_rig::state::ready && !asked_) {
        asked_ = moved = true;
        up_.begin(question_);
      }
    }
    for (const auto& a : up_.answers) {
      if (a.verdict == ABK_YES) must(says_yes(decided_by_, w_), "a yes without a reply that says so");
      if (a.verdict == ABK_NO && a.rule.rfind("local.", 0) != 0) must(decided_by_.rfind("-ERR", 0) == 0 && decided_by_.find('\n') != decided_by_.npos, "a no without a whole refusal");
    }
    must(up_.answers.size() <= 1, "two answers");
    must(host_.complaints.empty(), host_.complaints.empty() ? "" : host_.complaints.front().c_str());
  }
  void check_sent() {
    const std::string sent = up_.take_sent(), marks = up_.take_marks();
    if (!up_.answers.empty() && decided_by_.empty()) decided_by_ = heard_;
    if (sent.empty()) return;
    if (up_.answers.empty()) heard_.clear();
    must(sent.size() <= 255, "a command of more than 255 octets");
    must(sent.size() > 2 && sent.find("\r\n") == sent.size() - 2 && sent.find('\r') == sent.size() - 2 && sent.find('\0') == sent.npos, "a command that is not one line");
    for (const char* verb : {"LIST", "RETR", "STAT", "DELE", "TOP", "UIDL", "RSET"}) must(lower(sent).rfind(lower(verb), 0) != 0, "a command that touches mail");
    if (marks.find('x') != marks.npos) {
      ++credentials;
      must(up_.tls(), "a secret before TLS");
    }
  }
  const ways& w_;
  host_rig& host_;
  connection_rig& up_;
  abk::test::ask question_;
  bool asked_ = false;
  std::string heard_, decided_by_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ways w = ways_of(data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  host_rig host(abk_plugin_1(), w.settings, {}, w.channel);
  must(host.problems.empty(), "the settings are good");
  auto up = std::make_unique<connection_rig>(host, w.channel);
  auto now = std::make_unique<session>(w, host, *up, "");
  int credentials = 0;
  while (!rest.empty()) {
    const std::size_t n = std::min(rest.find_first_of("\x01\x02"), rest.size());
    now->hear(rest.substr(0, n));
    if (n < rest.size() && rest[n] == '\x02') {
      now->end();
      if (!up->goes_on) break;
    }
    rest.remove_prefix(std::min(n + 1, rest.size()));
    if (up->goes_on) {
      must(w.ladder && up->next_role == 1, "only the ladder goes on");
      const std::string carry = up->carry;
      credentials += now->credentials;
      now.reset();
      up = std::make_unique<connection_rig>(host, w.channel, 1);
      now = std::make_unique<session>(w, host, *up, carry);
    }
  }
  credentials += now->credentials;
  must(credentials <= (w.ladder ? 2 : 1), "the password was shown too often");
  return 0;
}
