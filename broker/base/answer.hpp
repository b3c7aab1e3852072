// A question and its answer, as values. They know no protocol, no socket and no plugin.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/secret.hpp"
#include "base/verdict.hpp"

namespace authbroker {

using steady = std::chrono::steady_clock;

enum class mailbox_kind : std::uint8_t { unknown, user, alias, group, shared, resource };
// A protocol that a mail proxy speaks with its clients, and wants a server for.
enum class mail_protocol : std::uint8_t { none, imap, pop3, smtp };
enum class addresses_state : std::uint8_t { none, complete, stale, unavailable };
std::string_view name(mailbox_kind);  // "" for unknown
std::string_view name(addresses_state);
std::string_view name(mail_protocol);  // "" for none

struct answer;

// What a caller's wire makes of an answer, for the log: what is logged of a question is logged once it has its answer, and before the
// caller has it. On the worker that asks.
class wire_words {
 public:
  // Which table was asked, where the wire has tables; else "".
  virtual std::string_view table() const = 0;
  // As what the answer is told, if that is not its verdict; else "". The text lives until the question ends.
  virtual std::string_view said(const answer&) = 0;

 protected:
  ~wire_words() = default;
};

// What a caller asked, as its wire delivered it: nothing here has been checked yet.
struct query {
  question_kind kind = question_kind::login;
  std::string address;         // as typed
  secret password;             // login only
  std::string client;          // the end user's address as the caller reported it; "" if it did not
  std::string service;         // "imap", "webmail": for the log
  std::string session;         // the caller's own name of what this belongs to: for the log, which takes 64 bytes of it
  std::string caller;          // who asks: "uid=33(www-data)" or an IP address; for the log
  std::string listener;
  std::string default_domain;  // the listener's, for addresses without '@'
  bool client_believed = false;
  std::chrono::milliseconds deadline{0};  // the caller's own limit; 0: none
  mail_protocol server_for = mail_protocol::none;  // the caller is a mail proxy: a yes is of use to it only with a server
  wire_words* wire = nullptr;  // lives for as long as the question; null: the wire has a word for every verdict
};

// One stage of a transcript, for `authbroker test`. The text is masked already.
struct trace_line {
  std::chrono::microseconds at{0};  // since the question
  std::string what;                 // "connect", "tls", "<", ">" ...
  std::string text;
  std::size_t bytes = 0;            // if the text counts bytes: how many
};
struct trace {
  steady::time_point start = steady::now();
  std::vector<trace_line> lines;  // at most 400
  void add(std::string_view what, std::string text) {
    if (lines.size() < 400)
      lines.push_back({std::chrono::duration_cast<std::chrono::microseconds>(steady::now() - start), std::string(what), std::move(text)});
  }
  // Bytes of a protocol that is not text: one line for all that went the same way meanwhile.
  void add_bytes(std::string_view direction, std::size_t bytes) {
    const bool more = !lines.empty() && lines.back().bytes > 0 && lines.back().what == direction;
    if (!more) add(direction, {});
    trace_line& last = lines.back();
    if (last.what != direction) return;  // no room for a line
    last.bytes += bytes;
    last.text = std::to_string(last.bytes) + " bytes";
  }
};

// What one backend found out.
struct finding {
  verdict what = verdict::tempfail;
  reason why = reason::internal;
  std::string rule;           // the row of the plugin's table that decided
  std::string public_text;    // "" means: the verdict table's
  std::string operator_text;
  std::string notice;
  std::string mailbox;
  mailbox_kind kind = mailbox_kind::unknown;
  std::vector<std::string> addresses;
  bool addresses_complete = false;
  bool truncated = false;
  std::vector<std::pair<std::string, std::string>> attributes;
  std::chrono::milliseconds retry_after{0};
  std::optional<std::chrono::seconds> password_expires_in;
  std::optional<int> grace_logins;
  std::string upstream;       // "mail1.example.com:110", once one was tried
  // True once a password-derived byte may have left. Then no other backend is ever asked with this password.
  bool password_sent = false;

  static finding tempfail(reason r, std::string operator_text = {}, bool password_sent = false) {
    finding f;
    f.why = r;
    f.operator_text = std::move(operator_text);
    f.password_sent = password_sent;
    return f;
  }
};

// The whole answer to a caller.
struct answer {
  finding found;
  std::string identity;
  std::string login_name;
  std::string route;
  std::string backend;
  std::string help_url;
  std::string server;  // of a yes to a mail proxy: where it is to connect, "127.0.0.1:1143" or "[::1]:1143"
  addresses_state addresses = addresses_state::none;
  bool cached = false;
  std::chrono::milliseconds age{0};
  bool client_believed = false;
  std::string id;  // names this decision in the log
  std::chrono::microseconds elapsed{0};
  std::string text;  // the public text
};

}  // namespace authbroker
