// A password is good if a mail server takes it for SMTP AUTH. See authbroker-smtpauth(5).
#include <abk/sdk.hpp>

#include "connection.hpp"

namespace {

class smtpauth_backend final : public abk::backend {
 public:
  smtpauth_backend(const abk::host& on, smtpauth::rules r) : backend(on), rules_(std::move(r)) {}

  traits about() const override {
    traits out;
    out.kinds = ABK_LOGIN | ABK_PROBE;
    // A login that finds a kept connection closing goes on over one of the second role.
    if (rules_.keeps()) out.roles = 2;
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t role) const override {
    return std::make_unique<abk::talk>(std::make_unique<smtpauth::connection>(rules_, role));
  }

 private:
  smtpauth::rules rules_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) {
  return std::make_unique<smtpauth_backend>(on, smtpauth::read_rules(on, given));
}

}  // namespace

ABK_PLUGIN("smtpauth", AUTHBROKER_VERSION, create);
