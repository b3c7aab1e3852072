#include "wire/json_answer.hpp"

#include "wire/json_writer.hpp"

namespace authbroker {
namespace {

// Few names with few values each: what a map would cost is more.
void write_attributes(json_writer& w, const std::vector<std::pair<std::string, std::string>>& all) {
  w.key("attributes").begin_object();
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool told = false;
    for (std::size_t k = 0; k < i && !told; ++k) told = all[k].first == all[i].first;
    if (told) continue;
    // A name comes from a directory: it is escaped like any text.
    w.value(all[i].first).colon().begin_array();
    for (std::size_t k = i; k < all.size(); ++k)
      if (all[k].first == all[i].first) w.value(all[k].second);
    w.end_array();
  }
  w.end_object();
}

}  // namespace

void write_answer_members(json_writer& w, const answer& a) {
  const finding& f = a.found;
  w.member("verdict", name(f.what));
  if (f.why == reason::none)
    w.key("reason").null();
  else
    w.member("reason", name(f.why));
  w.member("identity", a.identity);
  w.member("login_name", a.login_name);
  w.member("mailbox", f.mailbox);
  w.key("addresses").begin_array();
  for (const std::string& one : f.addresses) w.value(one);
  w.end_array();
  w.member("addresses_state", name(a.addresses));
  if (f.truncated) w.member("truncated", true);
  if (!f.attributes.empty()) write_attributes(w, f.attributes);
  if (f.kind != mailbox_kind::unknown) w.member("kind", name(f.kind));
  if (f.password_expires_in) w.member("password_expires_in", f.password_expires_in->count());
  if (f.grace_logins) w.member("grace_logins", *f.grace_logins);
  if (!f.notice.empty()) w.member("notice", f.notice);
  w.member("route", a.route);
  w.member("backend", a.backend);
  w.member("upstream", f.upstream);
  w.member("cached", a.cached);
  w.member("age_ms", a.age.count());
  w.member("client_believed", a.client_believed);
  w.member("id", a.id);
  w.member("elapsed_ms", std::chrono::duration_cast<std::chrono::milliseconds>(a.elapsed).count());
  if (f.retry_after.count() > 0) w.member("retry_after_ms", f.retry_after.count());
  w.member("text", a.text);
  if (!a.help_url.empty()) w.member("help_url", a.help_url);
}

void append_json_answer(std::string& out, const answer& a) {
  json_writer w(out);
  w.begin_object();
  write_answer_members(w, a);
  w.end_object();
}

}  // namespace authbroker
