// Tests a conversation by its transcript: what the upstream says, what the plugin must say, and how it must judge.
//
//   abk::test::transcript t(abk::test::load("mine.so"));
//   t.login("ann", "sesame").upstream("+OK hello\r\n").says("USER ann\r\n").upstream("+OK\r\n")
//    .says_secret("PASS sesame\r\n", "sesame").upstream("+OK welcome\r\n").expect(ABK_YES, ABK_REASON_NONE, "pass.ok")
//    .says("QUIT\r\n").upstream("+OK\r\n").closes();
//   const std::string trouble = t.run();   // empty: all is well
//
// run() plays it many times: as it stands; with the upstream's bytes one at a time; with each of its messages split at every
// place; cut (the stream ends) at every byte, which may never make a yes, nor a no before the byte that decided; and given up
// by the asker, or destroyed, at every step. Every breach of the plugin contract is trouble too (see rig.hpp). Needs no test
// framework.
#pragma once
#include <abk/rig.hpp>

#include <optional>

namespace abk::test {

class transcript {
 public:
  explicit transcript(const abk_plugin* plugin) : plugin_(plugin) {}

  // ---- what there is before
  // Those given before stay, where they are not given again.
  transcript& settings(table t) {
    t.merge(settings_);
    settings_ = std::move(t);
    return *this;
  }
  transcript& channel(std::uint32_t c) { return channel_ = c, *this; }  // ABK_TLS unless said otherwise
  transcript& login(std::string name, std::string password) { return ask_.login_name = std::move(name), ask_.password = std::move(password), *this; }
  transcript& mailbox(std::string address) { return ask_.kind = ABK_MAILBOX, ask_.login_name = std::move(address), *this; }
  transcript& client(std::string address) { return ask_.client = std::move(address), *this; }
  transcript& asks(ask q) { return ask_ = std::move(q), *this; }
  transcript& knows(std::uint32_t scope, const std::string& key, std::string what) { return facts_[std::to_string(scope) + "/" + key] = std::move(what), *this; }
  // Only as it stands, and cut between messages: for upstreams that speak out of turn, whose effect depends on how the bytes arrive.
  transcript& unsplit() { return split_ = false, *this; }
  // As nearly always: nobody makes a transcript of the conversation.
  transcript& unwatched() { return watched_ = false, *this; }

  // ---- the story
  transcript& upstream(std::string bytes) { return add(verb::upstream, std::move(bytes)); }
  transcript& says(std::string bytes) { return add(verb::says, std::move(bytes)); }
  transcript& says_secret(std::string bytes, std::string hidden) { return add(verb::says, std::move(bytes), std::move(hidden)); }
  transcript& starts_tls() { return add(verb::starts_tls, {}); }
  transcript& eof() { return add(verb::eof, {}); }
  transcript& stays_ready() { return add(verb::stays_ready, {}); }
  transcript& closes() { return add(verb::closes, {}); }
  transcript& learns(std::uint32_t scope, const std::string& key, std::string what) { return add(verb::learns, std::to_string(scope) + "/" + key, std::move(what)); }
  transcript& knows_not(std::uint32_t scope, const std::string& key) { return add(verb::knows_not, std::to_string(scope) + "/" + key); }
  // The question goes on over a new connection of `role`. (The first connection's is what the backend says for such questions.)
  transcript& goes_on(std::uint32_t role) { return roles_.push_back(role), add(verb::goes_on, std::to_string(role)); }
  // The verdict is known at this point, and was not known before the last message of the upstream.
  transcript& expect(std::uint32_t verdict, std::uint32_t reason, std::string rule) {
    verdict_ = verdict;
    reason_ = reason;
    return add(verb::expect, std::move(rule));
  }

  // Plays it in every way. Empty if all is well, else what went wrong where.
  std::string run() {
    try {
      if (!play({}, "as it stands")) return trouble_;
      if (split_) {
        way bytewise;
        bytewise.bytewise = true;
        if (!play(bytewise, "byte by byte")) return trouble_;
        for (std::size_t e = 0; e < events_.size(); ++e)
          for (std::size_t at = 1; events_[e].what == verb::upstream && at < events_[e].text.size(); ++at) {
            way w;
            w.event = e;
            w.split_at = at;
            if (!play(w, "split after byte " + std::to_string(at) + " of event " + std::to_string(e))) return trouble_;
          }
      }
      for (std::size_t e = 0; e < events_.size(); ++e) {
        const std::size_t last = events_[e].what == verb::upstream ? events_[e].text.size() : 0;
        for (std::size_t at = 0; at <= last; ++at) {
          if (!split_ && at != 0 && at != last) continue;
          way w;
          w.event = e;
          w.cut_at = at;
          if (!play(w, "cut after byte " + std::to_string(at) + " of event " + std::to_string(e))) return trouble_;
        }
        way w;
        w.event = e;
        w.give_up = true;
        if (!play(w, "given up before event " + std::to_string(e))) return trouble_;
        w.give_up = false;
        w.destroy = true;
        if (!play(w, "destroyed before event " + std::to_string(e))) return trouble_;
      }
    } catch (const std::exception& e) {
      return std::string("exception: ") + e.what();
    }
    return {};
  }
  // The answer of the last play that came to one; for what expect() does not look at.
  const said_answer& answer() const { return last_; }
  // The log lines of the first play.
  const std::vector<std::string>& log() const { return log_; }

 private:
  enum class verb { upstream, says, starts_tls, eof, stays_ready, closes, learns, knows_not, goes_on, expect };
  struct event {
    verb what;
    std::string text, hidden;
  };
  struct way {
    bool bytewise = false;
    std::size_t event = static_cast<std::size_t>(-1);
    std::optional<std::size_t> split_at, cut_at;
    bool give_up = false, destroy = false;
  };

  transcript& add(verb what, std::string text, std::string hidden = {}) { return events_.push_back({what, std::move(text), std::move(hidden)}), *this; }

  static std::string shown(std::string_view bytes) {
    std::string out = "\"";
    for (const char c : bytes) {
      if (c == '\r') out += "\\r";
      else if (c == '\n') out += "\\n";
      else if (c >= 0x20 && c < 0x7f) out += c;
      else out += "\\x" + std::string(1, "0123456789abcdef"[static_cast<unsigned char>(c) >> 4]) + "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
    }
    return out + "\"";
  }
  static std::string shown(const said_answer& a) {
    return "verdict " + std::to_string(a.verdict) + " reason " + std::to_string(a.reason) + " rule " + a.rule + " (" + a.operator_text + ")";
  }
  bool fail(const std::string& name, std::size_t e, const std::string& what) {
    trouble_ = name + ", event " + std::to_string(e) + ": " + what;
    return false;
  }

  // Where the verdict came in the play of single bytes; a cut before it must leave everything open.
  struct place {
    std::size_t event = static_cast<std::size_t>(-1), byte = 0;
    bool after(std::size_t e, std::size_t at) const { return e < event || (e == event && at < byte); }
  };

  bool play(const way& w, const std::string& name) {
    host_rig host(plugin_, settings_, facts_, channel_);
    if (!host.problems.empty()) return fail(name, 0, "configuration: " + host.problems.front());
    const abk_backend& api = *host.backend();
    auto up = std::make_unique<connection_rig>(host, channel_, ask_.kind == ABK_LOGIN ? api.login_role : ask_.kind == ABK_MAILBOX ? api.mailbox_role : 0);
    if (!watched_) up->unwatch();
    ask question = ask_;
    bool asked = false, cut = false;
    std::uint32_t id = 0;
    std::vector<said_answer> answers;
    place decided;
    const auto look = [&](std::size_t e, std::size_t byte) {
      if (!asked && up->is() == connection_rig::state::ready) {
        asked = true;
        id = up->begin(question);
      }
      for (const said_answer& a : up->answers) answers.push_back(a);
      up->answers.clear();
      if (!answers.empty() && decided.event == static_cast<std::size_t>(-1)) decided = {e, byte};
    };
    look(0, 0);
    for (std::size_t e = 0; e < events_.size() && !cut; ++e) {
      const event& now = events_[e];
      if (w.event == e && (w.give_up || w.destroy)) {
        if (w.give_up && id != 0 && up->is() == connection_rig::state::busy && answers.empty()) up->cancel(id);
        up->destroy();
        look(e, 0);
        cut = true;
        break;
      }
      switch (now.what) {
        case verb::upstream: {
          std::size_t at = 0;
          const std::size_t stop = w.event == e && w.cut_at ? *w.cut_at : now.text.size();
          while (at < stop) {
            std::size_t n = stop - at;
            if (w.bytewise) n = 1;
            if (w.event == e && w.split_at && at < *w.split_at) n = *w.split_at - at;
            if (!up->listens()) {
              if (!w.cut_at && !unheard_is_fine(e)) return fail(name, e, "the plugin does not listen to " + shown(now.text.substr(at)));
              break;
            }
            up->feed(std::string_view(now.text).substr(at, n));
            at += n;
            look(e, at);
          }
          if (w.event == e && w.cut_at) {
            up->end();
            look(e, stop);
            cut = true;
          }
          break;
        }
        case verb::says: {
          const std::string sent = up->take_sent(), marks = up->take_marks();
          if (sent != now.text) return fail(name, e, "wanted " + shown(now.text) + ", the plugin said " + shown(sent));
          if (!now.hidden.empty()) {
            const std::size_t at = sent.rfind(now.hidden);
            if (at == sent.npos || marks.substr(at, now.hidden.size()).find('.') != marks.npos) return fail(name, e, "the secret is not marked: " + shown(sent));
          }
          break;
        }
        case verb::starts_tls:
          if (up->is() != connection_rig::state::wants_tls) return fail(name, e, "the plugin does not start TLS; it said " + shown(up->sent()));
          if (w.event == e && w.cut_at) {
            up->end();
            cut = true;
          } else {
            up->tls_up();
          }
          look(e, 0);
          break;
        case verb::eof:
          up->end();
          look(e, 0);
          break;
        case verb::stays_ready:
          if (up->is() != connection_rig::state::ready) return fail(name, e, "the connection is not ready for another question");
          break;
        case verb::closes:
          if (up->is() != connection_rig::state::closed) return fail(name, e, "the plugin does not close; it said " + shown(up->sent()));
          break;
        case verb::learns: {
          const auto it = host.facts.find(now.text);
          if (it == host.facts.end() || it->second != now.hidden) return fail(name, e, "fact " + now.text + " is " + (it == host.facts.end() ? "unknown" : it->second));
          break;
        }
        case verb::knows_not:
          if (host.facts.count(now.text) != 0) return fail(name, e, "fact " + now.text + " was learnt");
          break;
        case verb::goes_on: {
          if (!up->goes_on || std::to_string(up->next_role) != now.text) return fail(name, e, "the question does not go on");
          if (!up->sent().empty()) return fail(name, e, "unexpected " + shown(up->sent()));
          question.carry = up->carry;
          up = std::make_unique<connection_rig>(host, channel_, up->next_role);
          if (!watched_) up->unwatch();
          asked = false;
          look(e, 0);
          break;
        }
        case verb::expect:
          if (answers.empty()) return fail(name, e, "no verdict yet; the plugin said " + shown(up->sent()));
          if (answers[0].verdict != verdict_ || answers[0].reason != reason_ || answers[0].rule != now.text)
            return fail(name, e, "wanted verdict " + std::to_string(verdict_) + " reason " + std::to_string(reason_) + " rule " + now.text + ", got " + shown(answers[0]));
          break;
      }
      if (w.event == e && w.cut_at && !cut) {
        up->end();
        look(e, 0);
        cut = true;
      }
    }
    if (!host.complaints.empty()) return fail(name, events_.size(), host.complaints.front());
    if (answers.size() > 1) return fail(name, events_.size(), "more than one answer");
    if (!cut && !up->sent().empty()) return fail(name, events_.size(), "unexpected " + shown(up->sent()));
    if (w.bytewise || (!split_ && !cut && w.event == static_cast<std::size_t>(-1))) decided_ = decided;
    if (w.cut_at && !answers.empty()) {
      const said_answer& a = answers[0];
      if (decided_.after(w.event, *w.cut_at) ? a.verdict != ABK_TEMPFAIL : a.verdict != verdict_ || a.reason != reason_)
        return fail(name, w.event, "the cut made " + shown(a));
    }
    if (w.cut_at && answers.empty() && !up->goes_on) return fail(name, w.event, "the cut left the question unanswered");
    if (!answers.empty()) last_ = answers[0];
    if (w.event == static_cast<std::size_t>(-1) && !w.bytewise) log_ = host.log;
    return true;
  }
  // After the verdict the plugin may stop listening whenever it likes.
  bool unheard_is_fine(std::size_t e) const {
    for (std::size_t i = 0; i < e; ++i)
      if (events_[i].what == verb::expect) return true;
    return false;
  }

  const abk_plugin* plugin_;
  table settings_;
  std::uint32_t channel_ = ABK_TLS;
  ask ask_;
  std::map<std::string, std::string> facts_;
  bool split_ = true, watched_ = true;
  std::vector<event> events_;
  std::vector<std::uint32_t> roles_;
  std::uint32_t verdict_ = ABK_TEMPFAIL, reason_ = ABK_REASON_INTERNAL;
  place decided_;
  std::string trouble_;
  said_answer last_;
  std::vector<std::string> log_;
};

}  // namespace abk::test
