// The words in a line of /etc/pam.d.
#include "pam_parts/options.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace authbroker {
namespace {

const char* read(std::vector<const char*> words, pam_options& o) { return read_options(static_cast<int>(words.size()), words.data(), o); }

TEST(pam_options, WithoutAnyTheDefaultsServe) {
  pam_options o;
  EXPECT_EQ(read({}, o), nullptr);
  EXPECT_EQ(o.socket, "/run/authbroker/http.sock");
  EXPECT_EQ(o.timeout.count(), 10'000);
  EXPECT_EQ(o.first, first_pass::or_prompt);
  EXPECT_FALSE(o.rewrite_user || o.reveal || o.debug);
}

TEST(pam_options, EachWordSetsOneThing) {
  pam_options o;
  ASSERT_EQ(read({"socket=/run/x.sock", "timeout=3", "domain=example.com", "service=mail", "use_first_pass", "rewrite_user", "reveal", "debug"}, o), nullptr);
  EXPECT_EQ(o.socket, "/run/x.sock");
  EXPECT_EQ(o.timeout.count(), 3000);
  EXPECT_EQ(o.domain, "example.com");
  EXPECT_EQ(o.service, "mail");
  EXPECT_EQ(o.first, first_pass::only);
  EXPECT_TRUE(o.rewrite_user && o.reveal && o.debug);
}

TEST(pam_options, WhatIsNotUnderstoodIsNotPassedOver) {
  for (const char* const wrong : {"sockets=/x", "socket=", "socket=relative", "timeout=0", "timeout=601", "timeout=5s", "timeout=-1", "timeout", "domain=a@b", "reveal=yes", "nodebug", ""}) {
    pam_options o;
    EXPECT_EQ(read({"debug", wrong}, o), wrong);
  }
}

}  // namespace
}  // namespace authbroker
