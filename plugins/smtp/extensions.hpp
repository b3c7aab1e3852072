// What a server answered to EHLO. Pure; tolerant: what is not understood is left out.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace smtp {

struct extensions {
  bool ehlo = false;  // the server knows EHLO; else nothing below is set
  std::string server;  // what the server calls itself: the first word of its answer; empty if that is longer than 255 bytes
  bool starttls = false;
  bool pipelining = false;
  bool eight_bit_mime = false;
  bool smtputf8 = false;
  bool enhanced_status_codes = false;
  bool vrfy = false;
  std::optional<std::uint64_t> size;    // SIZE, with its number if it had one; 0: no limit is said
  std::vector<std::string> mechanisms;  // of AUTH, also in its old spelling "AUTH=": upper case, each once, at most 32
  std::vector<std::string> xclient;     // the attributes XCLIENT takes: upper case, each once, at most 32
  bool has_xclient = false;

  bool offers(std::string_view mechanism) const;  // upper case
  bool takes(std::string_view xclient_attribute) const;
};

// `text`: of the reply to EHLO, its lines joined by LF. The first line is the server's name.
extensions parse_extensions(std::string_view text);

// As one line for people: "STARTTLS, PIPELINING, AUTH PLAIN LOGIN".
std::string in_words(const extensions&);

}  // namespace smtp
