#include <exchange/accounts.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using abk::mailbox_kind;
using abk::reason;
using abk::verdict;
using directory::hit;
using directory::person;
using testing::ElementsAre;

abk::question asked(std::uint32_t kind, std::string_view address = "ann@example.com") {
  abk::question q;
  q.kind = kind;
  q.login_name = q.address = q.identity = address;
  q.local = address.substr(0, address.find('@'));
  q.domain = address.substr(address.find('@') + 1);
  return q;
}

hit entry(std::vector<hit::attribute> attributes) {
  hit h;
  h.dn = "CN=Ann,OU=Staff,DC=ad";
  h.attributes = std::move(attributes);
  return h;
}
hit user(const char* control = "512") {
  return entry({{"objectClass", {"top", "person", "organizationalPerson", "user"}}, {"userAccountControl", {control}}, {"proxyAddresses", {"SMTP:ann@example.com", "smtp:a.anders@example.com"}}});
}
hit with(hit h, const char* name, const char* value) {
  h.attributes.push_back({name, {value}});
  return h;
}

person found(const exchange::rules& r, std::uint32_t kind, const hit& h, std::string_view address = "ann@example.com") {
  const auto out = exchange::accounts(r).read(asked(kind, address), 0, h);
  const person* who = std::get_if<person>(&out);
  EXPECT_TRUE(who) << "refused";
  return who != nullptr ? *who : person{};
}
abk::answer refused(const exchange::rules& r, std::uint32_t kind, const hit& h) {
  const auto out = exchange::accounts(r).read(asked(kind), 0, h);
  const abk::answer* why = std::get_if<abk::answer>(&out);
  EXPECT_TRUE(why) << "not refused";
  return why != nullptr ? *why : abk::answer{};
}

TEST(accounts, a_user_has_a_primary_address_and_aliases) {
  const person p = found({}, ABK_MAILBOX, user());
  EXPECT_EQ(p.mailbox, "ann@example.com");
  EXPECT_EQ(p.kind, mailbox_kind::user);
  EXPECT_THAT(p.addresses, ElementsAre("ann@example.com", "a.anders@example.com"));
  EXPECT_TRUE(p.addresses_complete);
  EXPECT_EQ(found({}, ABK_MAILBOX, user(), "A.Anders@example.com").kind, mailbox_kind::alias);
  EXPECT_EQ(found({}, ABK_MAILBOX, user(), "ANN@example.com").kind, mailbox_kind::user);
}

TEST(accounts, a_list_that_was_cut_is_not_complete) {
  hit h = user();
  h.truncated = true;
  EXPECT_FALSE(found({}, ABK_MAILBOX, h).addresses_complete);
  for (const char* name : {"proxyAddresses", "memberOf"}) {
    hit one = user();
    one.attributes.push_back({"memberOf", {"cn=a"}, false});
    for (auto& a : one.attributes) a.truncated = a.name == name;
    exchange::rules r;
    r.attributes = {"memberOf"};
    const person p = found(r, ABK_MAILBOX, one);
    EXPECT_EQ(p.addresses_complete, std::string_view(name) == "memberOf") << name;
    EXPECT_EQ(p.attributes_left_out, std::string_view(name) == "memberOf") << name;
  }
}

TEST(accounts, kinds) {
  const auto kind = [](const hit& h) { return found({}, ABK_MAILBOX, h).kind; };
  EXPECT_EQ(kind(entry({{"objectClass", {"top", "group"}}, {"mail", {"ann@example.com"}}})), mailbox_kind::group);
  EXPECT_EQ(kind(entry({{"objectClass", {"msExchDynamicDistributionList"}}})), mailbox_kind::group);
  EXPECT_EQ(kind(entry({{"objectClass", {"top", "person", "organizationalPerson", "contact"}}})), mailbox_kind::alias);
  EXPECT_EQ(kind(entry({{"objectClass", {"publicFolder"}}})), mailbox_kind::shared);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "4")), mailbox_kind::shared);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "34359738368")), mailbox_kind::shared);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "16")), mailbox_kind::resource);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "32")), mailbox_kind::resource);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "8589934592")), mailbox_kind::resource);
  EXPECT_EQ(kind(with(user("514"), "msExchRecipientTypeDetails", "17179869184")), mailbox_kind::resource);
  EXPECT_EQ(kind(with(user(), "msExchRecipientTypeDetails", "1")), mailbox_kind::user);
  EXPECT_EQ(kind(user("514")), mailbox_kind::shared) << "a mailbox on a disabled account is somebody else's to read";
}

TEST(accounts, a_disabled_accounts_mailbox_by_policy) {
  exchange::rules absent;
  absent.mailbox = exchange::disabled_mailbox::absent;
  const abk::answer a = refused(absent, ABK_MAILBOX, user("514"));
  EXPECT_EQ(a.what, verdict::no);
  EXPECT_EQ(a.why, reason::none);
  EXPECT_EQ(a.rule, "search.disabled");
  EXPECT_EQ(found(absent, ABK_MAILBOX, user("512")).kind, mailbox_kind::user);
  EXPECT_EQ(found(absent, ABK_MAILBOX, with(user("514"), "msExchRecipientTypeDetails", "4")).kind, mailbox_kind::shared) << "known to be shared: it exists";
  EXPECT_EQ(found({}, ABK_MAILBOX, user("514")).mailbox, "ann@example.com");
}

TEST(accounts, a_linked_mailbox_hangs_on_a_disabled_account_and_is_its_owners) {
  exchange::rules absent;
  absent.mailbox = exchange::disabled_mailbox::absent;
  const hit linked = with(user("514"), "msExchRecipientTypeDetails", "2");
  for (const exchange::rules& r : {exchange::rules(), absent}) EXPECT_EQ(found(r, ABK_MAILBOX, linked).kind, mailbox_kind::user);
  EXPECT_EQ(found(absent, ABK_MAILBOX, linked, "a.anders@example.com").kind, mailbox_kind::alias);
}

TEST(accounts, a_domain_beyond_ascii_is_searched_as_its_a_label) {
  exchange::rules r;
  r.filter = r.mailbox_filter = directory::filter_template::parse("(|(mail={address})(o={domain})(cn={local}))").value;
  const exchange::accounts a(r);
  for (const std::uint32_t kind : {ABK_LOGIN, ABK_MAILBOX}) {
    abk::question q = asked(kind, "Ann@m\xc3\xbcller.example");
    q.identity = "ann@xn--mller-kva.example";
    EXPECT_EQ(a.plan(q, 0)->shown, "(|(mail=Ann@xn--mller-kva.example)(o=xn--mller-kva.example)(cn=Ann))");
    q = asked(kind, "Ann@Example.COM");
    q.identity = "ann@other.example";  // a canonical domain is not what was typed
    EXPECT_EQ(a.plan(q, 0)->shown, "(|(mail=Ann@Example.COM)(o=Example.COM)(cn=Ann))");
  }
}

TEST(accounts, a_disabled_or_locked_account_is_refused_before_its_password_is_sent) {
  const abk::answer a = refused({}, ABK_LOGIN, user("66050"));
  EXPECT_EQ(a.what, verdict::no);
  EXPECT_EQ(a.why, reason::account_disabled);
  EXPECT_EQ(a.rule, "search.disabled");
  const abk::answer locked = refused({}, ABK_LOGIN, with(user(), "msDS-User-Account-Control-Computed", "16"));
  EXPECT_EQ(locked.why, reason::account_locked);
  EXPECT_EQ(locked.rule, "search.locked");
  exchange::rules ask;
  ask.login = exchange::disabled_login::ask;
  EXPECT_EQ(found(ask, ABK_LOGIN, user("514")).mailbox, "ann@example.com");
  EXPECT_EQ(found(ask, ABK_LOGIN, with(user(), "msDS-User-Account-Control-Computed", "16")).mailbox, "ann@example.com");
}

TEST(accounts, bits_that_say_other_things_or_nothing_leave_the_question_to_the_server) {
  for (const char* control : {"512", "544", "66048", "", "x", "2x", "99999999999999999999999"}) EXPECT_EQ(found({}, ABK_LOGIN, user(control)).mailbox, "ann@example.com") << control;
  EXPECT_EQ(found({}, ABK_LOGIN, with(user(), "msDS-User-Account-Control-Computed", "8388608")).mailbox, "ann@example.com") << "an expired password is the server's to judge";
  EXPECT_EQ(found({}, ABK_LOGIN, with(user(), "lockoutTime", "133000000000000000")).mailbox, "ann@example.com") << "it stays when the lock has run out";
}

TEST(accounts, a_login_without_a_mail_address_has_no_mailbox_that_is_known) {
  const person p = found({}, ABK_LOGIN, entry({{"objectClass", {"user"}}}));
  EXPECT_EQ(p.mailbox, "");
  EXPECT_TRUE(p.addresses.empty());
  EXPECT_FALSE(p.addresses_complete);
}

TEST(accounts, attributes_go_to_the_caller) {
  exchange::rules r;
  r.attributes = {"displayName", "memberOf"};
  hit h = with(user(), "displayname", "Ann Anders");
  h.attributes.push_back({"memberOf", {"CN=a", "CN=b"}});
  const person p = found(r, ABK_LOGIN, h);
  ASSERT_EQ(p.attributes.size(), 3U);
  EXPECT_EQ(p.attributes[0], (std::pair<std::string, std::string>("displayName", "Ann Anders")));
  EXPECT_EQ(p.attributes[2], (std::pair<std::string, std::string>("memberOf", "CN=b")));
}

TEST(accounts, names_to_bind_as) {
  exchange::rules r;
  r.name = exchange::bind_as::upn;
  EXPECT_EQ(exchange::accounts(r).bind_name(asked(ABK_LOGIN)), "ann@example.com");
  EXPECT_EQ(exchange::accounts(r).refusal(asked(ABK_LOGIN)), std::nullopt);
  r.name = exchange::bind_as::down_level;
  r.netbios_domain = "EXAMPLE";
  EXPECT_EQ(exchange::accounts(r).bind_name(asked(ABK_LOGIN)), "EXAMPLE\\ann");
  const auto why = exchange::accounts(r).refusal(asked(ABK_LOGIN, "a=b@example.com"));
  ASSERT_TRUE(why);
  EXPECT_EQ(why->what, verdict::no);
  EXPECT_EQ(why->why, reason::bad_name);
  r.name = exchange::bind_as::dn;
  EXPECT_EQ(exchange::accounts(r).bind_name(asked(ABK_LOGIN)), "");
}

}  // namespace

namespace abk {
// For the messages of GoogleTest.
inline bool operator==(const answer& a, const answer& b) { return a.what == b.what && a.why == b.why && a.rule == b.rule; }
inline void PrintTo(const answer& a, std::ostream* out) { *out << a.rule; }
}  // namespace abk
