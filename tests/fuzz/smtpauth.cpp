// The SMTP AUTH client against any server: the input is what the server says.
//
// Input: one byte for the channel and the settings, then the server's bytes, where \x01 ends a segment, \x02 the stream, and \x03
// means the challenge that SCRAM or DIGEST-MD5 would go on with. Two logins are asked on one connection where it allows that.
// Oracles, besides the pretend host's: a yes comes from a whole 235 behind AUTH, judged here by other code than the plugin's, and
// never by SCRAM or DIGEST-MD5, for which the input cannot know the proof; no secret leaves before TLS; each password is shown
// once; nothing but the commands of a login is ever sent.
#include <abk/rig.hpp>
#include <abk/secret.hpp>

#include "oracle.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;

struct ways {
  std::uint32_t channel = ABK_TLS;
  abk::test::table settings;
};
ways ways_of(std::uint8_t b) {
  ways out;
  out.channel = (b & 1) != 0 ? ABK_STARTTLS_WANTED : ABK_TLS;
  const std::vector<std::vector<std::string>> lists{{"PLAIN", "LOGIN"}, {"LOGIN", "PLAIN"}, {"SCRAM-SHA-256", "PLAIN"}, {"CRAM-MD5", "DIGEST-MD5", "NTLM", "SCRAM-SHA-1", "LOGIN"}};
  out.settings["mechanisms"] = lists[b >> 1 & 3];
  out.settings["forward_client"] = (b >> 3 & 1) != 0;
  out.settings["session_logins"] = std::int64_t{(b >> 4 & 1) != 0 ? 2 : 1};
  out.settings["helo"] = std::string("broker.example.com");
  return out;
}

// The last reply in what was heard since the last command is a 235, in whole lines that all say so.
bool says_yes(std::string_view heard) {
  if (heard.size() < 5 || heard.substr(heard.size() - 2) != "\r\n") return false;
  bool last = false;
  while (!heard.empty()) {
    const std::size_t n = heard.find("\r\n");
    const std::size_t lf = heard.find('\n');
    if (last || n == heard.npos || lf != n + 1 || heard.substr(0, 3) != "235") return false;
    if (n > 3 && heard[3] != ' ' && heard[3] != '-') return false;
    last = n == 3 || heard[3] == ' ';
    heard.remove_prefix(n + 2);
  }
  return last;
}

class session {
 public:
  session(host_rig& host, connection_rig& up, const std::string& carry) : host_(host), up_(up) {
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
  std::string command() const { return command_; }
  int asked = 0, credentials = 0;

 private:
  void look() {
    for (bool moved = true; moved;) {
      moved = false;
      check_sent();
      if (up_.is() == connection_rig::state::wants_tls) {
        heard_.clear();
        up_.tls_up();
        moved = true;
      } else if (up_.is() == connection_rig::state::ready && asked < 2) {
        ++asked;
        moved = true;
        heard_.clear();
        by_.clear();
        up_.begin(question_);
      }
      for (const auto& a : up_.answers) {
        ++answers_;
        if (a.verdict == ABK_YES) must(says_yes(decided_by_) && !by_.empty() && by_ != "SCRAM-SHA-256" && by_ != "SCRAM-SHA-1" && by_ != "DIGEST-MD5", "a yes without a reply that says so");
        if (a.verdict == ABK_NO && a.rule.rfind("local.", 0) != 0) must((decided_by_.rfind("535", 0) == 0 || decided_by_.rfind("525", 0) == 0) && decided_by_.find('\n') != decided_by_.npos, "a no without a whole refusal");
      }
      up_.answers.clear();
    }
    must(answers_ <= std::max(asked, 1), "two answers");
    must(host_.complaints.empty(), host_.complaints.empty() ? "" : host_.complaints.front().c_str());
  }
  void check_sent() {
    std::string sent = up_.take_sent();
    const std::string marks = up_.take_marks();
    if (!up_.answers.empty()) decided_by_ = heard_;
    if (sent.empty()) return;
    if (up_.answers.empty() || decided_by_ != heard_) heard_.clear();
    must(sent.size() <= 12'290, "a line of more than 12288 octets");
    must(sent.size() >= 2 && sent.find("\r\n") == sent.size() - 2 && sent.find('\r') == sent.size() - 2 && sent.find('\0') == sent.npos, "a command that is not one line");
    command_ = sent;
    const bool verb = sent.find(' ') != sent.npos || sent == "QUIT\r\n" || sent == "STARTTLS\r\n" || sent == "*\r\n";
    if (verb) {
      bool known = false;
      for (const char* start : {"EHLO ", "HELO ", "STARTTLS\r\n", "XCLIENT ADDR=192.0.2.1", "AUTH ", "QUIT\r\n", "*\r\n"}) known = known || sent.rfind(start, 0) == 0;
      must(known, "a command that no login has");
      must(sent.size() <= 512, "a command of more than 512 octets");
    } else {
      must(sent.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\r\n") == sent.npos, "a response that is not base64");
    }
    if (sent.rfind("AUTH ", 0) == 0) by_ = sent.substr(5, sent.find_first_of(" \r", 5) - 5);
    if (marks.find('x') != marks.npos) {
      ++credentials;
      must(up_.tls(), "a secret before TLS");
    }
  }
  host_rig& host_;
  connection_rig& up_;
  abk::test::ask question_;
  int answers_ = 0;
  std::string heard_, decided_by_, by_, command_;
};

std::string base64(const std::string& bytes) {
  const abk::secret_text encoded = abk::base64(abk::secret_view(bytes));
  return std::string(encoded.view().reveal());
}
std::string unbase64(std::string_view text) {
  std::string out;
  std::uint32_t group = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t v = std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (v == std::string_view::npos) break;
    group = group << 6 | static_cast<std::uint32_t>(v);
    if ((bits += 6) >= 8) out += static_cast<char>(group >> (bits -= 8) & 0xffU);
  }
  return out;
}
std::string good_challenge(const std::string& command) {
  if (command.rfind("AUTH SCRAM", 0) != 0) return "334 " + base64("realm=\"example.com\",nonce=\"OA6MG9tEQGm2hh\",qop=\"auth\",algorithm=md5-sess,charset=utf-8") + "\r\n";
  const std::string first = unbase64(std::string_view(command).substr(command.rfind(' ') + 1));
  return "334 " + base64(first.substr(std::min(first.find("r="), first.size())) + "SERVER,s=c2FsdHNhbHQ=,i=4096") + "\r\n";
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ways w = ways_of(data[0]);
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  host_rig host(abk_plugin_1(), w.settings, {}, w.channel);
  must(host.problems.empty(), "the settings are good");
  auto up = std::make_unique<connection_rig>(host, w.channel, 0);
  up->unwatch();
  auto now = std::make_unique<session>(host, *up, "");
  int credentials = 0, asked = 0;
  while (!rest.empty()) {
    const std::size_t n = std::min(rest.find_first_of("\x01\x02\x03"), rest.size());
    now->hear(rest.substr(0, n));
    if (n < rest.size() && rest[n] == '\x02') now->end();
    if (n < rest.size() && rest[n] == '\x03') now->hear(good_challenge(now->command()));
    rest.remove_prefix(std::min(n + 1, rest.size()));
    if (up->goes_on) {
      must(up->next_role == 1 && up->carry == "again", "only a kept connection that closes hands on");
      credentials += now->credentials;
      asked += now->asked - 1;
      const std::string carry = up->carry;
      now.reset();
      up = std::make_unique<connection_rig>(host, w.channel, 1);
      up->unwatch();
      now = std::make_unique<session>(host, *up, carry);
    } else if (up->is() == connection_rig::state::closed) {
      break;
    }
  }
  must(credentials + now->credentials <= asked + now->asked, "a password was shown twice");
  return 0;
}
