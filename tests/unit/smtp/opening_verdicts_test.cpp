// What a reply before any question means, code by code.
#include <gtest/gtest.h>
#include <smtp/opening_verdicts.hpp>

#include <set>

namespace {

using abk::reason;
using smtp::moment;

smtp::reply of(int code) {
  smtp::reply out;
  out.code = static_cast<std::uint16_t>(code);
  out.crlf = true;
  out.text = "words";
  return out;
}

struct golden {
  moment at;
  int from, to;
  reason why;
  std::string rule;
};
const golden expected[] = {
    {moment::greeting, 200, 399, reason::upstream_nonsense, "greeting.nonsense"}, {moment::greeting, 400, 499, reason::upstream_busy, "greeting.4xx"},
    {moment::greeting, 500, 599, reason::upstream_refuses_us, "greeting.5xx"},    {moment::ehlo, 200, 399, reason::upstream_nonsense, "ehlo.nonsense"},
    {moment::ehlo, 400, 499, reason::upstream_busy, "ehlo.4xx"},                  {moment::ehlo, 500, 500, reason::upstream_refuses_us, "ehlo.5xx"},
    {moment::ehlo, 501, 501, reason::misconfigured, "ehlo.501"},                  {moment::ehlo, 502, 503, reason::upstream_refuses_us, "ehlo.5xx"},
    {moment::ehlo, 504, 504, reason::misconfigured, "ehlo.504"},                  {moment::ehlo, 505, 529, reason::upstream_refuses_us, "ehlo.5xx"},
    {moment::ehlo, 530, 530, reason::misconfigured, "ehlo.530"},                  {moment::ehlo, 531, 599, reason::upstream_refuses_us, "ehlo.5xx"},
    {moment::helo, 200, 399, reason::upstream_nonsense, "helo.nonsense"},         {moment::helo, 400, 499, reason::upstream_busy, "helo.4xx"},
    {moment::helo, 500, 500, reason::upstream_refuses_us, "helo.5xx"},            {moment::helo, 501, 501, reason::misconfigured, "helo.501"},
    {moment::helo, 502, 503, reason::upstream_refuses_us, "helo.5xx"},            {moment::helo, 504, 504, reason::misconfigured, "helo.504"},
    {moment::helo, 505, 529, reason::upstream_refuses_us, "helo.5xx"},            {moment::helo, 530, 530, reason::misconfigured, "helo.530"},
    {moment::helo, 531, 599, reason::upstream_refuses_us, "helo.5xx"},            {moment::starttls, 200, 399, reason::upstream_nonsense, "starttls.nonsense"},
    {moment::starttls, 400, 420, reason::tls_unavailable, "starttls.refused"},    {moment::starttls, 421, 421, reason::upstream_busy, "starttls.421"},
    {moment::starttls, 422, 599, reason::tls_unavailable, "starttls.refused"},    {moment::xclient, 200, 399, reason::upstream_nonsense, "xclient.nonsense"},
    {moment::xclient, 400, 499, reason::upstream_busy, "xclient.4xx"},            {moment::xclient, 500, 599, reason::upstream_refuses_us, "xclient.5xx"},
};

TEST(SmtpOpeningVerdicts, G_01_EveryCodeAtEveryMoment) {
  std::set<std::string> used;
  std::size_t judged = 0;
  for (const golden& g : expected)
    for (int code = g.from; code <= g.to; ++code, ++judged) {
      const abk::give_up found = smtp::judge_opening(g.at, of(code));
      EXPECT_EQ(found.why().what, abk::verdict::tempfail);
      EXPECT_EQ(found.why().why, g.why) << g.rule << " " << code;
      EXPECT_EQ(found.why().rule, g.rule) << code;
      used.insert(found.why().rule);
    }
  EXPECT_EQ(judged, 5U * 400U);
  EXPECT_EQ(used.size(), smtp::opening_table().size() + 5) << "a row that nothing reaches";
}

TEST(SmtpOpeningVerdicts, WhatIsNoReply) {
  for (const moment at : {moment::greeting, moment::ehlo, moment::helo, moment::starttls, moment::xclient})
    EXPECT_EQ(smtp::judge_opening(at, smtp::reply()).why().why, reason::upstream_nonsense);
}

}  // namespace
