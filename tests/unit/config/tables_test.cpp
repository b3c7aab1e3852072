// maps and values of a [[listener]]: what may be said. What may not is in tests/bad_configs/tables.toml.
#include <gtest/gtest.h>

#include "unit/config/dump.hpp"

namespace authbroker::test {
namespace {

table_rules tables(const std::string& lines, const std::string& protocol = "socketmap") {
  return loaded(small("listener", "protocol = \"" + protocol + "\"\n" + lines)).listeners[0].tables;
}

TEST(Tables, NamesMeanWhatIsWritten) {
  const table_rules t = tables("maps = { rcpt = \"mailbox\", virtuser = \"canonical\", \"*\" = \"access\", \"*x\" = \"domain\" }");
  EXPECT_EQ(t.maps.at("rcpt"), table_kind::mailbox);
  EXPECT_EQ(t.maps.at("virtuser"), table_kind::canonical);
  EXPECT_EQ(t.maps.at("*"), table_kind::access);
  EXPECT_EQ(t.maps.at("*x"), table_kind::domain);
  EXPECT_TRUE(tables("").maps.empty());
  EXPECT_EQ(tables("maps = { \"*\" = \"domain\" }", "tcp-table").maps.at("*"), table_kind::domain);
}

TEST(Tables, EachReplyAloneIsChanged) {
  struct row {
    std::string lines, protocol;
    table_kind kind;
    table_row which;
    table_reply::form what;
    std::string text;
  };
  using enum table_reply::form;
  const table_rules usual;
  for (const row& r : {row{"mailbox = { exists = \"OK\" }", "socketmap", table_kind::mailbox, table_row::exists, value, "OK"},
                       row{"mailbox = { no_route = \"NOTFOUND\" }", "socketmap", table_kind::mailbox, table_row::no_route, not_found, ""},
                       row{"mailbox = { absent = \"TEMP\" }", "tcp-table", table_kind::mailbox, table_row::absent, temporary, ""},
                       row{"mailbox = { unverifiable = \"perhaps\" }", "socketmap", table_kind::mailbox, table_row::unverifiable, value, "perhaps"},
                       row{"canonical = { exists = \"{local}@internal.example\" }", "socketmap", table_kind::canonical, table_row::exists, value, "{local}@internal.example"},
                       row{"canonical = { no_route = \"NOTFOUND\" }", "socketmap", table_kind::canonical, table_row::no_route, not_found, ""},
                       row{"canonical = { same = \"NOTFOUND\" }", "socketmap", table_kind::canonical, table_row::same, not_found, ""},
                       row{"domain = { exists = \"yes\" }", "socketmap", table_kind::domain, table_row::exists, value, "yes"},
                       row{"access = { absent = \"550 5.1.1 <{identity}>: User unknown\" }", "socketmap", table_kind::access, table_row::absent, value, "550 5.1.1 <{identity}>: User unknown"},
                       row{"access = { absent = \"ERROR:5.1.1:550 User unknown\" }", "socketmap", table_kind::access, table_row::absent, value, "ERROR:5.1.1:550 User unknown"},
                       row{"access = { unverifiable = \"defer_if_permit 4.1.1 later\" }", "socketmap", table_kind::access, table_row::unverifiable, value, "defer_if_permit 4.1.1 later"},
                       row{"access = { exists = \"NOTFOUND\" }", "socketmap", table_kind::access, table_row::exists, not_found, ""},
                       row{"policy = { no_route = \"REJECT 5.1.2 No such domain\" }", "policy", table_kind::policy, table_row::no_route, value, "REJECT 5.1.2 No such domain"},
                       row{"policy = { unverifiable = \"TEMP\" }", "policy", table_kind::policy, table_row::unverifiable, temporary, ""}}) {
    SCOPED_TRACE(r.lines);
    const table_rules t = tables("values = { " + r.lines + " }", r.protocol);
    EXPECT_EQ(t.reply(r.kind, r.which).what, r.what);
    EXPECT_EQ(t.reply(r.kind, r.which).text, r.text);
    for (std::size_t k = 0; k < table_kinds; ++k)
      for (std::size_t i = 0; i < table_rows; ++i) {
        const auto kind = static_cast<table_kind>(k);
        const auto which = static_cast<table_row>(i);
        if (kind == r.kind && which == r.which) continue;
        EXPECT_EQ(t.reply(kind, which).text, usual.reply(kind, which).text) << name(kind) << " " << name(which);
      }
  }
}

TEST(Tables, TheUsualActionsLetNothingThrough) {
  const table_rules usual;
  for (const table_kind k : {table_kind::access, table_kind::policy})
    for (std::size_t i = 0; i < table_rows; ++i) {
      const std::string& text = usual.reply(k, static_cast<table_row>(i)).text;
      EXPECT_TRUE(text.empty() || text == "DUNNO" || text == "REJECT 5.1.1 User unknown" || text == "550 5.1.1 User unknown") << text;
    }
}

}  // namespace
}  // namespace authbroker::test
