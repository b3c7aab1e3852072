// Names and passwords at the border: what gets in, and what it is called afterwards.
#include "core/identity.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace authbroker;
using namespace std::string_literals;

namespace {

struct row {
  const char* about;
  std::string typed;
  name_fault fault;
};
const row names[] = {
    {"plain", "ann@example.com", name_fault::none},
    {"no domain", "ann", name_fault::none},
    {"two at signs: the last one counts", "a@b@example.com", name_fault::none},
    {"a space within", "bob admin@example.com", name_fault::none},
    {"UTF-8", "jürgen@example.com", name_fault::none},
    {"IDN", "ann@müller.example", name_fault::none},
    {"A-03 empty", "", name_fault::no_grammar},
    {"A-03 a space", " ", name_fault::no_grammar},
    {"A-03 only at", "@", name_fault::no_grammar},
    {"A-03 no local part", "@example.org", name_fault::no_grammar},
    {"A-03 no domain after at", "a@", name_fault::no_grammar},
    {"A-02 NUL", "ann\0@example.com"s, name_fault::not_carried},
    {"A-04 command injection", "bob\r\nPASS x@example.com", name_fault::not_carried},
    {"A-05 lone LF", "bob\n", name_fault::not_carried},
    {"A-05 lone CR", "bob\r", name_fault::not_carried},
    {"A-05 vertical tab", "bob\x0b", name_fault::not_carried},
    {"A-05 C1 control", "bob\xc2\x85", name_fault::not_carried},
    {"A-06 tab", "bob\tadmin", name_fault::not_carried},
    {"space in front", " ann@example.com", name_fault::not_carried},
    {"space behind", "ann@example.com ", name_fault::not_carried},
    {"space before the at", "ann @example.com", name_fault::not_carried},
    {"A-13 invalid UTF-8", "\xff\xfe@example.com", name_fault::not_carried},
    {"A-13 overlong NUL", "a\xc0\x80@example.com", name_fault::not_carried},
    {"A-13 surrogate", "a\xed\xa0\x80@example.com", name_fault::not_carried},
    {"a domain with a space", "ann@exam ple.com", name_fault::bad_domain},
    {"a domain with an empty label", "ann@example..com", name_fault::bad_domain},
    {"a domain with a trailing dot", "ann@example.com.", name_fault::bad_domain},
    {"320 bytes", std::string(308, 'a') + "@example.com", name_fault::none},
    {"321 bytes", std::string(309, 'a') + "@example.com", name_fault::too_long},
    {"A-10 a megabyte", std::string(1 << 20, 'a'), name_fault::too_long},
};

TEST(Identity, NamesAreCheckedOnce) {
  for (const row& r : names) EXPECT_EQ(check_name(r.typed).fault, r.fault) << r.about;
}

TEST(Identity, TheDomainIsWhatFollowsTheLastAtAsALabel) {
  EXPECT_EQ(check_name("a@b@Example.COM").name.local, "a@b");
  EXPECT_EQ(check_name("a@b@Example.COM").name.domain, "example.com");
  EXPECT_EQ(check_name("a@b@Example.COM").name.domain_typed, "Example.COM");
  EXPECT_EQ(check_name("ann@MÜLLER.example").name.domain, "xn--mller-kva.example");
  EXPECT_EQ(check_name("ann").name.domain, "");
}

TEST(Identity, A_18_ANameThatGrowsUnderNormalisationStaysWithinItsLimit) {
  std::string typed;
  for (int i = 0; i < 100; ++i) typed += "\xef\xb7\xba";  // U+FDFA
  const name_check got = check_name(typed);
  EXPECT_EQ(got.fault, name_fault::none);
  EXPECT_EQ(got.name.local, typed);  // nothing is normalised, so nothing grows
}

TEST(Identity, AFaultyNameIsRefusedWithoutAskingAnybody) {
  EXPECT_EQ(refuse_name(question_kind::login, name_fault::no_grammar).why, reason::bad_name);
  EXPECT_EQ(refuse_name(question_kind::login, name_fault::not_carried).what, verdict::reject);
  EXPECT_EQ(refuse_name(question_kind::login, name_fault::too_long).why, reason::too_long);
  // An address that we cannot carry may exist; only what no grammar allows does not.
  EXPECT_EQ(refuse_name(question_kind::mailbox, name_fault::no_grammar).what, verdict::absent);
  EXPECT_EQ(refuse_name(question_kind::mailbox, name_fault::not_carried).what, verdict::unverifiable);
  EXPECT_EQ(refuse_name(question_kind::mailbox, name_fault::too_long).what, verdict::unverifiable);
  for (const question_kind k : {question_kind::login, question_kind::mailbox})
    for (const name_fault f : {name_fault::too_long, name_fault::not_carried, name_fault::bad_domain, name_fault::no_grammar}) {
      const local_verdict v = refuse_name(k, f);
      EXPECT_TRUE(legal(v.what, v.why));
    }
}

TEST(Identity, A_01_A_02_A_07_A_10_A_12_PasswordsAreCheckedOnce) {
  EXPECT_EQ(check_password("secret"), reason::none);
  EXPECT_EQ(check_password(" secret "), reason::none) << "A-07: never trimmed";
  EXPECT_EQ(check_password("p\xe9ss"), reason::none) << "A-12: bytes as they are";
  EXPECT_EQ(check_password(""), reason::empty_password) << "A-01";
  EXPECT_EQ(check_password("\0secret"s), reason::bad_password) << "A-02";
  EXPECT_EQ(check_password("sec\0ret"s), reason::bad_password) << "A-02";
  EXPECT_EQ(check_password("x\r\nDELE 1"), reason::bad_password) << "A-04";
  EXPECT_EQ(check_password(std::string(1024, 'x')), reason::none);
  EXPECT_EQ(check_password(std::string(1025, 'x')), reason::too_long) << "A-10";
}

TEST(Identity, A_17_PathCharactersNeedPermission) {
  EXPECT_TRUE(has_path_characters("box#ann", ""));
  EXPECT_TRUE(has_path_characters("~ann", "#/"));
  EXPECT_TRUE(has_path_characters("a/b", "#~"));
  EXPECT_FALSE(has_path_characters("a/b#c~d", "#~/"));
  EXPECT_FALSE(has_path_characters("ann", ""));
  constexpr std::string_view all = "#~/";
  for (int c = 0; c < 256; ++c)
    for (unsigned mask = 0; mask < 8; ++mask) {
      std::string allowed;
      for (std::size_t i = 0; i < all.size(); ++i)
        if ((mask >> i & 1U) != 0) allowed += all[i];
      const char one = static_cast<char>(c);
      const bool forbidden = all.find(one) != all.npos && allowed.find(one) == allowed.npos;
      EXPECT_EQ(has_path_characters(std::string("a") + one + "b", allowed), forbidden) << c << ' ' << allowed;
    }
}

TEST(Identity, TheIdentityIsCanonical) {
  const checked_name ann = check_name("Ann.Onym@Alias.Example").name;
  EXPECT_EQ(make_identity(ann, "", false), "ann.onym@alias.example");
  EXPECT_EQ(make_identity(ann, "", true), "Ann.Onym@alias.example");
  EXPECT_EQ(make_identity(ann, "example.com", false), "ann.onym@example.com");
}

TEST(Identity, A_17_TemplatesPutDataInAndLookAtItOnce) {
  EXPECT_EQ(expand_template("{local}", "ann@example.com", "ann", "example.com"), "ann");
  EXPECT_EQ(expand_template("CORP\\{local}", "ann@example.com", "ann", "example.com"), "CORP\\ann");
  EXPECT_EQ(expand_template("{local}@internal.{domain}", "ann@example.com", "ann", "example.com"), "ann@internal.example.com");
  // A-17: what a stranger typed is never expanded again.
  EXPECT_EQ(expand_template("{address}", "{domain}@x", "{domain}", "x"), "{domain}@x");
  EXPECT_EQ(expand_template("{local}", "%{passdb:x}@x", "%{passdb:x}", "x"), "%{passdb:x}");
}

}  // namespace
