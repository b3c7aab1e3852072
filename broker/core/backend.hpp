// What the core needs of a backend. The host implements it; a test does in ten lines.
#pragma once
#include <string>
#include <string_view>

#include "base/answer.hpp"
#include "base/task.hpp"

namespace authbroker {

// One question as one backend gets it. Views outlive the call: the dispatcher owns them.
struct stage_question {
  question_kind kind = question_kind::login;
  std::string_view login_name;  // after the route's rewriting
  std::string_view address, local, domain;  // as typed
  std::string_view identity;
  const secret* password = nullptr;  // login only
  std::string_view client;      // only if believed
  std::string_view route;
  std::string_view dynamic_host;  // a dynamic route's host instead of the first upstream's; "" otherwise
  trace* out = nullptr;
};

class backend {
 public:
  virtual ~backend() = default;
  virtual std::string_view name() const = 0;
  virtual bool answers(question_kind) const = 0;
  // Finds out, by `until` at the latest; a question that has not begun at an upstream by `start_by` is given up then, so that
  // another backend has time left. What it finds out takes the place of all that `out` held; `out` outlives the task. Sets
  // finding::password_sent truly: it decides whether another backend may be asked.
  virtual task<void> ask(const stage_question&, steady::time_point start_by, steady::time_point until, finding& out) = 0;
};

}  // namespace authbroker
