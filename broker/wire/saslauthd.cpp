#include "wire/saslauthd.hpp"


namespace authbroker {
namespace {

struct field {
  progress what = progress::need_more;
  std::string_view text;
};

// Takes one counted string off the front of `in`.
field take(std::string_view& in, std::size_t bytes_max) {
  if (in.size() < 2) return {};
  const auto byte = [&](std::size_t i) { return static_cast<unsigned>(static_cast<unsigned char>(in[i])); };
  const std::size_t count = byte(0) << 8 | byte(1);
  if (count > bytes_max) return {progress::malformed, {}};
  if (in.size() - 2 < count) return {};
  const field got{progress::message, in.substr(2, count)};
  in.remove_prefix(2 + count);
  return got;
}

void append(std::string& out, std::string_view text) {
  out += static_cast<char>(text.size() >> 8 & 0xff);
  out += static_cast<char>(text.size() & 0xff);
  out += text;
}

}  // namespace

saslauthd_outcome parse_saslauthd(std::string_view in, saslauthd_limits limits) {
  saslauthd_outcome out;
  std::string_view rest = in;
  for (std::string_view* const into : {&out.request.login, &out.request.password, &out.request.service, &out.request.realm}) {
    const field got = take(rest, limits.field_bytes_max);
    if (got.what != progress::message) {
      out.what = got.what;
      return out;
    }
    *into = got.text;
  }
  // Whatever follows the fourth string and is no complete fifth one is not ours to judge.
  if (const field fifth = take(rest, limits.field_bytes_max); fifth.what == progress::message) out.request.client = fifth.text;
  out.what = progress::message;
  out.used = in.size() - rest.size();
  return out;
}

std::string saslauthd_address(std::string_view login, std::string_view realm) {
  std::string address(login);
  if (!realm.empty() && login.find('@') == std::string_view::npos) {
    address += '@';
    address += realm;
  }
  return address;
}

std::string encode_saslauthd(const saslauthd_request& r) {
  std::string out;
  append(out, r.login);
  append(out, r.password);
  append(out, r.service);
  append(out, r.realm);
  if (!r.client.empty()) append(out, r.client);
  return out;
}

}  // namespace authbroker
