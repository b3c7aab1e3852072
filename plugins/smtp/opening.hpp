// The start of every conversation with an SMTP server: greeting, EHLO (or HELO), STARTTLS, EHLO again; XCLIENT where it is wanted.
//
// One question at a time: an abk::conversation that has an opening as a member, and whose prepare() awaits open().
// Several questions at a time: an abk::session of your own with an `opened` (below) as a member:
//
//   abk::step prepare(abk::io& up) override { return opened_.prepare(up); }
//   abk::step resume(abk::io& up) override {
//     if (!opened_.done()) return opened_.resume(up);   // its READY is yours: begin() follows
//     for (smtp::taken got = smtp::take_reply(up.in()); got.bytes != 0; got = smtp::take_reply(up.in())) {
//       up.consume(got.bytes);
//       heard(got.said, up);
//     }
//     ...
//   }
//
// Nothing that was heard before a handshake is believed after it: bytes that came too early end the connection, the extensions
// are asked for again. [session]
#pragma once
#include <abk/talk.hpp>

#include "extensions.hpp"
#include "names.hpp"
#include "replies.hpp"

namespace smtp {

// What an opening wants to know; the backend's, and outlives every connection.
struct manners {
  std::string helo = "[127.0.0.1]";  // a domain or an address literal, checked
  bool forward_client = false;       // see forward_client(); read by whoever asks questions
};

// EHLO's answer may be larger than other replies, but not much (RFC 5321 knows about twenty extensions).
inline constexpr bounds ehlo_bounds{.line_bytes = 2048, .lines = 64, .bytes = std::size_t{8} * 1024};

// One whole reply. Throws abk::stream_ended, and give_up (upstream_nonsense) for a line that is too long.
abk::part<reply> hear(abk::channel, bounds b = {});

class opening {
 public:
  explicit opening(const manners& m) : manners_(m) {}

  // Ends when a question can be asked. Throws abk::give_up as judge_opening() says.
  abk::part<void> open(abk::channel);

  // Tells the server for whom the next question is asked, if it takes XCLIENT with ADDR, and says EHLO again, as the server has
  // forgotten everything: can() may have changed. True: it was told, so this connection may serve no other client. Does nothing
  // for what is no address. A refusal is remembered for a day, for addresses of its family, and does no harm. Postfix would go on to believe our own
  // host name to be the client's: where it takes NAME, it is told that there is none.
  abk::part<bool> forward_client(abk::channel, std::string_view client);

  const extensions& can() const noexcept { return can_; }

 private:
  abk::part<void> say_hello(abk::channel);
  const manners& manners_;
  extensions can_;
};

// An opening for sessions that are no abk::talk: runs it, and is left alone afterwards. The session's step functions return what
// these return while done() is false.
class opened {
 public:
  explicit opened(const manners&);
  abk::step prepare(abk::io&);
  abk::step resume(abk::io&);
  bool done() const noexcept { return done_; }
  const extensions& can() const noexcept { return opening_->can(); }

 private:
  abk::step seen(abk::step);
  const opening* opening_;  // talk_ owns it
  abk::talk talk_;
  bool done_ = false;
};

}  // namespace smtp
