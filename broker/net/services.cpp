// SRV records. The answer is unauthenticated: it may choose among the servers of a domain, and never lead out of it.
#include <arpa/nameser.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

#include "base/text.hpp"
#include "net/resolver_impl.hpp"

namespace authbroker {
using namespace std::chrono_literals;

namespace {

constexpr std::size_t service_names_max = 256;
constexpr std::size_t records_max = 64;

struct services_waiter {
  std::function<void(const services&)> done;  // empty once cancelled
  timer deadline;
};

bool lies_in(const std::string& host, const std::string& domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

// RFC 2782: the lowest priority first; within one, drawn by weight.
std::vector<service_target> drawn(std::vector<service_record> records, std::minstd_rand& dice) {
  std::stable_sort(records.begin(), records.end(), [](const service_record& a, const service_record& b) { return a.to.priority < b.to.priority; });
  std::vector<service_target> order;
  while (!records.empty() && order.size() < addresses_tried_max) {
    const auto end = std::find_if(records.begin(), records.end(), [&](const service_record& r) { return r.to.priority != records.front().to.priority; });
    std::uint32_t sum = 0;
    for (auto r = records.begin(); r != end; ++r) sum += r->weight;
    std::uint32_t at = std::uniform_int_distribution<std::uint32_t>(0, sum)(dice);
    auto chosen = records.begin();
    while (std::next(chosen) != end && at > chosen->weight) at -= (chosen++)->weight;
    order.push_back(std::move(chosen->to));
    records.erase(chosen);
  }
  return order;
}

// What an asker gets of it.
services told(const service_records& known, std::minstd_rand& dice) { return {drawn(known.records, dice), known.problem}; }

service_records judged(int status, const unsigned char* bytes, int size, const std::string& domain) {
  service_records out;
  ares_srv_reply* list = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(bytes, size, &list);
  const std::unique_ptr<ares_srv_reply, void (*)(void*)> freed(list, [](void* l) {
    if (l != nullptr) ares_free_data(l);
  });
  if (status != ARES_SUCCESS) {
    out.problem = status == ARES_ENODATA ? "the domain has no such SRV record" : name_problem(status);
    return out;
  }
  std::string outside;
  for (const ares_srv_reply* r = list; r != nullptr && out.records.size() < records_max; r = r->next) {
    std::string host = to_lower(r->host);
    if (!host.empty() && host.back() == '.') host.pop_back();
    if (host.empty() || r->port == 0) continue;  // "." says: not here
    if (!could_be_a_name(host) || !lies_in(host, domain)) outside = escape_for_log(host, 100);
    else out.records.push_back({{std::move(host), r->port, r->priority}, r->weight});
  }
  if (out.records.empty()) out.problem = outside.empty() ? "the domain says that it has no such service" : "its SRV record leads out of the domain, to " + outside;
  return out;
}

}  // namespace

std::chrono::seconds services_ttl(const unsigned char* bytes, int size) {
  constexpr std::chrono::seconds most{60}, least{5};
  const unsigned char* const end = bytes + size;
  const unsigned char* at = bytes + 12;  // behind the header
  const auto number = [&](std::ptrdiff_t offset, int length) {
    std::uint32_t out = 0;
    for (int i = 0; i < length; ++i) out = out << 8 | at[offset + i];
    return out;
  };
  const auto skip_name = [&] {
    char* name = nullptr;
    long length = 0;
    if (at >= end || ares_expand_name(at, bytes, size, &name, &length) != ARES_SUCCESS) return false;
    ares_free_string(name);
    at += length;
    return true;
  };
  if (size < 12) return most;
  const unsigned questions = bytes[4] << 8U | bytes[5], answers = bytes[6] << 8U | bytes[7];
  for (unsigned i = 0; i < questions; ++i) {
    if (!skip_name() || end - at < 4) return most;
    at += 4;
  }
  std::chrono::seconds out = most;
  for (unsigned i = 0; i < answers; ++i) {
    if (!skip_name() || end - at < 10) return out;
    out = std::min(out, std::chrono::seconds(number(4, 4)));
    const std::uint32_t length = number(8, 2);
    if (end - at - 10 < static_cast<std::ptrdiff_t>(length)) return out;
    at += 10 + length;
  }
  return std::max(out, least);
}

std::unique_ptr<resolver::lookup> resolver::find_services(const std::string& service, const std::string& domain_as_given,
                                                          std::function<void(const services&)> done) {
  auto handle = std::make_unique<lookup>();
  auto& i = *impl_;
  const std::string domain = to_lower(domain_as_given), name = to_lower(service) + '.' + domain;
  if (!could_be_a_name(name) || !could_be_a_name(domain)) {
    done({{}, "not a host name"});
    return handle;
  }
  const auto now = steady::now();
  std::erase_if(i.service_cache, [now](const auto& e) { return e.second.until <= now; });
  if (const auto at = i.service_cache.find(name); at != i.service_cache.end()) {
    done(told(at->second.what, i.dice));
    return handle;
  }
  if (i.service_queries >= service_names_max) {
    done({{}, "too many names are being looked up"});
    return handle;
  }
  struct call {
    std::shared_ptr<impl> owner;
    std::weak_ptr<services_waiter> waits;
    std::shared_ptr<ares_loop> channel;
    std::string name, domain;
  };
  // Destroying the lookup destroys the waiter: nothing is told then.
  auto w = std::make_shared<services_waiter>();
  w->done = std::move(done);
  w->deadline.bind(i.timers, [weak = std::weak_ptr<services_waiter>(w)] {
    const auto self = weak.lock();
    if (self && self->done) std::exchange(self->done, nullptr)({{}, name_problem(ARES_ETIMEOUT)});
  });
  w->deadline.arm(now + query_time_max);
  i.read_configuration();
  ++i.service_queries;
  auto* const c = new call{impl_, w, i.channel, name, domain};
  handle->state_ = std::move(w);
  ares_query(
      i.channel->handle(), name.c_str(), ns_c_in, ns_t_srv,
      [](void* arg, int status, int, unsigned char* bytes, int size) {
        const std::unique_ptr<call> mine(static_cast<call*>(arg));
        const auto self = mine->owner;
        --self->service_queries;
        if (self->closed || status == ARES_EDESTRUCTION) return;
        service_records known = judged(status, bytes, size, mine->domain);
        services found = told(known, self->dice);
        if (self->service_cache.size() >= service_names_max) self->service_cache.erase(self->service_cache.begin());
        const auto keep = known.records.empty() ? 1s : services_ttl(bytes, size);
        self->service_cache[mine->name] = {std::move(known), steady::now() + keep};
        // Through the loop: neither c-ares nor its channel may go while it is on the stack.
        boost::asio::post(self->io, [weak = mine->waits, kept = mine->channel, found = std::move(found)] {
          const auto waits = weak.lock();
          if (!waits || !waits->done) return;
          waits->deadline.disarm();
          std::exchange(waits->done, nullptr)(found);
        });
      },
      c);
  i.channel->set_timer();
  return handle;
}

}  // namespace authbroker
