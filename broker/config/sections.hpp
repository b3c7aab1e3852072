// The readers of the four kinds of table, and the checks that need several of them. Internal to the room.
#pragma once
#include "config/config.hpp"
#include "config/reader.hpp"

namespace authbroker {

void read_broker(const section& broker, broker_config& out);
void read_log(const section& log, log_settings& out);
listener_rules read_listener(const section& listener);
backend_rules read_backend(const section& backend);
route_rules read_route(const section& route);

// Names, references, shared sockets, domains and accounts, over the whole configuration. `refresh_given` says for each route
// whether mailbox_cache.negative_refresh is written: if not, a directory's default is filled in.
void check_together(reading& all, configuration& config, const std::vector<bool>& refresh_given);

// True if `name` can be a listener's or backend's: 1 to 64 letters, digits, dots, hyphens and underscores.
bool is_name(std::string_view name);
// Reports unless the user or group is known to this machine (or is a number): as a warning, because another machine may know it.
void warn_unknown_user(const section&, std::string_view key, const placed_text& user);
void warn_unknown_group(const section&, std::string_view key, const placed_text& group);
bool user_known(const std::string& name);

}  // namespace authbroker
