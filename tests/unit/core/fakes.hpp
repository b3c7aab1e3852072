// Backends that say what they are told to, and remember what they were asked.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/backend.hpp"

namespace authbroker {

inline finding found_as(verdict v, reason r = reason::none, bool password_sent = false) {
  finding f;
  f.what = v;
  f.why = r;
  f.password_sent = password_sent;
  return f;
}

class fake_backend final : public backend {
 public:
  fake_backend(std::string name, std::function<finding(const stage_question&)> says) : name_(std::move(name)), says_(std::move(says)) {}
  fake_backend(std::string name, finding always) : fake_backend(std::move(name), [always](const stage_question&) { return always; }) {}
  std::string_view name() const override { return name_; }
  bool answers(question_kind) const override { return true; }
  task<void> ask(const stage_question& q, steady::time_point start_by, steady::time_point until, finding& out) override {
    login_names.emplace_back(q.login_name);
    clients.emplace_back(q.client);
    last_start_by = start_by;
    last_until = until;
    if (q.password != nullptr) ++passwords_seen;
    out = says_(q);
    co_return;
  }
  std::vector<std::string> login_names, clients;
  steady::time_point last_start_by, last_until;
  int passwords_seen = 0;

 private:
  std::string name_;
  std::function<finding(const stage_question&)> says_;
};

}  // namespace authbroker
