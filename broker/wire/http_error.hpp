// What HTTP callers are told when their request is at fault. `code` is stable; `text` is for people.
#pragma once
#include <string_view>

namespace authbroker {

struct http_error {
  unsigned status;
  std::string_view code;
  std::string_view text;
};

namespace http_errors {
inline constexpr http_error bad_request{400, "bad_request", "This is not a well-formed HTTP/1.1 request."};
inline constexpr http_error bad_host{400, "bad_host", "An HTTP/1.1 request has exactly one Host field."};
inline constexpr http_error bad_length{400, "bad_length", "A request has at most one Content-Length, a plain decimal number."};
inline constexpr http_error bad_authorization{400, "bad_authorization", "A request has at most one Authorization field."};
inline constexpr http_error bad_json{400, "bad_json", "The body is not one JSON document in UTF-8."};
inline constexpr http_error bad_question{400, "bad_question", "The body is JSON, but not this question."};
inline constexpr http_error not_nginx_mail{400, "not_nginx_mail", "These are not the fields that nginx's mail proxy sends to its auth_http server."};
inline constexpr http_error peer_not_allowed{403, "peer_not_allowed", "This caller is not admitted here."};
inline constexpr http_error question_not_allowed{403, "question_not_allowed", "This listener does not answer this (see its `allow`)."};
inline constexpr http_error token_required{403, "token_required", "This listener wants its token: Authorization: Bearer, or X-Authbroker-Token."};
inline constexpr http_error host_not_allowed{403, "host_not_allowed", "Ask this listener by IP address or as localhost: another name may be a web page's doing."};
inline constexpr http_error not_found{404, "not_found", "There is nothing at this path."};
inline constexpr http_error method_not_allowed{405, "method_not_allowed", "This path does not take this method."};
inline constexpr http_error length_required{411, "length_required", "A request with a body must have a Content-Length."};
inline constexpr http_error body_too_large{413, "body_too_large", "The body is longer than this listener takes (see `limits.request`)."};
inline constexpr http_error not_json{415, "not_json", "The body must be sent as Content-Type: application/json."};
inline constexpr http_error encoded_body{415, "encoded_body", "The body must be sent without a Content-Encoding."};
inline constexpr http_error unknown_expectation{417, "unknown_expectation", "The only expectation met here is 100-continue."};
inline constexpr http_error header_too_large{431, "header_too_large", "The header is too long or has too many fields (see `limits.headers`)."};
inline constexpr http_error internal{503, "internal", "A defect in the broker; its log has more."};
inline constexpr http_error transfer_encoding{501, "transfer_encoding", "Transfer-Encoding is not supported: send a Content-Length."};
inline constexpr http_error bad_version{505, "bad_version", "This listener speaks HTTP/1.0 and HTTP/1.1."};
}  // namespace http_errors

}  // namespace authbroker
