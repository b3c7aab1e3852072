// A password is good if the directory lets its owner bind; a mailbox exists if an entry has its address. See authbroker-ldap(5).
#include <abk/sdk.hpp>
#include <directory/bind_session.hpp>
#include <directory/search_session.hpp>

#include "people.hpp"

namespace {

class ldap_backend final : public abk::backend {
 public:
  ldap_backend(const abk::host& on, ldap::rules r) : backend(on), people_(std::move(r)) {}

  traits about() const override {
    using place = directory::value_template::place;
    const std::initializer_list<place> domain{place::address, place::domain};
    const ldap::rules& r = people_.settings();
    traits out;
    const bool searches = !r.service.bases.empty();
    out.kinds = ABK_LOGIN | ABK_PROBE;
    if (searches && r.mailbox_filter) out.kinds |= ABK_MAILBOX;
    out.roles = 2;
    out.login_role = r.user_dn ? directory::bind_role : directory::search_role;
    out.mailbox_role = directory::search_role;
    out.questions_max[directory::search_role] = directory::questions_at_a_time(people_);
    out.questions_max[directory::bind_role] = 1;
    out.flags = ABK_BINARY;
    if (r.user_dn ? !r.user_dn->bears(domain) : r.filter && !r.filter->bears(domain)) out.flags |= ABK_LOCAL_LOGIN;
    if (r.mailbox_filter && !r.mailbox_filter->bears(domain)) out.flags |= ABK_LOCAL_MAILBOX;
    return out;
  }
  std::unique_ptr<abk::session> open(std::uint32_t role) const override {
    if (role == directory::bind_role) return std::make_unique<directory::bind_session>(people_);
    return std::make_unique<directory::search_session>(people_);
  }

 private:
  ldap::people people_;
};

std::unique_ptr<abk::backend> create(const abk::host& on, abk::settings& given) {
  ldap::rules r = ldap::read_rules(given);
  if (r.rootdn)
    on.log(abk::level::warning, "rootdn", {{"backend", given.backend_name()}, {"bind_dn", r.service.dn}, {"advice", "use an account that may only read: this one is above all access control"}});
  auto made = std::make_unique<ldap_backend>(on, std::move(r));
  if (made->about().questions_max[directory::search_role] == 0) given.problem("filter", "too much to be sent at once, with names of 320 bytes under every base; wanted: shorter filters, or fewer bases");
  return made;
}

}  // namespace

ABK_PLUGIN("ldap", AUTHBROKER_VERSION, create);
