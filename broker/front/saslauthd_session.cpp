#include "front/saslauthd_session.hpp"

#include "wire/saslauthd.hpp"

namespace authbroker {
namespace {

constexpr std::size_t fields_max = 5;

// "203.0.113.7;4711", as the client library writes it.
std::string_view without_port(std::string_view client) { return client.substr(0, client.find(';')); }

}  // namespace

saslauthd_session::saslauthd_session(std::shared_ptr<branch> home, int fd, peer who)
    : asking_session(std::move(home), fd, std::move(who), fields_max * (2 + saslauthd_limits{}.field_bytes_max)) {}

asking_session::taken saslauthd_session::take(std::string_view bytes, query& q) {
  const saslauthd_outcome got = parse_saslauthd(bytes);
  taken t;
  t.what = got.what;
  if (got.what != progress::message) return t;
  t.used = bytes.size();  // no second request can follow
  q.address = saslauthd_address(got.request.login, got.request.realm);
  q.password = secret(got.request.password);
  q.service.assign(got.request.service);
  q.wire = &login_words();
  report_client(q, without_port(got.request.client), from(), terms());
  return t;
}

session::ending saslauthd_session::say(const answer& a) {
  switch (a.found.what) {
    case verdict::accept: output() = saslauthd_yes; break;
    case verdict::reject:
    case verdict::no_route: output() = saslauthd_no; break;
    case verdict::tempfail:
    case verdict::exists:
    case verdict::absent:
    case verdict::unverifiable: break;  // nothing: the end of the connection is the reply
  }
  return ending::clean;
}

}  // namespace authbroker
