#include "replies.hpp"

#include <algorithm>

namespace smtp {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

// A number of one to three digits at the start of `text`, which is cut off it; -1: there is none.
int take_number(std::string_view& text) {
  int out = 0;
  std::size_t n = 0;
  while (n < text.size() && digit(text[n])) {
    if (n == 3) return -1;
    out = out * 10 + (text[n++] - '0');
  }
  if (n == 0) return -1;
  text.remove_prefix(n);
  return out;
}

}  // namespace

reply_line parse_line(std::string_view line) {
  reply_line out;
  if (line.empty() || line.back() != '\n') return out;
  line.remove_suffix(1);
  if (!line.empty() && line.back() == '\r') {
    line.remove_suffix(1);
    out.crlf = true;
  }
  if (line.size() < 3 || line[0] < '2' || line[0] > '5' || !digit(line[1]) || !digit(line[2])) return out;
  if (line.size() > 3 && line[3] != ' ' && line[3] != '-') return out;
  out.code = static_cast<std::uint16_t>((line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'));
  out.more = line.size() > 3 && line[3] == '-';
  out.text = line.substr(std::min<std::size_t>(4, line.size()));
  return out;
}

enhanced parse_status(std::string_view text) {
  if (text.size() < 5 || (text[0] != '2' && text[0] != '4' && text[0] != '5') || text[1] != '.') return {};
  enhanced out;
  const auto kind = static_cast<std::uint16_t>(text[0] - '0');
  text.remove_prefix(2);
  const int subject = take_number(text);
  if (subject < 0 || text.empty() || text.front() != '.') return {};
  text.remove_prefix(1);
  const int detail = take_number(text);
  if (detail < 0 || (!text.empty() && text.front() != ' ')) return {};
  out.kind = kind;
  out.subject = static_cast<std::uint16_t>(subject);
  out.detail = static_cast<std::uint16_t>(detail);
  return out;
}

bool reply_reader::broken() {
  reply_ = reply();
  return true;
}

bool reply_reader::add(std::string_view line) {
  bytes_ += line.size();
  if (line.size() > bounds_.line_bytes || bytes_ > bounds_.bytes || lines_ == bounds_.lines) return broken();
  const reply_line found = parse_line(line);
  if (found.code == 0) {
    const bool no_digits = lines_ == 0 && (line.empty() || !digit(line.front()));
    broken();
    reply_.no_digits = no_digits;
    return true;
  }
  if (lines_ == 0) {
    reply_.code = found.code;
    reply_.crlf = found.crlf;
  } else {
    if (found.code != reply_.code) return broken();
    reply_.crlf = reply_.crlf && found.crlf;
    reply_.text += '\n';
  }
  reply_.text += found.text;
  if (const enhanced status = parse_status(found.text)) {
    if (status.kind != found.code / 100 || (reply_.status && reply_.status != status)) reply_.contradicts = true;
    reply_.status = status;
  }
  ++lines_;
  if (found.more) return false;
  if (reply_.contradicts) reply_.status = enhanced();
  return true;
}

reply reply_reader::take() {
  reply out = std::move(reply_);
  reply_ = reply();
  lines_ = bytes_ = 0;
  return out;
}

taken take_reply(std::string_view in, bounds b) {
  reply_reader reader(b);
  taken out;
  for (std::size_t at = 0;;) {
    const std::size_t end = in.find('\n', at);
    if (end == in.npos) {
      // What cannot become a line any more need not be waited for.
      if (in.size() - at < b.line_bytes && in.size() < b.bytes) return {};
      out.bytes = in.size();
      return out;
    }
    const bool done = reader.add(in.substr(at, end + 1 - at));
    at = end + 1;
    if (!done) continue;
    out.bytes = at;
    out.said = reader.take();
    return out;
  }
}

std::string in_words(const reply& said) {
  std::string out = std::to_string(said.code);
  if (!said.text.empty()) out += ' ';
  for (const char c : said.text) out += c == '\n' ? ' ' : c;
  return out;
}

}  // namespace smtp
