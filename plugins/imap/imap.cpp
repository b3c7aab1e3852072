// A password is good if an IMAP server lets its owner in. See authbroker-imap(5).
#include <abk/sdk.hpp>

#include "connection.hpp"

namespace {

class imap_backend final : public abk::backend {
 public:
  imap_backend(const abk::host& on, const imap::rules& r) : backend(on), rules_(r) {}

  traits about() const override {
    traits out;
    out.kinds = ABK_LOGIN | ABK_PROBE;
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t) const override { return std::make_unique<abk::talk>(std::make_unique<imap::connection>(rules_)); }

 private:
  imap::rules rules_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) {
  return std::make_unique<imap_backend>(on, imap::read_rules(given));
}

}  // namespace

ABK_PLUGIN("imap", AUTHBROKER_VERSION, create);
