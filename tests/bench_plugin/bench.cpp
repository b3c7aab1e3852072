// Answers at once: yes to the password "right" and to mailboxes that do not begin with "no".
#include <abk/sdk.hpp>

namespace {

class bench final : public abk::backend {
 public:
  using backend::backend;
  traits about() const override {
    traits t;
    t.kinds = t.check_kinds = t.inline_kinds = ABK_LOGIN | ABK_MAILBOX;
    return t;
  }
  abk::answer check(const abk::question& q) const override {
    if (q.kind == ABK_MAILBOX)
      return q.local.starts_with("no") ? abk::answer::no(abk::reason::none, "bench.absent") : abk::answer::yes("bench.exists");
    return q.password.reveal() == "right" ? abk::answer::yes("bench.right") : abk::answer::no(abk::reason::wrong_password, "bench.wrong");
  }
};

}  // namespace

ABK_PLUGIN("bench", "1", [](const abk::host& on, abk::settings&) { return std::make_unique<bench>(on); });
