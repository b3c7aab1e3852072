// `probe`: learns what an upstream is like. The asking is done by `authbrokerd --probe`, run as a child: only that program has
// plugins, TLS and connections, and no daemon needs to be running, nor a configuration to exist.
#pragma once
#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

namespace authbroker {

struct probe_options {
  std::string url;
  std::string plugin, domain, ca_file, pin, server_name;
  std::vector<std::string> settings;  // "key=value"
  bool cleartext = false;
  bool trace = false;
};

// What the child reads: see parse_probe_request() of the daemon. Holds the password, so it never moves and is wiped.
class probe_input {
 public:
  // Throws std::invalid_argument for a value with a control character in it. Relative paths become absolute ones.
  probe_input(const probe_options&, std::string_view address, const std::vector<std::string>& plugin_dirs, bool quiet, const secret& password);
  ~probe_input();
  probe_input(const probe_input&) = delete;
  probe_input& operator=(const probe_input&) = delete;
  std::string_view view() const { return text_; }

 private:
  void line(std::string_view key, std::string_view value);
  std::string text_;
};

// Where the configuration `file` has its plugins; none if it does not load, and then the daemon's program knows best.
std::vector<std::string> plugin_dirs_in(const std::string& file);

// The child's report for a person.
std::string render_probe(const boost::json::object& report, bool trace);

}  // namespace authbroker
