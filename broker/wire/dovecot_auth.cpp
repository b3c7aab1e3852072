#include "wire/dovecot_auth.hpp"

#include "wire/http_verdict.hpp"

namespace authbroker {
namespace {

// The client says many things about its own client; those that are not read here are believed of nobody.
void read_parameters(dovecot_fields& fields, dovecot_auth_line& out) {
  fields.next(out.mechanism);
  for (std::string_view field; fields.next(field);) {
    if (const auto service = dovecot_value(field, "service")) out.service = service;
    else if (const auto protocol = dovecot_value(field, "protocol")) out.service = protocol;
    else if (const auto client = dovecot_value(field, "rip")) out.client = *client;
    else if (const auto session = dovecot_value(field, "session")) out.session = *session;
    else if (const auto response = dovecot_value(field, "resp")) {
      // The last by definition: what stands behind it was not put there by the client itself.
      out.response = response;
      return;
    }
  }
}

}  // namespace

std::optional<dovecot_auth_line> parse_dovecot_auth(std::string_view line) {
  dovecot_fields fields(line);
  dovecot_auth_line out;
  std::string_view word;
  fields.next(word);
  if (word == "VERSION") return read_dovecot_version(fields, out.major, out.minor) ? std::optional(out) : std::nullopt;
  if (!read_dovecot_id(fields, out.id)) return std::nullopt;
  if (word == "CPID") {
    out.word = dovecot_word::cpid;
    return out;
  }
  if (word == "AUTH") {
    out.word = dovecot_word::auth;
    read_parameters(fields, out);
    return out;
  }
  if (word == "CONT") {
    out.word = dovecot_word::cont;
    std::string_view response;
    fields.next(response);
    out.response = response;
    return out;
  }
  if (word != "CANCEL") return std::nullopt;
  out.word = dovecot_word::cancel;
  return out;
}

bool dovecot_handshake::admits(const dovecot_auth_line& line) {
  switch (line.word) {
    case dovecot_word::version:
      if (versioned_ || line.major != 1) return false;
      versioned_ = true;
      minor_ = line.minor;
      return true;
    case dovecot_word::cpid:
      if (!versioned_ || met_) return false;
      met_ = true;
      return true;
    case dovecot_word::auth:
    case dovecot_word::cont:
    case dovecot_word::cancel: return met_;
  }
  return false;
}

void append_dovecot_greeting(std::string& out, std::uint32_t process, std::uint32_t connection, std::string_view cookie) {
  out += "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n";
  begin_dovecot_reply(out, "SPID", process);
  begin_dovecot_reply(out, "\nCUID", connection);
  out += "\nCOOKIE\t";
  out += cookie;
  out += "\nDONE\n";
}

void append_dovecot_fail(std::string& out, std::uint32_t id, dovecot_refusal why, std::string_view reason_text) {
  begin_dovecot_reply(out, "FAIL", id);
  // Twice each: as clients read it since Dovecot 2.3, and as those before did.
  switch (why) {
    case dovecot_refusal::credentials: break;
    case dovecot_refusal::account_disabled: out += "\tcode=user_disabled\tuser_disabled"; break;
    case dovecot_refusal::password_expired: out += "\tcode=pass_expired\tpass_expired"; break;
    case dovecot_refusal::not_authorised: out += "\tcode=authz_fail\tauthz"; break;
    case dovecot_refusal::not_base64: out += "\tcode=invalid_base64"; break;
    case dovecot_refusal::temporary: out += "\tcode=temp_fail\ttemp"; break;
  }
  if (!reason_text.empty()) {
    out += "\treason=";
    append_dovecot_text(out, reason_text);
  }
  out += '\n';
}

void append_dovecot_challenge(std::string& out, std::uint32_t id, std::string_view base64) {
  begin_dovecot_reply(out, "CONT", id);
  out += '\t';
  out += base64;
  out += '\n';
}

namespace {

// The one place where a yes is made.
void append_ok(std::string& out, std::uint32_t id, std::string_view user) {
  begin_dovecot_reply(out, "OK", id);
  out += "\tuser=";
  append_dovecot_text(out, user);
  out += '\n';
}

void append_no(std::string& out, std::uint32_t id, reason why) {
  if (why == reason::account_disabled || why == reason::account_locked || why == reason::account_expired)
    return append_dovecot_fail(out, id, dovecot_refusal::account_disabled);
  if (why != reason::password_expired && why != reason::password_must_change)
    return append_dovecot_fail(out, id, dovecot_refusal::credentials);
  const verdict_row* const row = find_row(verdict::reject, why);
  append_dovecot_fail(out, id, dovecot_refusal::password_expired, row == nullptr ? std::string_view{} : row->told);
}

}  // namespace

bool append_dovecot_answer(std::string& out, std::uint32_t id, const answer& a, bool reveal) {
  switch (a.found.what) {
    case verdict::accept:
      if (a.identity.empty()) return false;  // nobody in particular: Postfix would make a no of it
      append_ok(out, id, a.identity);
      return true;
    case verdict::reject:
    case verdict::no_route: append_no(out, id, told_reason(a.found.why, reveal)); return true;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: break;
  }
  return false;
}

}  // namespace authbroker
