// c-ares does the protocol (ares_loop.hpp lends it the loop); this file shares queries, remembers answers and orders addresses.
//
// What a hostile name server can do: answer wrongly (TLS is what protects from that), or not at all (5 s, then a failure that
// is remembered for 1 s). A thousand addresses in one answer cost memory once: eight are kept.
#include "net/resolver.hpp"

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/ip/address_v6.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/text.hpp"
#include "net/resolver_impl.hpp"

namespace authbroker {
namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t cached_names_max = 1024;
constexpr std::size_t queries_max = 1024;
constexpr std::size_t avoided_max = 256;
constexpr auto avoided_for = 10s;

// Whether this host has a route to the address: what RFC 6724 would have us ask first. A UDP connect sends nothing.
bool has_route(const asio::ip::address& to) {
  const int fd = ::socket(to.is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  int failed = -1;
  if (to.is_v6()) {
    sockaddr_in6 a{};
    a.sin6_family = AF_INET6;
    a.sin6_port = htons(9);
    const auto bytes = to.to_v6().to_bytes();
    std::memcpy(&a.sin6_addr, bytes.data(), bytes.size());
    failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a);
  } else {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(9);
    const auto bytes = to.to_v4().to_bytes();
    std::memcpy(&a.sin_addr, bytes.data(), bytes.size());
    failed = ::connect(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a);
  }
  ::close(fd);
  return failed == 0;
}

// Families take turns, IPv6 first where this host can reach it, so that one dead family costs one step.
std::vector<asio::ip::address> by_preference(const ares_addrinfo* found, std::chrono::seconds& ttl) {
  std::vector<asio::ip::address> v4, v6, all;
  for (const ares_addrinfo_node* n = found->nodes; n != nullptr; n = n->ai_next) {
    ttl = std::min(ttl, std::chrono::seconds(n->ai_ttl));
    if (n->ai_family == AF_INET && v4.size() < addresses_tried_max) {
      sockaddr_in a{};
      std::memcpy(&a, n->ai_addr, sizeof a);
      v4.emplace_back(asio::ip::address_v4(ntohl(a.sin_addr.s_addr)));
    } else if (n->ai_family == AF_INET6 && v6.size() < addresses_tried_max) {
      sockaddr_in6 a{};
      std::memcpy(&a, n->ai_addr, sizeof a);
      asio::ip::address_v6::bytes_type bytes;
      std::memcpy(bytes.data(), &a.sin6_addr, bytes.size());
      v6.emplace_back(asio::ip::address_v6(bytes, a.sin6_scope_id));
    }
  }
  const bool six_first = v4.empty() || (!v6.empty() && has_route(v6.front()));
  auto& first = six_first ? v6 : v4;
  auto& second = six_first ? v4 : v6;
  for (std::size_t i = 0; i < std::max(first.size(), second.size()); ++i) {
    if (i < first.size() && all.size() < addresses_tried_max) all.push_back(first[i]);
    if (i < second.size() && all.size() < addresses_tried_max) all.push_back(second[i]);
  }
  return all;
}

}  // namespace

bool could_be_a_name(const std::string& host) {
  if (host.empty() || host.size() > 253 || host.front() == '.') return false;
  return std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  });
}

std::string name_problem(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENONAME: return "no such name";
    case ARES_ENODATA: return "the name has no address";
    case ARES_ESERVFAIL: return "the name server failed (SERVFAIL)";
    case ARES_EREFUSED: return "the name server refused the question";
    case ARES_ECONNREFUSED: return "the name server cannot be reached";
    case ARES_ETIMEOUT: return "the name server does not answer";
    default: return std::string("name look-up failed: ") + ares_strerror(status);
  }
}

void resolver::impl::read_configuration() {
  struct stat s{};
  stamp now;
  if (::stat("/etc/resolv.conf", &s) == 0) now = {s.st_mtim, s.st_ino, s.st_size};
  if (channel && now == read_at) return;
  std::erase_if(channels, [](const auto& old) { return old.expired(); });
  channel = std::make_shared<ares_loop>(io, timers, servers);  // the old one, if any, is kept by its queries
  channels.push_back(channel);
  read_at = now;
}

void resolver::impl::remember(const std::string& name, const resolved& what, std::chrono::seconds ttl) {
  const auto now = steady::now();
  if (cache.size() >= cached_names_max) std::erase_if(cache, [now](const auto& e) { return e.second.until <= now; });
  if (cache.size() >= cached_names_max) cache.erase(cache.begin());
  cache.insert_or_assign(name, remembered{what, now + ttl});
}

void resolver::impl::start(const std::shared_ptr<name_query>& q) {
  struct call {
    std::weak_ptr<impl> owner;
    std::shared_ptr<name_query> q;
    std::shared_ptr<ares_loop> channel;
    asio::io_context& io;
  };
  q->deadline.bind(timers, [this, weak = std::weak_ptr<name_query>(q)] {
    resolved late;
    late.problem = name_problem(ARES_ETIMEOUT);
    if (const auto same = weak.lock()) finish(same, std::move(late), 1s);
  });
  q->deadline.arm(steady::now() + query_time_max);

  read_configuration();
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = ARES_AI_NOSORT;  // its sort opens a socket per address; by_preference() opens one
  auto* const c = new call{weak_from_this(), q, channel, io};
  ares_getaddrinfo(
      channel->handle(), q->name.c_str(), nullptr, &hints,
      [](void* arg, int status, int, ares_addrinfo* found) {
        const std::unique_ptr<call> mine(static_cast<call*>(arg));
        const std::unique_ptr<ares_addrinfo, void (*)(ares_addrinfo*)> freed(found, [](ares_addrinfo* f) {
          if (f != nullptr) ares_freeaddrinfo(f);
        });
        const auto self = mine->owner.lock();
        // The channel must not go while c-ares is still on the stack.
        asio::post(mine->io, [kept = std::move(mine->channel)] {});
        if (!self || self->closed || status == ARES_EDESTRUCTION) return;
        resolved what;
        std::chrono::seconds ttl = 60s;
        if (status == ARES_SUCCESS && found != nullptr) {
          what.addresses = by_preference(found, ttl);
          ttl = std::max(ttl, std::chrono::seconds(5s));
        }
        if (what.addresses.empty()) {
          what.problem = name_problem(status == ARES_SUCCESS ? ARES_ENODATA : status);
          ttl = 1s;
        }
        // Through the loop: who waits may do as it likes then, c-ares is not on the stack any more.
        asio::post(self->io, [self, q = mine->q, result = std::move(what), ttl]() mutable { self->finish(q, std::move(result), ttl); });
      },
      c);
  channel->set_timer();
}

void resolver::impl::finish(const std::shared_ptr<name_query>& q, resolved what, std::chrono::seconds ttl) {
  const auto self = shared_from_this();
  const auto kept = q;  // a reference into the timer's function would not outlive the map's entry
  if (closed || kept->finished) return;
  kept->finished = true;
  kept->deadline.disarm();
  queries.erase(kept->name);
  remember(kept->name, what, ttl);
  for (const auto& weak : kept->waiters) {
    const auto w = weak.lock();
    if (!w || !w->done) continue;
    std::exchange(w->done, nullptr)(what);
    if (closed) return;
  }
}

resolver::resolver(asio::io_context& io, timer_queue& timers, std::string servers)
    : impl_(std::make_shared<impl>(io, timers, std::move(servers))) {}

resolver::~resolver() {
  impl_->closed = true;
  for (auto& [name, q] : impl_->queries) q->deadline.disarm();
  for (const auto& weak : impl_->channels)
    if (const auto c = weak.lock()) c->close();
}

std::size_t resolver::remembered() const { return impl_->cache.size(); }

void resolver::avoid(const asio::ip::address& a, std::uint16_t port) {
  const auto now = steady::now();
  auto& avoided = impl_->avoided;
  if (avoided.size() >= avoided_max) std::erase_if(avoided, [now](const auto& e) { return e.second <= now; });
  if (avoided.size() >= avoided_max) avoided.erase(avoided.begin());
  avoided[{a, port}] = now + avoided_for;
}

std::vector<asio::ip::address> resolver::in_order(std::vector<asio::ip::address> all, std::uint16_t port) const {
  const auto& avoided = impl_->avoided;
  if (avoided.empty() || all.size() < 2) return all;
  const auto now = steady::now();
  std::stable_partition(all.begin(), all.end(), [&](const asio::ip::address& a) {
    const auto at = avoided.find({a, port});
    return at == avoided.end() || at->second <= now;
  });
  return all;
}

// The waiter is the handle's alone; queries refer to it weakly.
resolver::lookup::~lookup() = default;

std::unique_ptr<resolver::lookup> resolver::find(const std::string& host, std::function<void(const resolved&)> done) {
  auto handle = std::make_unique<lookup>();
  boost::system::error_code not_literal;
  const auto literal = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    done(resolved{{literal}, {}});
    return handle;
  }
  const std::string name = to_lower(host);
  auto& i = *impl_;
  if (!could_be_a_name(name)) {
    done(resolved{{}, "not a host name"});
    return handle;
  }
  if (const auto at = i.cache.find(name); at != i.cache.end()) {
    if (at->second.until > steady::now()) {
      const resolved copy = at->second.what;  // `done` may start another look-up, which may drop the entry
      done(copy);
      return handle;
    }
    i.cache.erase(at);
  }
  auto w = std::make_shared<name_waiter>();
  w->done = std::move(done);
  handle->state_ = w;
  if (const auto at = i.queries.find(name); at != i.queries.end()) {
    auto& waiters = at->second->waiters;
    std::erase_if(waiters, [](const std::weak_ptr<name_waiter>& old) { return old.expired(); });
    waiters.push_back(w);
    return handle;
  }
  if (i.queries.size() >= queries_max) {
    std::exchange(w->done, nullptr)(resolved{{}, "too many names are being looked up"});
    return handle;
  }
  auto q = std::make_shared<name_query>();
  q->name = name;
  q->waiters.push_back(w);
  i.queries.emplace(name, q);
  i.start(q);
  return handle;
}

}  // namespace authbroker
