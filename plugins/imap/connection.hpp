// A connection to an IMAP server: greeting, STARTTLS, CAPABILITY, then one login and LOGOUT. It never selects a mailbox.
#pragma once
#include <abk/talk.hpp>

#include "plan.hpp"
#include "verdicts.hpp"

namespace imap {

class connection final : public abk::conversation {
 public:
  explicit connection(const rules& r) : rules_(r) {}
  abk::part<void> prepare(abk::channel) override;
  abk::part<abk::after> answer(const abk::question&, abk::channel) override;

 private:
  // listening and speaking: dialogue.cpp
  abk::part<void> settle(abk::channel);
  abk::part<void> open_command(abk::channel);
  abk::part<reply> hear_one(abk::channel);
  abk::part<reply> hear_reply(abk::channel);
  void take_note(const reply&);
  void count(std::size_t bytes);

  // before the question: prepare.cpp
  abk::part<void> switch_to_tls(abk::channel);
  abk::part<void> learn_capabilities(abk::channel);
  abk::part<capabilities> ask_capabilities(abk::channel);
  void remember_capabilities(const abk::answer&, abk::channel) const;
  void forget_capabilities(abk::channel);

  // the question
  abk::part<void> forward_client(const abk::question&, abk::channel);
  abk::part<abk::answer> log_in(const abk::question&, abk::channel, plan);
  abk::part<abk::answer> by_plain(const abk::question&, abk::channel, bool initial_response);
  abk::part<abk::answer> by_login(const abk::question&, abk::channel);
  abk::part<reply> announce(abk::channel, std::string_view before, std::size_t bytes);
  abk::part<void> see_whether_it_hangs_up(abk::channel);
  abk::answer tell() const;
  circumstances now() const { return {rules_.like, rules_.busy, recalled_, alert_}; }

  const rules& rules_;  // the backend's: outlives every connection
  capabilities can_;
  std::string tag_;             // of the command under way
  std::string line_;            // the last line heard; replies refer to it
  std::string alert_;           // the last [ALERT] since the command began
  capabilities heard_;          // what CAPABILITY responses have said since the command began
  std::string_view fact_capa_;  // the name of the fact that remembers can_: what is true in the clear need not be true inside
  bool recalled_ = false;       // can_ was remembered, not said on this connection
  bool asked_ = false;          // can_ was asked for: the greeting had not told
  bool judged_ = false;         // the login had its tagged reply: the server waits for the next command
  int commands_ = 0;
  int replies_ = 0;        // heard since the command began
  std::size_t bytes_ = 0;  // likewise
};

}  // namespace imap
