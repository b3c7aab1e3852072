// The readers of the four kinds of table, and the checks that need several of them. Internal to the room.
#pragma once
#include "config/config.hpp"
#include "config/reader.hpp"

namespace authbroker {

void read_broker(const section& broker, broker_config& out);
void read_log(const section& log, log_settings& out);
listener_rules read_listener(const section& listener);
// maps and values; after the protocol.
void read_tables(const section& listener, listener_rules& out);
backend_rules read_backend(const section& backend);
route_rules read_route(const section& route);

// The tables that the rules were read from, in the same order, for places that rules do not keep.
struct origins {
  std::vector<const setting*> listeners, backends, routes;
};
// Names, references, shared sockets, domains and accounts, over the whole configuration. Fills in the default of
// mailbox_cache.negative_refresh that depends on the backends.
void check_together(reading& all, configuration& config, const origins& from);

// True if `name` can be a listener's or backend's: 1 to 64 letters, digits, dots, hyphens and underscores.
bool is_name(std::string_view name);
// Reports unless the user or group is known to this machine, or is a number: the daemon would not start.
void refuse_unknown_user(const section&, std::string_view key, const placed_text& user);
void refuse_unknown_group(const section&, std::string_view key, const placed_text& group);

}  // namespace authbroker
