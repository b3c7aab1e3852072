// Active Directory, and the Exchange that keeps its recipients there: a password is good if a domain controller lets its owner
// bind; a mailbox exists if an entry has its address among proxyAddresses. See authbroker-exchange(5).
#include <abk/sdk.hpp>
#include <directory/bind_session.hpp>
#include <directory/search_session.hpp>

#include "accounts.hpp"

namespace {

class exchange_backend final : public abk::backend {
 public:
  exchange_backend(const abk::host& on, exchange::rules r) : backend(on), accounts_(std::move(r)) {}

  traits about() const override {
    using place = directory::value_template::place;
    const std::initializer_list<place> domain{place::address, place::domain};
    const exchange::rules& r = accounts_.settings();
    traits out;
    out.kinds = ABK_LOGIN | ABK_PROBE;
    if (r.searches() && r.mailbox_filter) out.kinds |= ABK_MAILBOX;
    out.roles = 2;
    out.login_role = r.name == exchange::bind_as::dn ? directory::search_role : directory::bind_role;
    out.mailbox_role = directory::search_role;
    out.questions_max[directory::search_role] = directory::questions_at_a_time(accounts_);
    out.questions_max[directory::bind_role] = 1;
    out.flags = ABK_BINARY;
    const bool down_level = r.name == exchange::bind_as::down_level;
    if (down_level || (r.name == exchange::bind_as::dn && r.filter && !r.filter->bears(domain))) out.flags |= ABK_LOCAL_LOGIN;
    if (r.mailbox_filter && !r.mailbox_filter->bears(domain)) out.flags |= ABK_LOCAL_MAILBOX;
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t role) const override {
    if (role == directory::bind_role) return std::make_unique<directory::bind_session>(accounts_);
    return std::make_unique<directory::search_session>(accounts_);
  }

 private:
  exchange::accounts accounts_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) {
  exchange::rules r = exchange::read_rules(given);
  if (exchange::looks_like_administrator(r.service.dn))
    on.log(abk::level::warning, "rootdn", {{"backend", given.backend_name()}, {"bind_dn", r.service.dn}, {"advice", "use an account that may only read: this one may do everything"}});
  auto made = std::make_unique<exchange_backend>(on, std::move(r));
  if (made->about().questions_max[directory::search_role] == 0) given.problem("filter", "too much to be sent at once, with names of 320 bytes under every base; wanted: shorter filters, or fewer bases");
  return made;
}

}  // namespace

ABK_PLUGIN("exchange", AUTHBROKER_VERSION, create);
