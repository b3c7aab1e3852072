// A password is good if a POP3 server lets its owner in. See authbroker-pop3(5).
#include <abk/sdk.hpp>

#include "connection.hpp"

namespace {

class pop3_backend final : public abk::backend {
 public:
  pop3_backend(const abk::host& on, const pop3::rules& r) : backend(on), rules_(r) {}

  traits about() const override {
    traits out;
    out.kinds = ABK_LOGIN | ABK_PROBE;
    // A server that hangs up after it refused APOP is asked again over a connection of the second role.
    if (rules_.apop == pop3::apop_use::prefer) {
      out.roles = 2;
      out.flags = ABK_SECOND_TRY;
    }
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<abk::talk>(std::make_unique<pop3::connection>(rules_)); }

 private:
  pop3::rules rules_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) {
  return std::make_unique<pop3_backend>(on, pop3::read_rules(given));
}

}  // namespace

ABK_PLUGIN("pop3", AUTHBROKER_VERSION, create);
