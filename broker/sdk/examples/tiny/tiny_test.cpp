// The plugin's transcripts. Each is played as it stands, split and cut at every byte, and given up at every step.
#include <abk/transcript.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  if (argc != 2) return std::fprintf(stderr, "usage: tiny_test tiny.so\n"), 2;
  const abk_plugin* tiny = abk::test::load(argv[1]);
  const auto login = [&] { return abk::test::transcript(tiny).login("ann", "sesame").upstream("tiny 1\n").says_secret("login ann sesame\r\n", "sesame"); };
  const auto mailbox = [&] { return abk::test::transcript(tiny).mailbox("ann").upstream("tiny 1\n").says("exists ann\r\n"); };

  abk::test::transcript stories[] = {
      login().upstream("yes\n").expect(ABK_YES, ABK_REASON_NONE, "reply.yes").says("bye\r\n").closes(),
      login().upstream("no\n").expect(ABK_NO, ABK_REASON_WRONG_PASSWORD, "reply.no").says("bye\r\n").closes(),
      login().upstream("later\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_BUSY, "reply.later").says("bye\r\n").closes(),
      login().upstream("yes!\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "reply.nonsense").says("bye\r\n").closes(),
      login().eof().expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_DOWN, "host.lost").closes(),
      mailbox().upstream("yes\n").expect(ABK_YES, ABK_REASON_NONE, "reply.yes").says("bye\r\n").closes(),
      mailbox().upstream("no\n").expect(ABK_NO, ABK_REASON_NONE, "reply.no").says("bye\r\n").closes(),
      abk::test::transcript(tiny).login("ann lee", "x").upstream("tiny 1\n").expect(ABK_NO, ABK_REASON_BAD_NAME, "local.blank").stays_ready(),
      abk::test::transcript(tiny).login("ann", "x").upstream("220 smtp\n").expect(ABK_TEMPFAIL, ABK_REASON_UPSTREAM_NONSENSE, "greeting").closes(),
      abk::test::transcript(tiny).settings({{"realm", "@corp"}}).mailbox("ann").upstream("tiny 1\n").says("exists ann@corp\r\n").upstream("no\n").expect(ABK_NO, ABK_REASON_NONE, "reply.no").says("bye\r\n").closes(),
  };
  int failed = 0;
  for (abk::test::transcript& story : stories) {
    const std::string trouble = story.run();
    if (trouble.empty()) continue;
    std::printf("%s\n", trouble.c_str());
    ++failed;
  }
  std::printf("%zu stories, %d failed\n", std::size(stories), failed);
  return failed == 0 ? 0 : 1;
}
