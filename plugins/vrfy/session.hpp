// One connection: many questions at a time, each asked by VRFY, by RCPT, or by one after the other.
//
// Recipients of many questions share a transaction, which is left open for the next ones, since servers count RSETs and some hang
// up after ten; it ends with the session, or with RSET when it is full or three of it were refused. RCPTs are pipelined where the server offers it and judged
// strictly in order; every other command waits for all replies before it. DATA is not among the commands there are.
//
// Servers lose patience: with refusals (Postfix: ten), with VRFYs (Sendmail: five), with whatever they say "421" to. A session ends
// before that; a question that a server did not get round to is asked again on another connection, at most three times. One at
// which a session ended is asked again on a connection of alone_role, where it can do no harm to others.
//
// Fails   towards tempfail, by abk::give_up, which ends the connection for everybody on it: a reply that belongs to no command,
//         or to another one, or is none.
#pragma once
#include <abk/session.hpp>
#include <smtp/opening.hpp>

#include <deque>
#include <list>
#include <optional>
#include <vector>

#include "address.hpp"
#include "known.hpp"
#include "rules.hpp"
#include "verdicts.hpp"

namespace vrfy {

// Questions under way on one connection. More would lengthen the pipeline, and cost a session earlier where many are refused:
// those under way and the refusals so far never exceed what Postfix puts up with. A server answers what comes on one connection one
// after the other, most of them all at once: with few askers, another connection is worth more than a longer pipeline.
inline constexpr std::uint32_t questions_at_a_time = 5;

inline constexpr std::uint32_t shared_role = 0, alone_role = 1;

class session final : public abk::session {
 public:
  session(const rules& r, const abk::host& on, std::uint32_t role, known_names& known) : rules_(r), on_(on), opened_(r.manners), role_(role), known_(known) {}
  abk::step prepare(abk::io& up) override { return opened_.prepare(up); }
  abk::step begin(const abk::question&, abk::io&) override;
  abk::step resume(abk::io&) override;
  bool cancel(std::uint32_t id) override;
  void farewell(abk::io&) override;

 private:
  struct asked {  // a question under way
    abk::question question;
    mailbox box;
    std::size_t turn = 0;               // which of the methods
    unsigned tries = 0;                 // how many sessions ended under it
    bool alone = false;                 // was refused by a full transaction once
    bool heard = false;                 // something came since it began
    std::optional<abk::answer> before;  // what an earlier method could not tell
    // Waits for what a command of our own will show before it is believed.
    enum class doubt : std::uint8_t { none, accepts_all, vrfy_works } waits = doubt::none;
    abk::answer held;                   // what is told if the doubt is cleared
  };
  using asked_ref = std::list<asked>::iterator;

  enum class deed : std::uint8_t { rset, mail, rcpt, vrfy, decoy_rcpt, decoy_vrfy, postmaster };
  struct command {
    deed what;
    std::uint32_t id = 0;  // of the question; 0: nobody's, or nobody waits for it any more
    mailbox box;           // of decoys and postmaster; of questions, a copy for the reply of a question that is gone
  };

  void ask(asked_ref, abk::io&);
  void pump(abk::io&);
  void send(command, abk::io&);
  void heard(const smtp::reply&, abk::io&);
  void heard_of_mail(const smtp::reply&, const judged&, abk::io&);
  void heard_of_question(const command&, const smtp::reply&, const judged&, abk::io&);
  void heard_of_decoy(const command&, const smtp::reply&, const judged&, abk::io&);
  enum class accepts : std::uint8_t { unknown, some, everybody };
  void settle_decoys(method, std::string_view domain, accepts, abk::io&);
  void heard_of_postmaster(const command&, const smtp::reply&, const judged&, abk::io&);
  void found(asked_ref, abk::answer, abk::io&);
  void missed(asked_ref, abk::answer, abk::io&);
  void cannot_tell(asked_ref, abk::answer, abk::io&);
  void ask_again(asked_ref, bool blamed, abk::io&);
  void greylisted(abk::answer&, std::string_view fact, const smtp::reply&, abk::io&);
  bool still_greylisted(asked_ref, bool by_vrfy, abk::io&);
  bool too_many_unknown(asked_ref, abk::io&);
  void count_unknown(const asked&, abk::io&);
  void tell(asked_ref, const abk::answer&, abk::io&);
  void session_over(const abk::answer& why, const command* at, abk::io&);
  void begin_probe(asked_ref);
  void probed(asked_ref, const command&, const smtp::reply&, const judged&, abk::io&);
  void tell_probe(asked_ref, abk::io&);
  bool vrfy_works(std::uint32_t id, abk::io&);
  void believe_vrfy(std::uint32_t id, abk::io&);
  void disbelieve_vrfy(const asked&, abk::scope, const smtp::reply&, abk::io&);
  bool spent() const;
  std::size_t pipeline_max() const;
  abk::step next_step(abk::io&);
  asked_ref find(std::uint32_t id);
  method method_of(const asked& a) const { return rules_.methods[a.turn]; }
  void names_nobody_else(const command&, const smtp::reply&);

  const rules& rules_;
  const abk::host& on_;
  smtp::opened opened_;
  const std::uint32_t role_;
  known_names& known_;
  std::list<asked> asked_;
  std::deque<command> todo_, sent_;
  std::vector<smtp::reply> replies_;  // of one resume()
  std::string last_;                  // whom the reply before this one was about

  bool transaction_ = false, transaction_utf8_ = false;
  std::uint32_t recipients_ = 0;      // of the transaction
  std::uint32_t recipients_judged_ = 0;
  std::uint32_t recipients_refused_ = 0;
  std::uint32_t accepted_ = 0;        // recipients, since the last one that was refused
  std::uint32_t recipients_max_ = 100;  // what every server must take (RFC 5321, 4.5.3.1.8)
  std::uint32_t questions_ = 0, vrfys_ = 0, refusals_ = 0, answered_ = 0;
  bool vrfy_works_ = false;
  bool draining_ = false, over_ = false;
};

}  // namespace vrfy
