#include "wire/dovecot_userdb.hpp"

namespace authbroker {

std::optional<userdb_line> parse_dovecot_userdb(std::string_view line) {
  dovecot_fields fields(line);
  userdb_line out;
  std::string_view word;
  fields.next(word);
  if (word == "VERSION") return read_dovecot_version(fields, out.major, out.minor) ? std::optional(out) : std::nullopt;
  if (word == "USER") out.word = userdb_word::user;
  else if (word == "PASS") out.word = userdb_word::pass;
  else if (word == "LIST") out.word = userdb_word::list;
  else return std::nullopt;
  if (!read_dovecot_id(fields, out.id)) return std::nullopt;
  if (out.word != userdb_word::list && !fields.next(out.user)) return std::nullopt;
  for (std::string_view field; fields.next(field);) {
    if (const auto service = dovecot_value(field, "service")) out.service = *service;
    else if (const auto protocol = dovecot_value(field, "protocol")) out.service = *protocol;
    else if (const auto client = dovecot_value(field, "rip")) out.client = *client;
    else if (const auto session = dovecot_value(field, "session")) out.session = *session;
  }
  return out;
}

void append_userdb_greeting(std::string& out, std::uint32_t process) {
  begin_dovecot_reply(out, "VERSION\t1\t1\nSPID", process);
  out += '\n';
}

void append_userdb_user(std::string& out, std::uint32_t id, std::string_view name) {
  begin_dovecot_reply(out, "USER", id);
  out += '\t';
  append_dovecot_text(out, name);
  out += '\n';
}

void append_userdb_absent(std::string& out, std::uint32_t id) {
  begin_dovecot_reply(out, "NOTFOUND", id);
  out += '\n';
}

void append_userdb_trouble(std::string& out, std::uint32_t id) {
  begin_dovecot_reply(out, "FAIL", id);
  out += '\n';
}

void append_userdb_no_list(std::string& out, std::uint32_t id) {
  begin_dovecot_reply(out, "DONE", id);
  out += "\tfail\n";
}

}  // namespace authbroker
