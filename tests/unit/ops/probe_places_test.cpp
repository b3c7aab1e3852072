// Which places are tried, and what is written of a backend.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/config.hpp"
#include "ops/probe_draft.hpp"

namespace authbroker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> tried(std::string_view url, std::string_view plugin = {}) {
  std::vector<std::string> out;
  for (const place_to_try& p : places_for(url, plugin)) out.push_back(p.plugin + " " + p.url);
  return out;
}

TEST(ProbePlaces, AUrlIsThatUrlWithThePluginsThatSpeakIt) {
  EXPECT_THAT(tried("pop3s://mail.example.com"), ElementsAre("pop3 pop3s://mail.example.com"));
  EXPECT_THAT(tried("IMAP+STARTTLS://mail.example.com:1143"), ElementsAre("imap IMAP+STARTTLS://mail.example.com:1143"));
  EXPECT_THAT(tried("smtp+starttls://mx"), ElementsAre("smtpauth smtp+starttls://mx", "vrfy smtp+starttls://mx"));
  EXPECT_THAT(tried("ldaps://dc", "exchange"), ElementsAre("exchange ldaps://dc"));
  EXPECT_THAT(tried("tcp://h:1", "flatfile"), ElementsAre("flatfile tcp://h:1"));
}

TEST(ProbePlaces, ASchemeOfNobodyNeedsAPlugin) {
  EXPECT_THAT(tried("tcp://h:1"), IsEmpty());
  EXPECT_THAT(tried("gopher://h"), IsEmpty());
}

TEST(ProbePlaces, AHostAloneIsTriedEncryptedFirst) {
  EXPECT_THAT(tried("mail.example.com"),
              ElementsAre("pop3 pop3s://mail.example.com:995", "pop3 pop3+starttls://mail.example.com:110", "imap imaps://mail.example.com:993", "imap imap+starttls://mail.example.com:143",
                          "smtpauth smtps://mail.example.com:465", "smtpauth smtp+starttls://mail.example.com:587", "vrfy smtp+starttls://mail.example.com:25", "ldap ldaps://mail.example.com:636",
                          "ldap ldap+starttls://mail.example.com:389"));
}

TEST(ProbePlaces, AHostAloneWithAPlugin) {
  EXPECT_THAT(tried("mx", "vrfy"), ElementsAre("vrfy smtp+starttls://mx:25"));
  EXPECT_THAT(tried("dc", "exchange"), ElementsAre("exchange ldaps://dc:636", "exchange ldap+starttls://dc:389"));
  EXPECT_THAT(tried("mx", "static"), IsEmpty());
}

TEST(ProbePlaces, AnIpv6AddressGetsItsBrackets) {
  EXPECT_EQ(tried("2001:db8::1", "pop3").front(), "pop3 pop3s://[2001:db8::1]:995");
  EXPECT_EQ(tried("[2001:db8::1]", "pop3").front(), "pop3 pop3s://[2001:db8::1]:995");
}

TEST(ProbePlaces, WithoutStarttls) {
  EXPECT_EQ(without_starttls("pop3+starttls://h:110"), "pop3://h:110");
  EXPECT_EQ(without_starttls("pop3s://h"), "");
}

TEST(ProbeToml, NamesOfBackends) {
  EXPECT_EQ(name_for("mail.example.com", "pop3"), "mail-pop3");
  EXPECT_EQ(name_for("192.0.2.1", "imap"), "upstream-imap");
  EXPECT_EQ(name_for("2001:db8::1", "imap"), "upstream-imap");
  EXPECT_EQ(name_for("xn--mller-kva.example", "vrfy"), "xn--mller-kva-vrfy");
  EXPECT_LE(name_for(std::string(63, 'a') + ".example", std::string(63, 'b')).size(), 64U);
}

TEST(ProbeToml, TextCannotEndItself) {
  EXPECT_EQ(toml_text("a\"b\\c\nd\x7F"), "\"a\\\"b\\\\c\\u000Ad\\u007F\"");
}

// What is tried is what is printed: it must load, and mean what the draft says.
TEST(ProbeToml, ADraftLoadsAsItWasMeant) {
  backend_draft d;
  d.name = "mail-pop3";
  d.plugin = "pop3";
  d.url = "pop3s://mail.example.com:995";
  d.verify = false;
  d.pin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
  d.server_name = "other.example.com";
  d.settings = {{"apop", "\"prefer\""}};
  const std::vector<std::string> dirs{"/a", "/b\"c"};
  const load_outcome loaded = parse_configuration(trial_configuration(d, dirs), "t", "/");
  for (const config_problem& p : loaded.problems) ADD_FAILURE() << to_string(p);
  ASSERT_TRUE(loaded.config);
  const backend_rules& b = loaded.config->backends.at(0);
  EXPECT_EQ(loaded.config->broker.plugin_dirs, dirs);
  EXPECT_EQ(b.name, d.name);
  EXPECT_EQ(b.plugin, d.plugin);
  EXPECT_EQ(b.upstream.at(0).label(), "mail.example.com:995");
  EXPECT_FALSE(b.cleartext);
  EXPECT_FALSE(b.tls.verify);
  EXPECT_THAT(b.tls.pin_sha256, ElementsAre(d.pin));
  EXPECT_EQ(b.tls.server_name, d.server_name);
  EXPECT_EQ(std::get<std::string>(std::get<setting::table>(b.settings.value).at("apop").value), "prefer");
}

// A value of --set may not smuggle another table in: it would be tried, and printed.
TEST(ProbeToml, ASettingIsOneSetting) {
  backend_draft d;
  d.name = "b";
  d.plugin = "pop3";
  d.url = "pop3s://h:995";
  d.settings = {{"apop", "[\"x\"] tls = 1"}};
  EXPECT_FALSE(parse_configuration(trial_configuration(d, {}), "t", "/").config);
}

}  // namespace
}  // namespace authbroker
