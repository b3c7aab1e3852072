// What a directory says of itself, as a probe tells it.
#include <directory/root_dse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace directory {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(RootDse, OpenLdap) {
  search_entry root;
  root.attributes = {{"namingContexts", {"dc=example,dc=test", "o=other"}}, {"supportedSASLMechanisms", {"SCRAM-SHA-256", "EXTERNAL"}}};
  EXPECT_THAT(tell_root(root), ElementsAre(Pair("naming-context", "dc=example,dc=test"), Pair("naming-context", "o=other"), Pair("active-directory", "no"), Pair("sasl-scram-sha-256", "yes"),
                                           Pair("sasl-external", "yes")));
}

TEST(RootDse, ActiveDirectoryPutsItsDefaultFirst) {
  search_entry root;
  root.attributes = {{"namingContexts", {"CN=Configuration,DC=ad,DC=example", "DC=ad,DC=example"}},
                     {"defaultNamingContext", {"dc=ad,DC=example"}},
                     {"supportedCapabilities", {"1.2.840.113556.1.4.1670", "1.2.840.113556.1.4.800"}},
                     {"dnsHostName", {"dc1.ad.example"}}};
  EXPECT_THAT(tell_root(root), ElementsAre(Pair("naming-context", "dc=ad,DC=example"), Pair("naming-context", "CN=Configuration,DC=ad,DC=example"), Pair("active-directory", "yes"), Pair("host", "dc1.ad.example")));
}

TEST(RootDse, AnEmptyOrEndlessOneIsBounded) {
  EXPECT_THAT(tell_root(search_entry{}), ElementsAre(Pair("active-directory", "no")));
  search_entry root;
  const std::vector<std::string_view> many(1000, "dc=x");
  root.attributes = {{"namingContexts", many}};
  EXPECT_EQ(tell_root(root).size(), 40U);
  root.attributes = {{"namingContexts", {"", "dc=x"}}};
  EXPECT_THAT(tell_root(root), ElementsAre(Pair("naming-context", "dc=x"), Pair("active-directory", "no")));
}

TEST(RootDse, OnlyAnOpenLdapThatTellsAllLacksThePolicy) {
  constexpr std::string_view policy = "1.3.6.1.4.1.42.2.27.8.5.1", paged = "1.2.840.113556.1.4.319", transactions = "1.3.6.1.1.21.1", cancel = "1.3.6.1.1.8";
  const auto lacks = [](std::vector<std::string_view> controls, std::vector<std::string_view> extensions, bool cut = false) {
    search_entry root;
    root.attributes = {{"SUPPORTEDCONTROL", std::move(controls), cut}, {"supportedExtension", std::move(extensions)}};
    return lacks_policy(root);
  };
  EXPECT_TRUE(lacks({paged}, {cancel, transactions}));
  EXPECT_TRUE(lacks({paged, "1.3.6.1.4.1.42.2.27.8.5.10", "1.3.6.1.4.1.42.2.27.8.5"}, {transactions}));
  EXPECT_FALSE(lacks({paged, policy}, {transactions}));
  EXPECT_FALSE(lacks({paged}, {transactions}, true));
  EXPECT_FALSE(lacks({}, {transactions}));
  EXPECT_FALSE(lacks({paged}, {cancel}));
  EXPECT_FALSE(lacks({paged}, {}));
  EXPECT_FALSE(lacks_policy({}));
}

}  // namespace
}  // namespace directory
