// A connection to a POP3 server: greeting, CAPA, STLS, CAPA, then one login and QUIT. It never asks for mail.
#pragma once
#include <abk/talk.hpp>

#include "digest.hpp"
#include "plan.hpp"
#include "verdicts.hpp"

namespace pop3 {

// The roles of this backend's connections.
inline constexpr std::uint32_t first_role = 0;
inline constexpr std::uint32_t after_apop_role = 1;  // the server hung up after it refused APOP

class connection final : public abk::conversation {
 public:
  explicit connection(const rules& r) : rules_(r) {}
  abk::part<void> prepare(abk::channel) override;
  abk::part<abk::after> answer(const abk::question&, abk::channel) override;

 private:
  // Nothing: the question was handed on to another connection.
  using perhaps = std::optional<abk::answer>;

  abk::part<reply> hear(abk::channel);
  // before the question: prepare.cpp
  abk::part<void> learn_capabilities(abk::channel);
  abk::part<capabilities> ask_capabilities(abk::channel);
  abk::part<capabilities> ask_mechanisms(abk::channel);
  abk::part<void> switch_to_tls(abk::channel);
  void read_timestamp(std::string_view greeting, abk::channel);
  void remember_capabilities(abk::channel) const;
  void forget_capabilities(abk::channel);

  // the question
  abk::part<void> forward_client(const abk::question&, abk::channel);
  abk::part<perhaps> log_in(const abk::question&, abk::channel);
  abk::part<abk::answer> by_apop(const abk::question&, abk::channel);
  abk::part<perhaps> by_plan(const abk::question&, abk::channel, plan, bool after_apop);
  abk::part<perhaps> by_user(const abk::question&, abk::channel, bool after_apop);
  abk::part<perhaps> by_plain(const abk::question&, abk::channel, bool initial_response, bool after_apop);
  abk::part<perhaps> by_login(const abk::question&, abk::channel, bool after_apop);
  abk::part<bool> hung_up(abk::channel, bool after_apop);

  bool apop_first(const abk::question&, abk::channel) const;
  perhaps excuse(const abk::question&, bool apop) const;
  abk::answer tell() const;
  circumstances now() const { return {rules_.like, rules_.busy, can_, unoffered_}; }

  const rules& rules_;  // the backend's: outlives every connection
  capabilities can_;
  std::string timestamp_;  // of a greeting that offers APOP; empty: no APOP on this connection
  std::string line_;       // the last line heard; replies refer to it
  std::string_view fact_capa_;  // the name of the fact that remembers can_: what is true in the clear need not be true inside
  bool recalled_ = false;       // can_ was remembered, not asked for
  bool capa_in_the_clear_ = false;  // the server answered CAPA before the handshake
  bool unoffered_ = false;
};

}  // namespace pop3
