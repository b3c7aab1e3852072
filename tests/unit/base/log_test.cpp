#include "base/log.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <vector>

#include "unit/base/temporary.hpp"

namespace authbroker {
namespace {

using test::temporary_folder;

class Log : public testing::Test {
 protected:
  log_settings settings(log_format format = log_format::logfmt, level least = level::info) const { return {log_target::file, dir_.path() + "/log", least, format}; }
  std::vector<std::string> lines(const std::string& name = "log") const {
    std::ifstream in(dir_.path() + "/" + name);
    std::vector<std::string> out;
    for (std::string line; std::getline(in, line);) {
      // The time differs: ts=2026-11-21T22:00:00.000Z or "ts":"...".
      const std::size_t at = line.find("20");
      if (at != std::string::npos && at < 9) line.replace(at, 24, "T");
      out.push_back(line);
    }
    return out;
  }
  temporary_folder dir_;
};

TEST_F(Log, ALineIsAnEventAndFields) {
  logger log(settings());
  log.line(level::warning, "backend_down").field("backend", "corp-ldap").field("after_failures", 5).field_if("why", "").field_if("upstream", "ldap1:636");
  log.flush();
  EXPECT_EQ(lines(), std::vector<std::string>{"ts=T level=warning event=backend_down backend=corp-ldap after_failures=5 upstream=ldap1:636"});
}

TEST_F(Log, R_01_NobodyCanForgeALineOrAField) {
  logger log(settings());
  log.line(level::info, "login").field("address", "ann\r\nts=now level=error event=forged").field("a", "x\" b=\"y").field("b", "b c=d").field("c", "").field("d", "\x1b[2J\xE2\x80\xA8");
  log.flush();
  EXPECT_EQ(lines(), std::vector<std::string>{"ts=T level=info event=login address=\"ann\\x0d\\x0ats=now level=error event=forged\" a=\"x\\\" b=\\\"y\" b=\"b c=d\" c=\"\" d=\"\\x1b[2J\\xe2\\x80\\xa8\""});
}

TEST_F(Log, JsonStaysJson) {
  logger log(settings(log_format::json));
  log.line(level::error, "oops").field("text", "a\"b\\c\n").field("n", -3);
  log.flush();
  EXPECT_EQ(lines(), std::vector<std::string>{"{\"ts\":\"T\",\"level\":\"error\",\"event\":\"oops\",\"text\":\"a\\\\\\\"b\\\\\\\\c\\\\x0a\",\"n\":-3}"});
}

TEST_F(Log, ValuesAreCut) {
  logger log(settings());
  log.line(level::info, "long").field("v", std::string(5000, 'x'));
  log.flush();
  ASSERT_EQ(lines().size(), 1u);
  EXPECT_LT(lines()[0].size(), 300u);
}

// What a field must look like, said again in the plainest words.
std::string expected_field(log_format format, const std::string& key, const std::string& value) {
  static const char* const hex = "0123456789abcdef";
  const std::size_t most = key == "text" ? 600 : 200;
  std::string shown;
  bool bare = !value.empty() && value.size() <= 200;
  for (std::size_t i = 0; i < value.size() && i < most; ++i) {
    const auto c = static_cast<unsigned char>(value[i]);
    if (c == '"' || c == '\\') shown += std::string("\\") + value[i];
    else if (c < 0x20 || c > 0x7e) shown += std::string("\\x") + hex[c / 16] + hex[c % 16];
    else shown += value[i];
    if (c <= 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '=') bare = false;
  }
  if (value.size() > most) shown += "...";
  if (format == log_format::logfmt) return " " + key + (bare ? "=" + shown : "=\"" + shown + "\"");
  std::string doubled;
  for (const char c : shown) doubled += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return ",\"" + key + "\":\"" + doubled + "\"";
}

TEST_F(Log, R_01_EveryByteAtEveryPlaceOfAValue) {
  for (const log_format format : {log_format::logfmt, log_format::json}) {
    log_settings nowhere = settings(format);
    nowhere.target = log_target::nowhere;
    logger log(nowhere);
    const auto written = [&](std::string_view key, std::string_view value) {
      log_line line = log.line(level::info, "e");
      const std::size_t before = line.text().size();
      line.field(key, value);
      return std::string(line.text().substr(before));
    };
    for (std::size_t length = 1; length <= 20; ++length)
      for (std::size_t at = 0; at < length; ++at)
        for (int c = 0; c < 256; ++c) {
          std::string value(length, 'v');
          value[at] = static_cast<char>(c);
          ASSERT_EQ(written("key", value), expected_field(format, "key", value)) << length << ' ' << at << ' ' << c;
        }
    for (const char filling : {'v', ' ', '"', '\n', '\xff'})
      for (const char* key : {"text", "other", ""})
        for (const std::size_t length : {0U, 1U, 7U, 8U, 9U, 15U, 16U, 17U, 31U, 32U, 33U, 199U, 200U, 201U, 202U, 203U, 599U, 600U, 601U, 3000U})
          ASSERT_EQ(written(key, std::string(length, filling)), expected_field(format, key, std::string(length, filling))) << key << ' ' << length;
    const std::string long_key(300, 'k');
    EXPECT_EQ(written(long_key, "v"), expected_field(format, long_key, "v"));
  }
}

TEST_F(Log, ALineIsAsLongAsItsFields) {
  for (const log_format format : {log_format::logfmt, log_format::json}) {
    logger log(settings(format));
    std::string fields;
    {
      log_line line = log.line(level::info, "long");
      const std::string head(line.text());
      for (int i = 0; i < 100; ++i) {
        line.field("text", std::string(static_cast<std::size_t>(i) * 7, i % 3 == 0 ? '"' : 'v')).field("n", i);
        fields += expected_field(format, "text", std::string(static_cast<std::size_t>(i) * 7, i % 3 == 0 ? '"' : 'v'));
        fields += (format == log_format::json ? ",\"n\":" : " n=") + std::to_string(i);
        ASSERT_EQ(line.text(), head + fields);
      }
    }
    log.flush();
    EXPECT_TRUE(lines().back().ends_with(fields + (format == log_format::json ? "}" : "")));
  }
}

TEST_F(Log, LevelsBelowAreNotWritten) {
  logger log(settings(log_format::logfmt, level::warning));
  EXPECT_FALSE(log.wants(level::info));
  log.line(level::info, "quiet");
  log.line(level::debug, "quiet");
  log.line(level::error, "loud");
  log.flush();
  EXPECT_EQ(lines(), std::vector<std::string>{"ts=T level=error event=loud"});
}

TEST_F(Log, AReloadReopensARotatedFile) {
  logger log(settings());
  log.line(level::info, "one");  // goes where it was meant to go, written by then or not
  ASSERT_EQ(std::rename((dir_.path() + "/log").c_str(), (dir_.path() + "/log.1").c_str()), 0);
  log.reconfigure(settings());
  log.line(level::info, "two");
  log.flush();
  EXPECT_EQ(lines("log.1"), std::vector<std::string>{"ts=T level=info event=one"});
  EXPECT_EQ(lines(), std::vector<std::string>{"ts=T level=info event=two"});
}

TEST_F(Log, AReloadThatCannotOpenChangesNothing) {
  logger log(settings());
  log_settings bad = settings();
  bad.file = dir_.path() + "/no/such/folder/log";
  EXPECT_THROW(log.reconfigure(bad), std::system_error);
  EXPECT_THROW(logger{bad}, std::system_error);
  log.line(level::info, "still");
  log.flush();
  EXPECT_EQ(lines(), std::vector<std::string>{"ts=T level=info event=still"});
}

TEST_F(Log, WhatWaitsIsWrittenAtTheEnd) {
  {
    logger log(settings());
    for (int i = 0; i < 100; ++i) log.line(level::info, "line").field("i", i);
  }
  EXPECT_EQ(lines().size(), 100u);
}

TEST_F(Log, R_04_AFloodIsCountedNotKept) {
  logger log(settings());
  const std::string value(190, 'x');
  for (int i = 0; i < 20'000; ++i) log.line(level::info, "flood").field("a", value).field("b", value);
  log.flush();
  const std::uint64_t dropped = log.dropped();
  // A notice of what was dropped comes with each batch that follows a loss.
  const auto written = lines();
  const auto notices = std::count_if(written.begin(), written.end(), [](const std::string& l) { return l.find("event=log_lines_dropped") != std::string::npos; });
  EXPECT_EQ(written.size() - static_cast<std::size_t>(notices) + dropped, 20'000u);
  EXPECT_LE(notices, static_cast<std::ptrdiff_t>(dropped));
}

}  // namespace
}  // namespace authbroker
