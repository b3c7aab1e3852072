#include "config/addresses.hpp"

#include <gtest/gtest.h>

namespace authbroker {
namespace {

TEST(Upstream, EachSchemeHasItsPortAndItsTls) {
  struct row {
    std::string_view url, label;
    tls_use tls;
    bool srv;
  };
  constexpr row rows[] = {
      {"pop3://h.example", "h.example:110", tls_use::none, false},
      {"pop3s://h.example", "h.example:995", tls_use::implicit, false},
      {"pop3+starttls://h.example", "h.example:110", tls_use::starttls, false},
      {"imap://h.example", "h.example:143", tls_use::none, false},
      {"imaps://h.example", "h.example:993", tls_use::implicit, false},
      {"imap+starttls://h.example", "h.example:143", tls_use::starttls, false},
      {"smtp://h.example", "h.example:25", tls_use::none, false},
      {"smtps://h.example", "h.example:465", tls_use::implicit, false},
      {"smtp+starttls://h.example", "h.example:587", tls_use::starttls, false},
      {"ldap://h.example", "h.example:389", tls_use::none, false},
      {"ldaps://h.example", "h.example:636", tls_use::implicit, false},
      {"ldap+starttls://h.example", "h.example:389", tls_use::starttls, false},
      {"srv+ldap://h.example", "srv:h.example", tls_use::none, true},
      {"srv+ldaps://h.example", "srv:h.example", tls_use::implicit, true},
      {"srv+ldap+starttls://h.example", "srv:h.example", tls_use::starttls, true},
      {"tcp://h.example:7", "h.example:7", tls_use::none, false},
      {"tls://h.example:7", "h.example:7", tls_use::implicit, false},
      {"tcp+starttls://h.example:7", "h.example:7", tls_use::starttls, false},
  };
  for (const row& r : rows) {
    const auto found = parse_upstream(r.url);
    ASSERT_TRUE(found) << r.url << ": " << found.error().text;
    EXPECT_EQ(found->label(), r.label) << r.url;
    EXPECT_EQ(found->tls, r.tls) << r.url;
    EXPECT_EQ(found->srv, r.srv) << r.url;
    EXPECT_EQ(found->scheme, r.url.substr(0, r.url.find(':'))) << r.url;
  }
}

TEST(Upstream, HostsBecomeCanonical) {
  EXPECT_EQ(parse_upstream("POP3S://Mail.Example.COM:1995/")->label(), "mail.example.com:1995");
  EXPECT_EQ(parse_upstream("pop3s://m\xC3\xBCller.example")->host, "xn--mller-kva.example");
  EXPECT_EQ(parse_upstream("pop3s://[2001:DB8:0::1]")->label(), "[2001:db8::1]:995");
  EXPECT_EQ(parse_upstream("pop3s://192.0.2.1")->host, "192.0.2.1");
  EXPECT_EQ(parse_upstream("pop3s://localhost")->host, "localhost");
}

TEST(Upstream, T_09_AHostThatCouldBeReadInTwoWaysIsRefused) {
  for (const std::string_view host : {"127.1", "010.0.0.1", "1.2.3.4.5", "2130706433", "-a.example", "a-.example", "a..example", "a_b..c", "*.example"})
    EXPECT_FALSE(parse_host(host)) << host;
  EXPECT_FALSE(parse_host("256.1.1.1"));
  EXPECT_FALSE(parse_host(std::string(64, 'a') + ".example"));
  EXPECT_FALSE(parse_host(std::string_view("h\0.example", 10)));
}

TEST(Listener, AddressesOfBothKinds) {
  EXPECT_EQ(parse_listener_address("unix:/run/a.sock")->path, "/run/a.sock");
  const auto tcp = parse_listener_address("tcp:127.0.0.2:80");
  ASSERT_TRUE(tcp);
  EXPECT_FALSE(tcp->is_unix);
  EXPECT_EQ(tcp->host, "127.0.0.2");
  EXPECT_EQ(tcp->port, 80);
  EXPECT_EQ(parse_listener_address("tcp:[::1]:8089")->host, "::1");
  for (const std::string_view bad : {"tcp:::1:8089", "tcp:[127.0.0.1]:80", "tcp:[::1]8089", "tcp:[::1", "tcp:", "udp:127.0.0.1:1", "", "tcp:127.0.0.1:080", "tcp:127.0.0.1:-1"})
    EXPECT_FALSE(parse_listener_address(bad)) << bad;
}

TEST(Network, KeepsBitsAndFamily) {
  const auto four = parse_network("10.1.0.0/16");
  ASSERT_TRUE(four);
  EXPECT_EQ(four->bits, 16u);
  EXPECT_EQ(four->bytes[1], 1);
  EXPECT_EQ(parse_network("::1")->bits, 128u);
  EXPECT_TRUE(parse_network("::/0")->v6);
  EXPECT_EQ(parse_network("192.0.2.1")->bits, 32u);
  for (const std::string_view bad : {"10.0.0.0/", "10.0.0.0/x", "10.0.0.0/-1", "10.0.0.0/8 ", "::1/129", "fe80::1%lo", "10.0.0/8"}) EXPECT_FALSE(parse_network(bad)) << bad;
}

TEST(Template, SaysWhatItUses) {
  const auto use = check_template("CORP\\{local}@{domain}");
  ASSERT_TRUE(use);
  EXPECT_TRUE(use->local && use->domain && !use->address);
  EXPECT_TRUE(check_template("{address}")->address);
  for (const std::string_view bad : {"", "plain", "{}", "{{local}}", "{local", "local}", "{LOCAL}", "{local }", "{address}{env:X}"}) EXPECT_FALSE(check_template(bad)) << bad;
}

}  // namespace
}  // namespace authbroker
