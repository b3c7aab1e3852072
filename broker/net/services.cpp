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

struct record {
  service_target to;
  unsigned priority = 0, weight = 0;
};

struct services_waiter {
  std::function<void(const services&)> done;  // empty once cancelled
  timer deadline;
};

bool lies_in(const std::string& host, const std::string& domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) && host[host.size() - domain.size() - 1] == '.');
}

// RFC 2782: the lowest priority first; within one, drawn by weight.
std::vector<service_target> drawn(std::vector<record> records, std::minstd_rand& dice) {
  std::stable_sort(records.begin(), records.end(), [](const record& a, const record& b) { return a.priority < b.priority; });
  std::vector<service_target> order;
  while (!records.empty() && order.size() < addresses_tried_max) {
    const auto end = std::find_if(records.begin(), records.end(), [&](const record& r) { return r.priority != records.front().priority; });
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

services judged(int status, const unsigned char* bytes, int size, const std::string& domain, std::minstd_rand& dice) {
  services out;
  ares_srv_reply* list = nullptr;
  if (status == ARES_SUCCESS) status = ares_parse_srv_reply(bytes, size, &list);
  const std::unique_ptr<ares_srv_reply, void (*)(void*)> freed(list, [](void* l) {
    if (l != nullptr) ares_free_data(l);
  });
  if (status != ARES_SUCCESS) {
    out.problem = status == ARES_ENODATA ? "the domain has no such SRV record" : name_problem(status);
    return out;
  }
  std::vector<record> records;
  std::string outside;
  for (const ares_srv_reply* r = list; r != nullptr && records.size() < records_max; r = r->next) {
    std::string host = to_lower(r->host);
    if (!host.empty() && host.back() == '.') host.pop_back();
    if (host.empty() || r->port == 0) continue;  // "." says: not here
    if (!could_be_a_name(host) || !lies_in(host, domain)) outside = escape_for_log(host, 100);
    else records.push_back({{std::move(host), r->port}, r->priority, r->weight});
  }
  out.targets = drawn(std::move(records), dice);
  if (out.targets.empty()) out.problem = outside.empty() ? "the domain says that it has no such service" : "its SRV record leads out of the domain, to " + outside;
  return out;
}

}  // namespace

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
    const services copy = at->second.what;
    done(copy);
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
        services found = judged(status, bytes, size, mine->domain, self->dice);
        if (self->service_cache.size() >= service_names_max) self->service_cache.erase(self->service_cache.begin());
        self->service_cache[mine->name] = {found, steady::now() + (found.targets.empty() ? 1s : 30s)};
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
