#include "wire/http_head.hpp"

#include <boost/beast/http/basic_parser.hpp>
#include <charconv>

#include "base/text.hpp"

namespace authbroker {
namespace {

namespace http = boost::beast::http;
using boost::beast::error_code;
using boost::beast::string_view;

std::string_view plain(string_view v) { return {v.data(), v.size()}; }

// One plain decimal: no sign, no leading zero, no list, nothing that does not fit.
std::optional<std::uint64_t> plain_decimal(std::string_view text) {
  std::uint64_t n = 0;
  if (text.empty() || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (trouble != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return n;
}

// Beast's grammar with callbacks that keep a dozen views and allocate nothing.
class head_parser final : public http::basic_parser<true> {
 public:
  http_head head;
  const http_error* error = nullptr;
  unsigned hosts = 0, lengths = 0, types = 0;

 private:
  void on_request_impl(http::verb, string_view method, string_view target, int version, error_code&) override {
    head.method = plain(method);
    head.target = plain(target);
    head.version_1_1 = version == 11;
  }
  void on_field_impl(http::field which, string_view name, string_view text, error_code&) override {
    const std::string_view value = plain(text);
    if (which == http::field::content_length) {
      ++lengths;
      head.content_length = plain_decimal(value);
      if (!head.content_length) error = &http_errors::bad_length;
    } else if (which == http::field::transfer_encoding) {
      error = &http_errors::transfer_encoding;
    } else if (which == http::field::host) {
      ++hosts;
      head.host = value;
    } else if (which == http::field::authorization) {
      ++head.authorizations;
      head.authorization = value;
    } else if (which == http::field::content_type) {
      ++types;
      head.content_type = value;
    } else if (which == http::field::content_encoding) {
      if (!equal_fold(value, "identity")) head.content_encoding = true;
    } else if (which == http::field::expect) {
      (equal_fold(value, "100-continue") ? head.expect_continue : head.expect_other) = true;
    } else if (which == http::field::origin) {
      head.origin = value;
    } else if (which == http::field::unknown) {
      on_unknown(plain(name), value);
    }
  }
  void on_unknown(std::string_view name, std::string_view value) {
    if (equal_fold(name, "x-real-ip")) {
      if (!head.real_ip.empty()) head.conflicting_client = true;
      head.real_ip = value;
    } else if (equal_fold(name, "x-forwarded-for")) {
      const std::size_t comma = value.rfind(',');
      head.forwarded_for = trim(comma == std::string_view::npos ? value : value.substr(comma + 1));
    } else if (equal_fold(name, "x-request-id")) {
      head.request_id = value;
    } else if (equal_fold(name, "x-authbroker-token")) {
      head.token = value;
    }
  }
  void on_header_impl(error_code&) override {}
  void on_response_impl(int, string_view, int, error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

constexpr byte_classes control_bytes = [] {
  byte_classes t{};
  for (std::size_t c = 0; c < 0x20; ++c) t[c] = c != '\t';
  t[0x7f] = 1;
  return t;
}();

// A complete line, without its CRLF. The first is the request line.
const http_error* judge_line(std::string_view line, bool first) {
  if (classes_of(line, control_bytes) != 0) return &http_errors::bad_request;
  if (first) {
    // Looked at here, because an HTTP/0.9 request has no second line to wait for.
    const std::size_t space = line.rfind(' ');
    if (space == std::string_view::npos) return &http_errors::bad_request;
    const std::string_view version = line.substr(space + 1);
    if (version == "HTTP/1.1" || version == "HTTP/1.0") return nullptr;
    return version.substr(0, 5) == "HTTP/" ? &http_errors::bad_version : &http_errors::bad_request;
  }
  if (!line.empty() && (line.front() == ' ' || line.front() == '\t')) return &http_errors::bad_request;  // folding
  // Beast has its own opinion on some of these; here each is refused, and with the same words.
  constexpr std::string_view name = "transfer-encoding";
  if (line.size() > name.size() && line[name.size()] == ':' && equal_fold(line.substr(0, name.size()), name)) return &http_errors::transfer_encoding;
  return nullptr;
}

http_head_outcome malformed(const http_error& e) {
  http_head_outcome out;
  out.what = progress::malformed;
  out.error = &e;
  return out;
}

http_head_outcome read_head(std::string_view in) {
  head_parser parser;
  parser.header_limit(static_cast<std::uint32_t>(in.size() + 1));
  parser.body_limit(boost::none);
  parser.eager(false);
  error_code trouble;
  const std::size_t used = parser.put({in.data(), in.size()}, trouble);
  if (parser.error != nullptr) return malformed(*parser.error);
  if (trouble == http::error::bad_content_length || trouble == http::error::multiple_content_length) return malformed(http_errors::bad_length);
  if (trouble == http::error::bad_version) return malformed(http_errors::bad_version);
  if (trouble || !parser.is_header_done() || used != in.size()) return malformed(http_errors::bad_request);
  if (parser.lengths > 1) return malformed(http_errors::bad_length);
  if (parser.types > 1) return malformed(http_errors::bad_request);
  if (parser.hosts > 1 || (parser.head.version_1_1 && parser.hosts != 1)) return malformed(http_errors::bad_host);
  if (parser.head.authorizations > 1) return malformed(http_errors::bad_authorization);
  http_head_outcome out;
  out.what = progress::message;
  out.used = used;
  out.head = parser.head;
  const std::size_t lines = in.find("\r\n") + 2;
  out.head.fields = in.substr(lines, in.size() - lines - 2);
  out.head.keep_alive = parser.keep_alive();
  return out;
}

}  // namespace

http_head_outcome parse_http_head(std::string_view in, http_head_scan& scan, const http_head_limits& limits) {
  for (;;) {
    const std::size_t lf = in.find('\n', scan.looked);
    if (lf == std::string_view::npos) {
      scan.looked = in.size();
      if (in.size() >= limits.header_bytes_max) return malformed(http_errors::header_too_large);
      return {};
    }
    if (lf >= limits.header_bytes_max) return malformed(http_errors::header_too_large);
    if (lf == scan.line_begin || in[lf - 1] != '\r') return malformed(http_errors::bad_request);
    const std::string_view line = in.substr(scan.line_begin, lf - 1 - scan.line_begin);
    if (line.empty() && scan.lines > 0) return read_head(in.substr(0, lf + 1));
    if (const http_error* e = judge_line(line, scan.lines == 0)) return malformed(*e);
    if (++scan.lines > limits.fields_max + 1) return malformed(http_errors::header_too_large);
    scan.line_begin = scan.looked = lf + 1;
  }
}

const http_error* judge_body(const http_head& head, http_body takes, std::size_t body_bytes_max) {
  if (head.expect_other) return &http_errors::unknown_expectation;
  if (takes == http_body::ignored) return nullptr;
  if (!head.content_length) return &http_errors::length_required;
  if (head.content_encoding) return &http_errors::encoded_body;
  const std::string_view type = trim(head.content_type.substr(0, head.content_type.find(';')));
  if (!equal_fold(type, "application/json")) return &http_errors::not_json;
  if (*head.content_length > body_bytes_max) return &http_errors::body_too_large;
  return nullptr;
}

}  // namespace authbroker
