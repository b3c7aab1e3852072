// A session whose protocol asks one question at a time and is answered in order: what saslauthd, socketmap and their like
// share. A derived class says what the bytes ask, and what an answer looks like; who may ask, how many at once, how long a no
// takes and what trouble becomes is decided here.
#pragma once
#include <optional>

#include "front/session.hpp"
#include "wire/parsed.hpp"

namespace authbroker {

class asking_session : public session {
 protected:
  using session::session;

  struct taken {
    progress what = progress::need_more;
    std::size_t used = 0;  // of a message: bytes of the buffer that it took
    bool answered = false; // a message that asks nobody: its reply is in output() already
    ending then = ending::none;  // if answered: does the connection go on?
  };
  // Looks at the first request in `bytes`; a question goes into `q`, whose caller, listener and default domain are filled in
  // already (see report_client() for the client). With anything else than a question q is dropped. Pipelined requests are
  // taken one by one, each after the reply to the one before.
  virtual taken take(std::string_view bytes, query& q) = 0;
  // Appends the reply to output().
  virtual ending say(const answer&) = 0;
  // The bytes are none of this protocol: last words, if it has any, into output(). The connection is closed after them.
  virtual void complain() {}

  // The question's, which began with them. Only in take() and say().
  const listener_rules& rules() const { return terms_->rules; }
  const listener_terms& terms() const { return *terms_; }

 private:
  bool on_bytes() final;
  void on_served() final;
  void reply(const std::exception_ptr&, const answer&);

  std::shared_ptr<const listener_terms> terms_;
  std::optional<in_flight_place> place_;
  question_kind kind_ = question_kind::login;
  steady::time_point began_;
};

}  // namespace authbroker
