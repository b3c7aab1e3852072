// A connection over which many questions are asked at a time, told apart by ids, and answered in any order: Dovecot's protocols.
// A derived class says what the bytes ask, and what an answer looks like; who may ask, how many at once, how long a no takes and
// what trouble becomes is decided here.
//
// One request's trouble is its own: where only closing can say it, the others are answered first. When as many questions are
// open as may be, on this connection or while it has some on the listener, or when the caller does not take its replies,
// nothing more is read: the kernel's buffers fill, and the caller waits.
#pragma once
#include <optional>
#include <vector>

#include "base/task.hpp"
#include "front/caller_connection.hpp"
#include "wire/parsed.hpp"

namespace authbroker {

class concurrent_session : public caller_connection {
 public:
  using caller_connection::caller_connection;
  bool idle() const final;

  static constexpr std::size_t open_max = 64;                 // questions of one connection
  static constexpr std::size_t output_bytes_max = 64 * 1024;  // of replies that it does not take

 protected:
  struct taken {
    progress what = progress::need_more;
    std::size_t used = 0;  // of a message
  };
  // Looks at the first request in `bytes`, and does what it says: ask(), forget(), end_after_answers(), a reply of its own into
  // output(). Malformed: none of this protocol; the connection ends after the answers that it waits for.
  virtual taken take(std::string_view bytes) = 0;
  // Appends the reply to `out`; false if the protocol has no word for it but the end of the connection.
  virtual bool say(std::uint32_t id, const answer&, const listener_rules&, std::string& out) = 0;
  // Requests that were begun and cannot be asked about yet: none of them is waited for.
  virtual bool dialogues_open() const { return false; }

  // From here on only in take().
  void ask(std::uint32_t id, query);
  // Answers a question that nobody is asked, as if somebody had been.
  void answer_own(std::uint32_t id, verdict, reason, const query&);
  bool asked(std::uint32_t id) const { return find(id) != questions_.size(); }
  // The question is asked to stop and has no reply.
  void forget(std::uint32_t id);
  // Takes no more requests; ends when those before have been answered.
  void end_after_answers() { ending_ = true; }
  const std::shared_ptr<const listener_terms>& terms() const { return terms_; }

 private:
  struct question {
    std::uint32_t id = 0;
    question_kind kind = question_kind::login;
    std::shared_ptr<const listener_terms> terms;
    steady::time_point began, due;  // due: when `reply` may be sent
    std::string reply;
    std::optional<in_flight_place> place;
    bool forgotten = false, answered = false;
    stop_signal stop;
  };

  void work() final;
  void on_end() final { work(); }
  void on_drain() final;
  void on_deadline() final;
  void on_blocked() final;
  void on_flushed() final;
  void on_close() final;
  bool in_use() const final { return false; }

  question& add(std::uint32_t id, question_kind);
  bool takes_more();
  bool listener_is_full();
  taken take_one();
  void work_soon();
  void settle();
  void end();
  steady::time_point next_deadline();
  void on_answer(question&, const std::exception_ptr&, const answer&);
  void send_due(steady::time_point now);
  std::size_t find(std::uint32_t id) const;
  void remove(const question&);

  std::vector<std::unique_ptr<question>> questions_;  // also forgotten ones, until what they set going has ended
  std::shared_ptr<const listener_terms> terms_;       // while requests are taken: those that they go by
  steady::time_point idle_since_ = steady::now();
  steady::time_point partial_until_ = steady::time_point::max();  // the request in the buffer must be complete by then
  steady::time_point blocked_until_ = steady::time_point::max();  // replies must have been taken by then
  bool working_ = false, ending_ = false, malformed_ = false, work_posted_ = false;
};

}  // namespace authbroker
