// How a connection comes about: upstream after upstream, SRV records, connect and TLS, and the plugin's preparation. Nothing of
// any question is sent here.
#include <algorithm>

#include "base/text.hpp"
#include "host/answers.hpp"
#include "host/connection.hpp"

namespace authbroker {

namespace {
// "pop3s" for "pop3" and "pop3+starttls".
std::string with_tls_at_once(const std::string& scheme) {
  const std::string plain = scheme.substr(0, scheme.rfind("+starttls"));
  return plain == "tcp" ? "tls" : plain + "s";
}
}  // namespace
namespace {

constexpr const char* ldap_service = "_ldap._tcp";
constexpr const char* ldaps_service = "_ldaps._tcp";
constexpr std::uint16_t ldap_port = 389, ldaps_port = 636;

}  // namespace

// ---------------------------------------------------------------- opening: upstream after upstream

void connection::open(steady::time_point until, int probe, leg_ptr for_leg) {
  reserved_ = std::move(for_leg);
  open_until_ = until;
  probing_ = probe != pool::for_questions;
  for_the_account_ = probe == pool::for_the_account;
  timer_.bind(home_.timers, [this] { timed_out(); });
  if (reserved_ != nullptr) {
    const std::weak_ptr<connection> me = weak_from_this();
    reserved_->on_give_up = [me] {
      if (const auto c = me.lock()) c->close_now();
    };
  }
  candidates_ = pool_->candidates(probe);
  if (probing_ && pool_->hold_target(candidates_.front())) held_.push_back(candidates_.front());
  state_ = state::opening;
  counted_ = reserved_ == nullptr;
  try_next_upstream();
}

void connection::leave_opening() {
  if (counted_) pool_->opening_ended(*this);
  counted_ = false;
}

void connection::try_next_upstream() {
  const auto self = shared_from_this();
  const steady::time_point now = steady::now();
  if (candidates_.empty() || now >= open_until_) {
    if (!any_failure_) first_failure_ = candidates_.empty() ? pool_->breaker_finding() : finding::tempfail(reason::deadline, "no time left to connect");
    leave_opening();
    pool_->connection_failed(*this, first_failure_, first_failure_.why == reason::service_account);
    reserved_ = nullptr;
    return close_now();
  }
  upstream_ = candidates_.front();
  // What time is left is split over the replicas that are left, so that the last one gets its turn.
  const auto share = (open_until_ - now) / static_cast<int>(candidates_.size());
  const auto& timeouts = pool_->core().rules.timeouts;
  const steady::time_point until = now + std::min<steady::duration>(timeouts.connect, share);
  cut_at_ = share < timeouts.connect && (!probing_ || for_the_account_) ? now + share : steady::time_point::max();
  prepare_until_ = now + timeouts.connect + timeouts.reply;
  candidates_.erase(candidates_.begin());
  const upstream_rules& u = pool_->upstream(upstream_);
  if (reserved_ != nullptr) {
    reserved_->upstream = pool_->label(upstream_);
    reserved_->note("upstream", u.scheme + "://" + (u.srv ? u.host : pool_->label(upstream_)));
  }
  if (!u.srv) return connect_to(u, until);
  failures_of_lookup_.clear();
  timer_.arm(until);
  look_up(u.tls == tls_use::implicit ? ldaps_service : ldap_service);
}

void connection::connect_to(const upstream_rules& u, steady::time_point until) {
  stream_ = std::make_unique<channel>(home_.io, home_.sockets, home_.timers, home_.names, u.tls == tls_use::none ? nullptr : pool_->core().tls);
  dial_target target;
  target.host = u.host;
  target.port = u.port;
  target.tls_at_once = u.tls == tls_use::implicit;
  const std::string& server_name = pool_->core().rules.tls.server_name;
  // A host that was not configured but named from outside bears its own name, and is not this machine.
  target.refuse_local = pool_->refuse_local() || pool_->is_target(upstream_);
  target.tls_name = server_name.empty() || target.refuse_local ? u.host : server_name;
  std::function<void(std::string_view, std::string)> note;
  if (reserved_ != nullptr) note = [l = reserved_](std::string_view what, std::string text) { l->note(what, std::move(text)); };
  stream_->open(std::move(target), until, [this](const open_outcome& o) { opened(o); }, std::move(note));
}

// ---------------------------------------------------------------- servers that SRV records name

// `srv+ldaps` asks for ldaps first, which is TLS from the start by its name. Directories that only have ldap (Active
// Directory) are taken at their word about the host; the port of ldap then means that of ldaps.
void connection::look_up(const char* service) {
  const unsigned mine = ++lookup_number_;
  // May call back at once, before there is a handle to keep.
  try {
    auto handle = home_.names.find_services(service, pool_->upstream(upstream_).host, [this, service](const services& found) { looked_up(service, found); });
    if (lookup_number_ == mine) lookup_ = std::move(handle);
  } catch (const std::exception& e) {
    if (lookup_number_ == mine) upstream_failed(reason::internal, std::string("looking up SRV records: ") + e.what(), true);
  }
}

void connection::looked_up(const char* service, const services& found) {
  const auto self = shared_from_this();
  ++lookup_number_;
  lookup_.reset();
  if (state_ != state::opening) return;
  const upstream_rules& u = pool_->upstream(upstream_);
  const std::string record = std::string(service) + "." + u.host;
  if (found.targets.empty()) {
    failures_of_lookup_ += (failures_of_lookup_.empty() ? "" : "; ") + record + ": " + found.problem;
    if (service == ldaps_service) return look_up(ldap_service);
    return upstream_failed(reason::upstream_down, failures_of_lookup_, true);
  }
  timer_.disarm();
  pool_->upstream_works(upstream_);
  std::vector<service_target> targets = found.targets;
  std::string listed;
  for (service_target& t : targets) {
    if (u.tls == tls_use::implicit && service == ldap_service && t.port == ldap_port) t.port = ldaps_port;
    listed += " " + t.host + ":" + std::to_string(t.port);
  }
  if (reserved_ != nullptr) reserved_->note("services", record + ":" + listed);
  const std::vector<std::size_t> held = pool_->hold_targets(upstream_, targets);
  held_.insert(held_.end(), held.begin(), held.end());
  std::vector<std::size_t> usable;
  for (const std::size_t t : held)
    if (pool_->usable(t)) usable.push_back(t);
  if (for_the_account_) {
    if (usable.empty()) usable = held;  // all of them have refused it
    const auto last = std::find(usable.begin(), usable.end(), pool_->account_refused_by());
    if (last != usable.end()) std::rotate(usable.begin(), last + 1, usable.end());
  }
  if (usable.empty() && !any_failure_) {
    first_failure_ = held.empty() ? finding::tempfail(reason::overloaded, record + " names too many servers") : pool_->finding_of(held.front());
    any_failure_ = true;
  }
  candidates_.insert(candidates_.begin(), usable.begin(), usable.end());
  try_next_upstream();
}

void connection::look_up_too_late() {
  if (stream_ == nullptr) upstream_failed(reason::upstream_down, "looking up the SRV records of " + pool_->upstream(upstream_).host + " timed out", true);
}

// ---------------------------------------------------------------- connected, or not

void connection::opened(const open_outcome& o) {
  const auto self = shared_from_this();
  if (o.why != reason::none) return upstream_failed(o.why, o.text, true);
  start_session();
}

// Before any question: the next replica may be tried.
void connection::upstream_failed(reason why, std::string text, bool try_others) {
  const auto self = shared_from_this();
  timer_.disarm();
  if (state_ == state::preparing && stream_ != nullptr && why != reason::service_account && why != reason::misconfigured && why != reason::internal) stream_->avoid_peer();
  const upstream_rules& u = pool_->upstream(upstream_);
  const std::string& label = pool_->label(upstream_);
  if (state_ == state::preparing && why == reason::upstream_down && !heard_ && u.tls != tls_use::implicit)
    text += "; it was reached and said nothing: does this port speak TLS from the start? then the scheme is " + with_tls_at_once(u.scheme);
  if (reserved_ != nullptr) reserved_->note("failed", std::string(name(why)) + ": " + text);
  // A connect that a question's own deadline cut short says nothing about the server.
  const bool cut_short = why == reason::upstream_down && state_ == state::opening && steady::now() >= cut_at_;
  if (!cut_short) pool_->upstream_failed(upstream_, home_, role_, why, text);
  finding f = finding::tempfail(why, std::move(text));
  f.upstream = label;
  // The first failure is told, unless it only says "down" and a later one says more.
  if (!any_failure_ || (first_failure_.why == reason::upstream_down && why != reason::upstream_down)) first_failure_ = std::move(f);
  any_failure_ = true;
  if (session_ != nullptr) {
    guarded("destroy", [&] { session_->destroy(session_); });
    session_ = nullptr;
  }
  lookup_.reset();
  ++lookup_number_;
  stream_.reset();
  in_.clear();
  in_at_ = 0;
  out_.clear();
  trouble_.clear();
  failed_prepare_ = false;
  state_ = state::opening;
  if (!try_others) candidates_.clear();
  try_next_upstream();
}

// ---------------------------------------------------------------- preparing

void connection::start_session() {
  const abk_backend* api = pool_->core().api;
  const upstream_rules& u = pool_->upstream(upstream_);
  io_.channel = stream_->encrypted() ? ABK_TLS : u.tls == tls_use::starttls ? ABK_STARTTLS_WANTED : ABK_CLEARTEXT;
  io_.eof = false;
  io_.in = {};
  guarded("open", [&] { session_ = api->open(api, role_); });
  if (session_ == nullptr || session_->begin == nullptr || session_->resume == nullptr || session_->destroy == nullptr) {
    session_ = nullptr;
    pool_->core().misbehaved("open() gave no usable session");
    return upstream_failed(reason::internal, "the plugin gave no session", false);
  }
  state_ = state::preparing;
  heard_ = false;
  if (session_->prepare == nullptr) return prepared();
  timer_.arm(prepare_until_);
  std::uint32_t step = 0;
  if (!guarded("prepare", [&] { step = session_->prepare(session_, &io_); })) return upstream_failed(reason::internal, "the plugin failed", false);
  take_step(step);
}

// The gate: no question, and so no name and no password, on a channel that is not encrypted, unless the configuration wants it.
void connection::prepared() {
  if (io_.channel != ABK_TLS && (io_.channel == ABK_STARTTLS_WANTED || !pool_->core().rules.cleartext))
    return upstream_failed(reason::tls_unavailable, "the upstream was not brought to TLS; nothing was sent", true);
  timer_.disarm();
  // Of the servers that were named, the one in use has to keep its place.
  if (const auto mine = std::find(held_.begin(), held_.end(), upstream_); mine != held_.end()) held_.erase(mine);
  pool_->release_targets(held_);
  held_.clear();
  if (pool_->is_target(upstream_)) held_.push_back(upstream_);
  second_choice_until_ = steady::now() + pool_->core().rules.breaker.reopen;
  pool_->upstream_works(upstream_);
  pool_->account_works(role_);
  became_ready();
}

void connection::start_tls() {
  if (!out_.empty()) {
    stream_->wait_writable([this] {
      const auto self = shared_from_this();
      flush();
      if (state_ == state::preparing) start_tls();
    });
    return;
  }
  std::function<void(std::string_view, std::string)> note;
  if (reserved_ != nullptr) note = [l = reserved_](std::string_view what, std::string text) { l->note(what, std::move(text)); };
  timer_.disarm();
  const steady::time_point until = std::min(open_until_, steady::now() + pool_->core().rules.timeouts.connect);
  stream_->start_tls(until, [this](const open_outcome& o) {
    const auto self = shared_from_this();
    if (o.why != reason::none) return upstream_failed(o.why, o.text, true);
    io_.channel = ABK_TLS;
    pump();
  }, std::move(note));
}

}  // namespace authbroker
