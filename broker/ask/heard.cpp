#include "ask/heard.hpp"

#define BOOST_JSON_STATIC_LINK
#include <array>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/json/basic_parser_impl.hpp>

namespace authbroker {
namespace {

namespace json = boost::json;
namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

heard trouble(std::string text) {
  heard h;
  h.trouble = std::move(text);
  return h;
}

// Beast's grammar. A reply of a broker has one Content-Length and no Transfer-Encoding; anything else is somebody else's.
class reply_parser final : public http::basic_parser<false> {
 public:
  unsigned status = 0, lengths = 0;
  bool odd = false;
  std::string body;

 private:
  void on_request_impl(http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int code, string_view, int, error_code&) override { status = static_cast<unsigned>(code); }
  void on_field_impl(http::field which, string_view, string_view, error_code&) override {
    if (which == http::field::content_length) ++lengths;
    if (which == http::field::transfer_encoding || which == http::field::content_encoding) odd = true;
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view part, error_code&) override {
    body.append(part.data(), part.size());
    return part.size();
  }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override { odd = true; }
  std::size_t on_chunk_body_impl(std::uint64_t, string_view part, error_code&) override { return part.size(); }
  void on_finish_impl(error_code&) override {}
};

// The members of the answer's object that somebody here looks at. Others, and what is inside them, are passed over.
class answer_handler {
 public:
  static constexpr std::size_t max_array_size = 1'000'000, max_object_size = 1000, max_string_size = heard_bytes_max, max_key_size = 256;

  std::optional<std::string> verdict_word, reason_word;
  bool reason_null = false;
  heard parts;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) {
    ++depth_;
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) { return leave(); }
  bool on_array_begin(json::error_code& ec) {
    if (depth_ == 0) return fail(ec);
    ++depth_;
    return true;
  }
  bool on_array_end(std::size_t, json::error_code&) { return leave(); }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return collect(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    collect(part);
    if (depth_ == 1) key_ = text_;
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return collect(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code& ec) {
    collect(part);
    const bool taken = depth_ != 1 || take(ec);
    text_.clear();
    return taken;
  }
  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t n, json::string_view, json::error_code& ec) {
    if (depth_ == 1 && key_ == "password_expires_in" && n >= 0) parts.password_expires_in = std::chrono::seconds(n);
    return other(ec);
  }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) { return other(ec); }
  bool on_double(double, json::string_view, json::error_code& ec) { return other(ec); }
  bool on_bool(bool, json::error_code& ec) { return other(ec); }
  bool on_null(json::error_code& ec) {
    if (depth_ != 1 || key_ != "reason") return other(ec);
    if (reason_null || reason_word) return fail(ec);
    return reason_null = true;
  }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  static bool fail(json::error_code& ec) {
    ec = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    return false;
  }
  bool leave() {
    --depth_;
    return true;
  }
  bool collect(json::string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }
  // A value that is no text where a verdict stands is no verdict, and neither is one that is no object.
  bool other(json::error_code& ec) const { return depth_ == 0 || (depth_ == 1 && (key_ == "verdict" || key_ == "reason")) ? fail(ec) : true; }
  bool take(json::error_code& ec) {
    if (key_ == "verdict") {
      if (verdict_word) return fail(ec);
      verdict_word = text_;
    } else if (key_ == "reason") {
      if (reason_word || reason_null) return fail(ec);
      reason_word = text_;
    } else if (key_ == "identity") {
      parts.identity = text_;
    } else if (key_ == "mailbox") {
      parts.mailbox = text_;
    } else if (key_ == "id") {
      parts.id = text_;
    } else if (key_ == "text") {
      parts.text = text_;
    } else if (key_ == "help_url") {
      parts.help_url = text_;
    } else if (key_ == "notice") {
      parts.notice = text_;
    }
    return true;
  }

  int depth_ = 0;
  std::string key_, text_;
};

// The status that goes with a verdict; 0 if the question has no such verdict.
unsigned status_of(question_kind asked, verdict v) {
  const bool login = asked == question_kind::login;
  switch (v) {
    case verdict::accept: return login ? 200 : 0;
    case verdict::reject: return login ? 401 : 0;
    case verdict::exists:
    case verdict::unverifiable: return login ? 0 : 200;
    case verdict::absent: return login ? 0 : 404;
    case verdict::no_route: return login ? 401 : 404;
    case verdict::tempfail: return 503;
  }
  return 0;
}

// The row that these words name. A reason that this version does not know yet is none of its rows: no yes and no no is made of it.
const verdict_row* row_of(std::string_view verdict_word, std::string_view reason_word) {
  for (const verdict_row& row : verdict_table())
    if (name(row.what) == verdict_word && name(row.why) == reason_word) return &row;
  return nullptr;
}

}  // namespace

heard read_heard(question_kind asked, std::string_view bytes) {
  if (bytes.empty()) return trouble("the connection ended without an answer");
  reply_parser reply;
  reply.eager(true);
  reply.body_limit(heard_bytes_max);
  reply.header_limit(16 * 1024);
  error_code wrong;
  std::size_t used = 0;
  while (!reply.is_done() && !wrong && used < bytes.size()) {
    const std::size_t n = reply.put({bytes.data() + used, bytes.size() - used}, wrong);
    used += n;
    if (n == 0) break;
  }
  if (wrong == http::error::need_more) return trouble("the connection ended within an answer");
  if (wrong) return trouble("the answer is not HTTP");
  if (!reply.is_done()) return trouble("the connection ended within an answer");
  if (reply.odd || reply.lengths != 1 || used != bytes.size()) return trouble("the answer is not a broker's");
  const unsigned status = reply.status;

  json::basic_parser<answer_handler> parser(json::parse_options{});
  json::error_code bad;
  const std::size_t read = parser.write_some(false, reply.body.data(), reply.body.size(), bad);
  const auto rest = std::string_view(reply.body).substr(std::min(read, reply.body.size()));
  answer_handler& got = parser.handler();
  const std::string says = "status " + std::to_string(status);
  if (bad || !parser.done() || rest.find_first_not_of(" \t\r\n") != std::string_view::npos) return trouble(says + " without a broker's answer");
  if (!got.verdict_word) return trouble(says + ": " + (got.parts.text.empty() ? std::string("no verdict") : got.parts.text));
  if (!got.reason_word && !got.reason_null) return trouble(says + " without a reason");
  const verdict_row* row = row_of(*got.verdict_word, got.reason_null ? name(reason::none) : std::string_view(*got.reason_word));
  if (row == nullptr) return trouble("verdict \"" + *got.verdict_word + "\" with reason \"" + got.reason_word.value_or("null") + "\" is not known here");
  if (status_of(asked, row->what) != status) return trouble(says + " does not go with verdict \"" + *got.verdict_word + "\"");
  heard whole = std::move(got.parts);
  whole.what = row->what;
  whole.why = row->why;
  return whole;
}

}  // namespace authbroker
