// Which places a probe tries, with which settings, and a draft as TOML. Pure.
#pragma once
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ops/probe_facts.hpp"

namespace authbroker {

struct place_to_try {
  std::string url, plugin;
};
// With a scheme: that URL, with each plugin that goes with it, or with `plugin`; none if the scheme has no plugin of the
// project and none is named. Without: where mail servers and directories usually are, the best first; with `plugin`, only
// those that it can talk to.
std::vector<place_to_try> places_for(std::string_view url, std::string_view plugin);

// The same server without STARTTLS: "pop3+starttls://h:110" -> "pop3://h:110". "" if it has no STARTTLS.
std::string without_starttls(std::string_view url);

// A name for the backend: "mail-pop3". At most 64 characters that names may have.
std::string name_for(std::string_view host, std::string_view plugin);

bool is_directory(const backend_draft&);

std::string toml_text(std::string_view);               // "\"a\\\"b\""
std::string to_toml(const backend_draft&);             // [[backend]] and its [backend.settings]
// A whole configuration around a draft, which loads if the draft is right. Its listener is never opened.
std::string trial_configuration(const backend_draft&, std::span<const std::string> plugin_dirs);

// The settings to ask for mailboxes with, one set after the other until one tells: VRFY before RCPT.
std::vector<std::vector<std::pair<std::string, std::string>>> mailbox_ways(const probed_server&);
// What a directory's own words suggest for settings that nobody gave. Empty: nothing.
struct directory_guess {
  std::string plugin;
  std::vector<std::pair<std::string, std::string>> settings;
};
directory_guess guess_directory(const probed_server&);

}  // namespace authbroker
