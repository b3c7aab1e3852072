#include <directory/messages.hpp>

#include <gtest/gtest.h>

#include "bytes.hpp"

namespace {

using directory::frame;
using directory::next_message;
using state = directory::frame::state;

state of(std::string_view hex) { return next_message(bytes::from_hex(hex)).is; }

TEST(frame, every_split_of_a_message_needs_more_until_it_is_whole) {
  for (const std::string& one : {bytes::from_hex("30 0c 02 01 01 61 07 0a 01 31 04 00 04 00"), bytes::wide(0x30, bytes::from_hex("02 01 01 61 07 0a 01 31 04 00 04 00")),
                                 bytes::entry(3, "cn=x", bytes::attribute("mail", {std::string(300, 'a')}))}) {
    for (std::size_t n = 0; n < one.size(); ++n) EXPECT_EQ(next_message(one.substr(0, n)).is, state::need_more) << n;
    const frame whole = next_message(one + "30");
    EXPECT_EQ(whole.is, state::message);
    EXPECT_EQ(whole.bytes, one.size());
  }
}

TEST(frame, B_10_lengths_that_cannot_be_believed_are_refused_before_anything_is_buffered) {
  EXPECT_EQ(of("30 80"), state::malformed) << "indefinite";
  EXPECT_EQ(of("30 85"), state::malformed) << "a length of five bytes";
  EXPECT_EQ(of("30 ff"), state::malformed);
  EXPECT_EQ(of("30 84 ff ff ff ff"), state::malformed) << "4 GiB";
  EXPECT_EQ(of("30 84 80 00 00 00"), state::malformed) << "negative, to some";
  EXPECT_EQ(of("30 83 01 00 00"), state::malformed) << "64 KiB of content";
  EXPECT_EQ(of("30 82 ff fc"), state::need_more) << "64 KiB with its header";
  EXPECT_EQ(of("30 82 ff fd"), state::malformed) << "one byte more";
}

TEST(frame, B_10_what_is_not_a_sequence_is_refused_at_its_first_byte) {
  for (int first = 0; first < 256; ++first) {
    if (first == 0x30) continue;
    EXPECT_EQ(next_message(std::string(1, static_cast<char>(first))).is, state::malformed) << first;
  }
}

TEST(frame, the_limit_is_the_callers) {
  const std::string one = bytes::from_hex("30 0c 02 01 01 61 07 0a 01 31 04 00 04 00");
  EXPECT_EQ(next_message(one, one.size()).is, state::message);
  EXPECT_EQ(next_message(one, one.size() - 1).is, state::malformed);
  EXPECT_EQ(next_message(one, 1).is, state::malformed);
}

}  // namespace
