// A mailbox exists if a mail server says so, to VRFY or to RCPT. See authbroker-vrfy(5).
#include <abk/sdk.hpp>

#include "session.hpp"

namespace {

class vrfy_backend final : public abk::backend {
 public:
  vrfy_backend(const abk::host& on, vrfy::rules r) : backend(on), rules_(std::move(r)) {}

  traits about() const override {
    traits out;
    out.kinds = ABK_MAILBOX | ABK_PROBE;
    out.roles = 2;
    out.mailbox_role = vrfy::shared_role;
    out.questions_max[vrfy::shared_role] = vrfy::questions_at_a_time;
    out.questions_max[vrfy::alone_role] = 1;
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t role) const override { return std::make_unique<vrfy::session>(rules_, on(), role, known_); }

 private:
  vrfy::rules rules_;
  mutable vrfy::known_names known_;  // [any]
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) { return std::make_unique<vrfy_backend>(on, vrfy::read_rules(given)); }

}  // namespace

ABK_PLUGIN("vrfy", AUTHBROKER_VERSION, create);
