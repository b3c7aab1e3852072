#include <directory/filter.hpp>

#include <gtest/gtest.h>

#include "bytes.hpp"

namespace {

using namespace directory;
using place = value_template::place;

constexpr values ann{"ann@example.com", "ann", "example.com"};

std::string shown(std::string_view text, const values& v = ann) {
  const auto f = filter_template::parse(text);
  return f.value ? f.value->render(v) : f.problem;
}
std::string encoded(std::string_view text, const values& v = ann) {
  const auto f = filter_template::parse(text);
  return f.value ? bytes::to_hex(f.value->encode(v)) : f.problem;
}

TEST(filter, every_kind_of_item_is_encoded_as_rfc_4511_says) {
  EXPECT_EQ(encoded("(a=b)"), "a3 06 04 01 61 04 01 62");
  EXPECT_EQ(encoded("(a>=b)"), "a5 06 04 01 61 04 01 62");
  EXPECT_EQ(encoded("(a<=b)"), "a6 06 04 01 61 04 01 62");
  EXPECT_EQ(encoded("(a~=b)"), "a8 06 04 01 61 04 01 62");
  EXPECT_EQ(encoded("(a=*)"), "87 01 61");
  EXPECT_EQ(encoded("(a=)"), "a3 05 04 01 61 04 00");
  EXPECT_EQ(encoded("(a=b*)"), "a4 08 04 01 61 30 03 80 01 62");
  EXPECT_EQ(encoded("(a=*b)"), "a4 08 04 01 61 30 03 82 01 62");
  EXPECT_EQ(encoded("(a=*b*)"), "a4 08 04 01 61 30 03 81 01 62");
  EXPECT_EQ(encoded("(a=b*c*d*e)"), "a4 11 04 01 61 30 0c 80 01 62 81 01 63 81 01 64 82 01 65");
  EXPECT_EQ(encoded("(a:=b)"), "a9 06 82 01 61 83 01 62");
  EXPECT_EQ(encoded("(a:dn:=b)"), "a9 09 82 01 61 83 01 62 84 01 ff");
  EXPECT_EQ(encoded("(a:1.2:=b)"), "a9 0b 81 03 31 2e 32 82 01 61 83 01 62");
  EXPECT_EQ(encoded("(a:dn:r:=b)"), "a9 0c 81 01 72 82 01 61 83 01 62 84 01 ff");
  EXPECT_EQ(encoded("(:r:=b)"), "a9 06 81 01 72 83 01 62");
  EXPECT_EQ(encoded("(:dn:r:=b)"), "a9 09 81 01 72 83 01 62 84 01 ff");
  EXPECT_EQ(encoded("(&(a=*)(b=*))"), "a0 06 87 01 61 87 01 62");
  EXPECT_EQ(encoded("(|(a=*)(b=*))"), "a1 06 87 01 61 87 01 62");
  EXPECT_EQ(encoded("(!(a=*))"), "a2 03 87 01 61");
  EXPECT_EQ(encoded("(a=\\2a\\00\\FF)"), "a3 08 04 01 61 04 03 2a 00 ff");
}

TEST(filter, what_a_question_brings_takes_its_places) {
  EXPECT_EQ(shown("(|(mail={address})(uid={local}))"), "(|(mail=ann@example.com)(uid=ann))");
  EXPECT_EQ(shown("(proxyAddresses=smtp:{address})"), "(proxyAddresses=smtp:ann@example.com)");
  EXPECT_EQ(shown("(mail=*@{domain})"), "(mail=*@example.com)");
  EXPECT_EQ(shown("(mail={local}@internal)"), "(mail=ann@internal)");
  EXPECT_EQ(shown("(userAccountControl:1.2.840.113556.1.4.803:=2)"), "(userAccountControl:1.2.840.113556.1.4.803:=2)");
  EXPECT_EQ(shown("( & (a=1)\n\t(! (b>=2)) )"), "(&(a=1)(!(b>=2)))");
  EXPECT_EQ(shown("(a=\\7baddress})"), "(a={address})");
  EXPECT_EQ(shown("(cn;lang-de=x)"), "(cn;lang-de=x)");
}

TEST(filter, B_01_no_name_can_change_the_shape_of_a_filter) {
  // Every byte, alone and around others: the encoding must be the shape of the template with the raw bytes in it.
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string raw{static_cast<char>(a), static_cast<char>(b), ')'};
      const auto f = filter_template::parse("(&(m={address})(u={local}))");
      ASSERT_EQ(f.value->encode({raw, "x", ""}), bytes::tlv(0xa0, bytes::tlv(0xa3, bytes::tlv(4, "m") + bytes::tlv(4, raw)) + bytes::tlv(0xa3, bytes::tlv(4, "u") + bytes::tlv(4, "x"))));
    }
  EXPECT_EQ(shown("(uid={local})", {"", "*)(uid=*))(|(uid=*", ""}), "(uid=\\2a\\29\\28uid=\\2a\\29\\29\\28|\\28uid=\\2a)");
  EXPECT_EQ(shown("(uid={local})", {"", "{address}", ""}), "(uid={address})") << "what was put in is not looked at again";
}

TEST(filter, B_01_a_star_in_a_name_is_no_wildcard) {
  EXPECT_EQ(encoded("(a={local})", {"", "*", ""}), "a3 06 04 01 61 04 01 2a");
}

TEST(filter, a_part_that_turns_out_empty_matches_nothing_rather_than_everything) {
  EXPECT_EQ(encoded("(a={local}*)", {"", "", ""}), "a3 05 04 01 61 04 00");
  EXPECT_EQ(encoded("(a=*{domain}*)", {"", "x", ""}), "a3 05 04 01 61 04 00");
  EXPECT_EQ(shown("(a={local}*)", {"", "", ""}), "(a=)");
}

TEST(filter, rendered_text_parses_to_the_same_filter) {
  for (const std::string_view text : {"(&(a=b)(|(c=d*e)(!(f=*)))(g:dn:1.2:=h)(:r:=x)(i>=j)(k<=l)(m~=n))", "(a={address})", "(a=*{local}*)", "(a=x{domain}*y*z)"}) {
    const values odd{"a*b(c)d\\e\xc3\xbc", "*", "()"};
    const auto f = filter_template::parse(text);
    ASSERT_TRUE(f.value) << f.problem;
    const auto again = filter_template::parse(f.value->render(odd));
    ASSERT_TRUE(again.value) << again.problem;
    EXPECT_EQ(again.value->encode({}), f.value->encode(odd)) << text;
  }
}

TEST(filter, knows_its_places) {
  const auto f = filter_template::parse("(|(a={address})(!(b=*{domain})))");
  EXPECT_TRUE(f.value->has(place::address));
  EXPECT_TRUE(f.value->has(place::domain));
  EXPECT_FALSE(f.value->has(place::local));
}

TEST(filter, knows_whether_all_that_matches_bears_the_name) {
  const auto bears = [](std::string_view text) { return filter_template::parse(text).value->bears({place::address, place::local}); };
  for (const std::string_view text : {"(a={address})", "(a=smtp:{local})", "(a=x*{local}*)", "(a:=x{address})", "(&(b=c)(a={local}))", "(|(a={address})(&(b=c)(d={local})))", "(&(!(a=b))(c={local}))"})
    EXPECT_TRUE(bears(text)) << text;
  for (const std::string_view text : {"(a=b)", "(a=*)", "(a=x*y)", "(a={domain})", "(|(a={address})(b=c))", "(&(b=c)(d=e))", "(!(a={address}))", "(&(a=b)(|(c={local})(d=*)))"})
    EXPECT_FALSE(bears(text)) << text;
}

TEST(filter, complaints_say_what_was_found_and_where) {
  struct row {
    std::string_view text, problem;
  };
  const row rows[] = {
      {"", "the end of the text at character 1; \"(\" is wanted"},
      {"a=b", "\"a\" at character 1; \"(\" is wanted"},
      {"(a=b", "the end of the text at character 5; \")\" is wanted"},
      {"(a=b))", "text behind the filter at character 6; nothing is wanted"},
      {"(a)", "\")\" at character 3; \"=\", \">=\", \"<=\", \"~=\" or \":=\" is wanted"},
      {"()", "\")\" at character 2; an attribute's name is wanted"},
      {"(&)", "a list without a filter at character 3; \"(\" is wanted"},
      {"(!(a=b)(c=d))", "\"!\" before several filters at character 13; one is wanted"},
      {"(a=b(c)", "\"(\" at character 5; this character as \\28 or \\2a is wanted"},
      {"(a>=b*)", "\"*\" at character 6; this character as \\28 or \\2a is wanted"},
      {"(a=b**c)", "two stars side by side at character 6; text between them is wanted"},
      {"(a=\\2)", "a \"\\\" without two hexadecimal digits at character 4; something like \\2a is wanted"},
      {"(a=\\zz)", "a \"\\\" without two hexadecimal digits at character 4; something like \\2a is wanted"},
      {"(a={name})", "a \"{\" at character 4; {address}, {local} or {domain} (a brace itself is \\7b) is wanted"},
      {"({local}=x)", "\"{\" at character 2; an attribute's name is wanted"},
      {"(a:{local}:=x)", "\"{\" at character 4; \"dn\" or a matching rule is wanted"},
      {"(:=x)", "an extensible match with neither attribute nor rule at character 3; one of them is wanted"},
      {"(a>b)", "\"b\" at character 4; \"=\" is wanted"},
  };
  for (const row& r : rows) EXPECT_EQ(filter_template::parse(r.text).problem, r.problem) << r.text;
}

TEST(filter, depth_and_length_have_an_end) {
  const auto nested = [](std::size_t depth) {
    std::string text = "(a=b)";
    for (std::size_t i = 1; i < depth; ++i) text = "(!" + text + ")";
    return filter_template::parse(text).problem;
  };
  EXPECT_EQ(nested(filter_template::depth_max), "");
  EXPECT_EQ(nested(filter_template::depth_max + 1), "a filter nested deeper than 32 at character 65; a flatter one is wanted");
  EXPECT_NE(nested(1300), "");
  EXPECT_EQ(filter_template::parse("(a=" + std::string(5000, 'x') + ")").problem, "5004 bytes; at most 4096 are wanted");
}

TEST(dn, B_03_what_a_question_brings_is_one_value) {
  const auto dn = [](std::string_view local) { return dn_template::parse("uid={local},ou=people,dc=example").value->render({"", local, ""}); };
  EXPECT_EQ(dn("ann"), "uid=ann,ou=people,dc=example");
  EXPECT_EQ(dn("bob,ou=admins"), "uid=bob\\2cou\\3dadmins,ou=people,dc=example");
  EXPECT_EQ(dn(" #x "), "uid=\\20#x\\20,ou=people,dc=example");
  EXPECT_EQ(dn("{address}"), "uid={address},ou=people,dc=example");
}

TEST(dn, the_grammar_is_checked) {
  for (const std::string_view good : {"uid={local}", "uid={local}, ou=people", "cn=a\\,b,dc=x", "cn=a\\2cb", "2.5.4.3=x", "cn={local}+uid={local},dc=x", "mail={local}@{domain},dc=x", "cn=x=y"})
    EXPECT_EQ(dn_template::parse(good).problem, "") << good;
  for (const std::string_view bad : {"", "uid", "{local}", "{local}=x", "=x", "uid=a,", "uid=a,,b=c", "uid=\"a\"", "uid=a;b", "uid=<a>", "uid=\\", "uid=\\zz", "uid={x}", "{address}", "CORP\\{local}"})
    EXPECT_NE(dn_template::parse(bad).problem, "") << bad;
  EXPECT_EQ(dn_problem("ou=people,dc=x"), "");
  EXPECT_EQ(dn_problem(""), "");
  EXPECT_EQ(dn_problem("uid={local}"), "a \"{\" at character 5; a name without places (a brace itself is \\7b) is wanted");
  EXPECT_EQ(dn_problem("people"), "the end of the text at character 7; \"=\" is wanted");
}

}  // namespace
