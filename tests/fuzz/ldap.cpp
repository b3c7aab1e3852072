// The directory client against any server: the input is what the server says, over the search and then over the bind.
//
// Input: one byte for the channel, the settings and the question, then segments: a length byte and that many bytes, cut so that
// splits are part of what is found; length 0 goes on to the next thing (TLS up, or the end of the stream).
// Oracles, besides the pretend host's: a login's yes comes after a success that bears the bind's id, looked for here by other
// code than the plugin's; no secret leaves before TLS; the user's password is shown once, and never where it is searched.
#include <abk/rig.hpp>

#include "oracle.hpp"

namespace {

using abk::test::connection_rig;
using abk::test::host_rig;
using texts = std::vector<std::string>;

constexpr const char* password = "open sesame";
constexpr const char* account_password = "reader secret";

struct ways {
  std::uint32_t channel = ABK_TLS, kind = ABK_LOGIN;
  abk::test::table settings;
};
ways ways_of(std::uint8_t b) {
  ways out;
  if ((b & 1) != 0) out.channel = ABK_STARTTLS_WANTED;
  const std::uint32_t kinds[] = {ABK_LOGIN, ABK_MAILBOX, ABK_PROBE, ABK_LOGIN};
  out.kind = kinds[b >> 1 & 3];
  out.settings["base"] = (b >> 3 & 1) != 0 ? texts{"ou=people,dc=x", "dc=x"} : texts{"dc=x"};
  if ((b >> 4 & 1) != 0) {
    out.settings["bind_dn"] = "cn=reader,dc=x";
    out.settings["bind_password"] = account_password;
  }
  if ((b >> 5 & 1) != 0) out.settings["catch_all"] = "@{domain}";
  if ((b >> 6 & 1) != 0 && (b >> 7 & 1) == 0) {
    if ((b >> 5 & 1) != 0) out.settings["require_group"] = texts{"cn=staff,dc=x", "cn=board,dc=x"};
    else out.settings["require_filter"] = "(ou=staff)";
  }
  if ((b >> 7 & 1) != 0) out.settings["user_dn"] = "uid={local},dc=x";
  if ((b >> 6 & 3) == 3) out.settings["password_policy"] = "auto";
  return out;
}

// Complete messages from the start of a stream; stops at the first thing that is none.
struct reply {
  unsigned long id = 0;
  unsigned char operation = 0;
  long code = -1;  // of a result
};
bool take(std::string_view& in, unsigned char& tag, std::string_view& content) {
  if (in.size() < 2) return false;
  tag = static_cast<unsigned char>(in[0]);
  std::size_t n = static_cast<unsigned char>(in[1]), header = 2;
  if (n >= 0x80) {
    header += n & 0x7f;
    if (header > 6 || header == 2 || in.size() < header) return false;
    n = 0;
    for (std::size_t i = 2; i < header; ++i) n = n << 8 | static_cast<unsigned char>(in[i]);
  }
  if (in.size() - header < n) return false;
  content = in.substr(header, n);
  in.remove_prefix(header + n);
  return true;
}
bool take_number(std::string_view& in, unsigned char wanted, unsigned long& out) {
  unsigned char tag = 0;
  std::string_view digits;
  if (!take(in, tag, digits) || tag != wanted || digits.empty() || digits.size() > 8) return false;
  out = 0;
  for (const char c : digits) out = out << 8 | static_cast<unsigned char>(c);
  return true;
}
template <class Is>
bool heard_one(std::string_view heard, Is is) {
  for (;;) {
    unsigned char tag = 0;
    std::string_view message, result;
    reply r;
    if (!take(heard, tag, message) || tag != 0x30 || !take_number(message, 2, r.id) || !take(message, r.operation, result)) return false;
    if (unsigned long code = 0; take_number(result, 0x0a, code)) r.code = static_cast<long>(code);
    if (is(r)) return true;
  }
}
// The reply to the bind `id`, with a success or with anything else.
bool bound(std::string_view heard, unsigned long id, bool success) {
  return heard_one(heard, [=](const reply& r) { return r.operation == 0x61 && r.id == id && r.code >= 0 && (r.code == 0 || !success); });
}
// The end of a search, with a success; `after`: no id up to this one is a search's.
bool searched(std::string_view heard, unsigned long after, bool or_cut) {
  return heard_one(heard, [=](const reply& r) { return r.operation == 0x65 && r.id > after && (r.code == 0 || (or_cut && r.code == 4)); });
}

class leg {
 public:
  leg(const ways& w, host_rig& host, std::uint32_t role, const std::string& carry) : w_(w), host_(host), up_(host, w.channel, role), role_(role) {
    question_.kind = w.kind;
    question_.login_name = "ann@example.com";
    if (w.kind == ABK_LOGIN) question_.password = password;
    question_.carry = carry;
    look();
  }
  // False: a server that guesses the password and says it would look like a plugin that shows it.
  bool hear(std::string_view bytes) {
    if (up_.listens()) heard_ += bytes;
    if (heard_.find(password) != heard_.npos) return false;
    up_.feed(bytes);
    look();
    return true;
  }
  void next() {
    if (up_.is() == connection_rig::state::wants_tls) {
      heard_.clear();
      up_.tls_up();
    } else {
      up_.end();
    }
    look();
  }
  bool goes_on() const { return up_.goes_on; }
  std::uint32_t next_role() const { return up_.next_role; }
  const std::string& carry() const { return up_.carry; }
  bool over() const { return up_.is() == connection_rig::state::closed; }
  int shown() const { return shown_; }

 private:
  void look() {
    if (up_.is() == connection_rig::state::ready && !asked_) {
      check_sent();
      asked_ = true;
      up_.begin(question_);
    }
    check_sent();
    must(up_.answers.size() <= 1, "two answers");
    for (const auto& a : up_.answers) {
      if (a.id == 0) must(a.verdict == ABK_TEMPFAIL, "a preparation that answers");
      const bool account = role_ == 0 && w_.settings.count("bind_dn") != 0;
      const bool looks = (role_ == 1 || account) && w_.settings.count("password_policy") != 0;  // for what the server knows
      const unsigned long prepared = (w_.channel == ABK_STARTTLS_WANTED ? 1U : 0U) + (account ? 1U : 0U) + (looks ? 1U : 0U);
      if (w_.kind == ABK_LOGIN && a.verdict == ABK_YES) must(role_ == 1 && shown_ == 1 && bound(heard_, prepared + 1, true), "a login's yes without a success");
      if (w_.kind != ABK_LOGIN && a.verdict == ABK_YES) must(searched(heard_, prepared, a.rule == "probe"), "a yes without the end of a search");
      if (a.verdict == ABK_NO && a.rule != "bind.too-long") must(role_ == 0 ? searched(heard_, prepared, false) : bound(heard_, prepared + 1, false), "a no without a complete reply");
    }
    must(host_.complaints.empty(), host_.complaints.empty() ? "" : host_.complaints.front().c_str());
  }
  void check_sent() {
    const std::string sent = up_.take_sent(), marks = up_.take_marks();
    if (marks.find('x') != marks.npos) must(up_.tls(), "a secret before TLS");
    for (std::size_t at = sent.find(password); at != sent.npos; at = sent.find(password, at + 1)) ++shown_;
    must(role_ == 1 || shown_ == 0, "the user's password where it is searched");
    must(shown_ <= 1, "the password was shown too often");
    if (role_ == 1) must(sent.find(account_password) == sent.npos, "the account is bound where users are");
  }
  const ways& w_;
  host_rig& host_;
  connection_rig up_;
  std::uint32_t role_;
  abk::test::ask question_;
  bool asked_ = false;
  int shown_ = 0;
  std::string heard_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ways w = ways_of(data[0]);
  host_rig host(abk_plugin_1(), w.settings, {}, w.channel);
  must(host.problems.empty(), host.problems.empty() ? "" : host.problems.front().c_str());
  const std::uint32_t role = w.kind == ABK_LOGIN ? host.backend()->login_role : 0;
  auto now = std::make_unique<leg>(w, host, role, "");
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  while (!rest.empty() && !(now->over() && !now->goes_on())) {
    const std::size_t n = static_cast<unsigned char>(rest[0]);
    rest.remove_prefix(1);
    if (n == 0) now->next();
    else if (!now->hear(rest.substr(0, n))) return 0;
    rest.remove_prefix(std::min(n, rest.size()));
    if (now->goes_on()) {
      must(now->next_role() == 1 && now->shown() == 0, "the search goes on to a bind");
      const std::string carry = now->carry();
      now = std::make_unique<leg>(w, host, 1, carry);
    }
  }
  return 0;
}
