#include "wire/json_question.hpp"

#include <array>
#include <boost/json/basic_parser_impl.hpp>
#include <cstring>

namespace authbroker {
namespace {

namespace json = boost::json;

constexpr std::size_t string_bytes_max = 4096;
constexpr std::int64_t deadline_ms_max = 3'600'000;

enum class key : std::uint8_t { none, address, password, client, service, deadline_ms, kind };
constexpr std::array<std::string_view, 7> key_names{"", "address", "password", "client", "service", "deadline_ms", "kind"};

// Events of the parser into a question. The first thing wrong stops it.
class handler {
 public:
  static constexpr std::size_t max_array_size = 1;
  static constexpr std::size_t max_object_size = 32;
  static constexpr std::size_t max_string_size = string_bytes_max;
  static constexpr std::size_t max_key_size = 64;

  const json_form form;
  json_question& question;
  std::string wrong;  // "" while all is well
  unsigned seen = 0;  // a bit a key

  handler(json_form f, json_question& into) : form(f), question(into) {}
  handler(const handler&) = delete;
  handler& operator=(const handler&) = delete;
  ~handler() { wipe(text_.data(), text_used_high_); }

  bool has(key k) const { return (seen >> static_cast<unsigned>(k) & 1U) != 0; }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code& ec) {
    if (inside_) return fail(wrong_type(), ec);
    inside_ = true;
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) { return true; }
  bool on_array_begin(json::error_code& ec) { return fail(inside_ ? wrong_type() : "The body must be a JSON object.", ec); }
  bool on_array_end(std::size_t, json::error_code&) { return true; }

  bool on_key_part(json::string_view part, std::size_t, json::error_code& ec) { return collect(part, ec); }
  bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
    std::string_view name;
    if (!whole(part, name, ec)) return false;
    current_ = key::none;
    for (std::size_t k = 1; k < key_names.size(); ++k)
      if (name == key_names[k]) current_ = static_cast<key>(k);
    if (current_ == key::none || (current_ == key::kind && form != json_form::either))
      return fail("There is a key that this question does not have. Known are: " + known() + ".", ec);
    if (current_ == key::password && form == json_form::mailbox) return fail("A mailbox question has no password.", ec);
    if (has(current_)) return fail("The key \"" + std::string(key_names[static_cast<std::size_t>(current_)]) + "\" is there twice.", ec);
    seen |= 1U << static_cast<unsigned>(current_);
    return true;
  }

  bool on_string_part(json::string_view part, std::size_t, json::error_code& ec) { return collect(part, ec); }
  bool on_string(json::string_view part, std::size_t, json::error_code& ec) {
    if (!inside_) return fail("The body must be a JSON object.", ec);
    std::string_view text;
    return whole(part, text, ec) && take(text, ec);
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t n, json::string_view, json::error_code& ec) {
    if (current_ != key::deadline_ms) return fail(wrong_type(), ec);
    if (n < 1 || n > deadline_ms_max) return fail("\"deadline_ms\" must be a whole number from 1 to 3600000.", ec);
    question.deadline = std::chrono::milliseconds(n);
    return true;
  }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code& ec) { return fail(wrong_type(), ec); }
  bool on_double(double, json::string_view, json::error_code& ec) { return fail(wrong_type(), ec); }
  bool on_bool(bool, json::error_code& ec) { return fail(wrong_type(), ec); }
  bool on_null(json::error_code& ec) { return fail(wrong_type(), ec); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  bool fail(std::string text, json::error_code& ec) {
    wrong = std::move(text);
    ec = boost::system::errc::make_error_code(boost::system::errc::invalid_argument);
    return false;
  }
  std::string known() const {
    std::string out;
    for (std::size_t k = 1; k < key_names.size(); ++k) {
      const auto which = static_cast<key>(k);
      if ((which == key::kind && form != json_form::either) || (which == key::password && form == json_form::mailbox)) continue;
      out += out.empty() ? "" : ", ";
      out += key_names[k];
    }
    return out;
  }
  std::string wrong_type() const {
    if (!inside_) return "The body must be a JSON object.";
    const std::string name(key_names[static_cast<std::size_t>(current_)]);
    if (current_ == key::deadline_ms) return "\"deadline_ms\" must be a whole number from 1 to 3600000.";
    return "\"" + name + "\" must be a string.";
  }
  bool collect(json::string_view part, json::error_code& ec) {
    if (part.size() > text_.size() - text_used_) return fail("A string is too long.", ec);
    if (!part.empty()) std::memcpy(text_.data() + text_used_, part.data(), part.size());
    text_used_ += part.size();
    text_used_high_ = text_used_ > text_used_high_ ? text_used_ : text_used_high_;
    return true;
  }
  // With the last part, all of a key or string. Most come whole and are taken from where they are.
  bool whole(json::string_view part, std::string_view& out, json::error_code& ec) {
    out = {part.data(), part.size()};
    if (text_used_ == 0) return true;
    if (!collect(part, ec)) return false;
    out = {text_.data(), text_used_};
    text_used_ = 0;
    return true;
  }
  bool take(std::string_view text, json::error_code& ec) {
    if (current_ == key::deadline_ms) return fail(wrong_type(), ec);
    if (text.find('\0') != std::string_view::npos) return fail("\"" + std::string(key_names[static_cast<std::size_t>(current_)]) + "\" holds a NUL.", ec);
    switch (current_) {
      case key::address: question.address = std::string(text); break;
      case key::client: question.client = std::string(text); break;
      case key::service: question.service = std::string(text); break;
      case key::password:
        if (text.size() > password_bytes_max)
          question.password_too_long = true;
        else
          question.password = secret(text);
        break;
      case key::kind:
        if (text == name(question_kind::login))
          question.kind = question_kind::login;
        else if (text == name(question_kind::mailbox))
          question.kind = question_kind::mailbox;
        else
          return fail("\"kind\" must be \"login\" or \"mailbox\".", ec);
        break;
      case key::deadline_ms:
      case key::none: break;
    }
    return true;
  }

  std::array<char, string_bytes_max> text_;  // a key, or a string with escapes, while it comes in parts; wiped
  std::size_t text_used_ = 0, text_used_high_ = 0;
  bool inside_ = false;
  key current_ = key::none;
};

void complain(json_outcome& out, const http_error& error, std::string text) {
  out.error = &error;
  out.text = std::move(text);
}

// The parser unescapes strings in a buffer of its own, on the stack: this overwrites where it was.
[[gnu::noinline]] void wipe_stack_below() {
  std::array<char, 8192> room;
  wipe(room.data(), room.size());
}

void parse(std::string_view body, json_form form, json_outcome& out) {
  const auto wrong_question = [&out](std::string text) { complain(out, http_errors::bad_question, std::move(text)); };
  const auto wrong_json = [&out](std::string text) { complain(out, http_errors::bad_json, std::move(text)); };
  json::basic_parser<handler> parser(json::parse_options{}, form, out.question);
  json::error_code trouble;
  const std::size_t used = parser.write_some(false, body.data(), body.size(), trouble);
  handler& got = parser.handler();
  if (!got.wrong.empty()) return wrong_question(std::move(got.wrong));
  if (trouble == json::error::string_too_large || trouble == json::error::key_too_large || trouble == json::error::object_too_large)
    return wrong_question("A string is longer than 4 KiB, or there are too many keys.");
  if (trouble) return wrong_json("The body is not JSON in UTF-8: " + trouble.message() + " at byte " + std::to_string(used) + ".");
  if (used != body.size()) return wrong_json("There is something after the JSON document.");
  if (!got.has(key::address)) return wrong_question("\"address\" is missing.");
  if (form == json_form::either && !got.has(key::kind)) return wrong_question("\"kind\" is missing.");
  if (form == json_form::login) out.question.kind = question_kind::login;
  if (form == json_form::mailbox) out.question.kind = question_kind::mailbox;
  if (out.question.kind == question_kind::login && !got.has(key::password)) return wrong_question("\"password\" is missing.");
  if (out.question.kind == question_kind::mailbox && got.has(key::password)) return wrong_question("A mailbox question has no password.");
}

}  // namespace

json_outcome parse_json_question(std::string_view body, json_form form) {
  json_outcome out;
  parse(body, form, out);
  if (body.find('\\') != std::string_view::npos) wipe_stack_below();
  if (out.error != nullptr) out.question = json_question();
  return out;
}

}  // namespace authbroker
