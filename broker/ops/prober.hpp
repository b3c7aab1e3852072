// The asking of a probe. Knows no protocol: plugins do, and say what they learn as attributes, verdicts and facts.
//
// Each thing that is tried is a small configuration, made of the TOML that is printed in the end and loaded as any other; its
// one backend is asked as a daemon would ask it, and dropped. On one worker, which is also the configuration's thread.
#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/identity.hpp"
#include "host/plugin_backend.hpp"
#include "ops/probe_draft.hpp"
#include "ops/probe_facts.hpp"

namespace authbroker {

class prober {
 public:
  prober(probe_request, worker& here, logger&);

  // First every place, without an account; then at most one login a form of the name, at the first server that may see the
  // password; then mailboxes, at the first server that tells. Each question has 20 s, all
  // together some four minutes.
  task<void> run();

  const probe_facts& facts() const { return facts_; }
  bool cut() const { return cut_; }  // not everything was tried in time
  // Plugins that would have been asked and are not installed.
  const std::vector<std::string>& missing() const { return missing_; }

 private:
  using settings_list = std::vector<std::pair<std::string, std::string>>;

  bool late();
  void say(const std::string&) const;
  bool installed(const std::string& plugin);
  backend_draft draft_for(const place_to_try&) const;
  std::shared_ptr<plugin_backend> make(const backend_draft&, std::vector<std::string>& problems);
  stage_question question(question_kind, const checked_name&, std::string_view identity, trace&) const;

  task<void> learn(place_to_try);
  task<void> connect(probed_server&, backend_draft with);
  task<void> only_look(probed_server&, backend_draft with);
  task<void> look_without_trust(probed_server&, backend_draft as_tried);
  task<void> look_without_tls(probed_server&, backend_draft as_tried);
  void apply_guess(probed_server&);

  bool may_see_password(const probed_server&) const;
  task<void> log_in();
  task<bool> log_in_at(std::size_t server);
  task<after_refusal> watch(const plugin_backend&);

  task<void> ask_mailboxes();
  task<bool> ask_mailboxes_at(std::size_t server, settings_list);
  task<finding> ask_for(plugin_backend&, std::string address, trace&);

  probe_request request_;
  worker& here_;
  plugin_set plugins_;
  wall_clock time_;
  plugin_backend::environment env_;
  probe_facts facts_;
  std::vector<std::string> missing_;
  steady::time_point until_;
  bool cut_ = false;
};

}  // namespace authbroker
