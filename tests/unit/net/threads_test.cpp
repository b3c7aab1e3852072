// Two workers, one context: what they share must be safe (the TSan build is the judge), and what they get must be right.
#include <gtest/gtest.h>

#include <thread>

#include "unit/net/servers.hpp"

namespace authbroker {
namespace {

using namespace authbroker::testing;

TEST(Threads, WorkersShareATlsContext) {
  wish w;
  w.dns = {"good.example"};
  tls_server_wish good, bad;
  good.own = issue(w, good_ca());
  bad.own = issue(w, other_ca());
  tls_server server(good), stranger(bad);
  const auto context = context_for();
  std::atomic<int> fine{0}, refused{0};
  const auto work = [&] {
    for (int i = 0; i < 20; ++i) {
      client c(context);
      if (c.open_tls(server.port()).why == reason::none && c.write("x") && c.read_until([](const std::string& s) { return !s.empty(); }) == "x") ++fine;
      client d(context);
      if (d.open_tls(stranger.port()).why == reason::tls_untrusted) ++refused;
    }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
  EXPECT_EQ(fine, 40);
  EXPECT_EQ(refused, 40);
  EXPECT_GT(server.resumed(), 0);
}

TEST(Threads, ContextsAndResolversAreMadeAndDroppedAnywhere) {
  const temporary_file ca(good_ca().pem());
  const auto work = [&] {
    for (int i = 0; i < 50; ++i) {
      tls_settings s;
      s.ca_file = ca.path();
      const auto made = tls_context::make(s);
      ASSERT_TRUE(made);
      worker w{0};
      bool found = false;
      const auto handle = w.names.find("localhost", [&](const resolved& r) { found = !r.addresses.empty(); });
      ASSERT_TRUE(spin(w, [&] { return found; }));
    }
  };
  std::thread one(work), two(work);
  one.join();
  two.join();
}

}  // namespace
}  // namespace authbroker
