// One configured socket: makes it, accepts, and hands each connection to the worker that has the fewest.
//
// All functions are for the thread that owns the listener (the daemon's main thread); the workers must be running for
// anything to happen, and must run on until sessions() is 0 (see end_now) before a listener is destroyed for good.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/listener_rules.hpp"
#include "front/http_service.hpp"
#include "front/terms.hpp"

namespace authbroker {

class listener {
 public:
  // Makes the socket and listens, but accepts nothing before start(): so root can make it, and an ordinary user serve it.
  // The problem says what is in the way and what to do: another instance, a file that is no socket, a directory that others
  // may write, a missing user or group.
  // `service` replaces the portal (the admin socket); then rules.protocol must be http.
  static result<std::unique_ptr<listener>> open(listener_rules rules, const front_parts& parts, std::shared_ptr<http_service> service = {});
  // The same with a listening socket from systemd, whose address, owner and mode are its unit's business. Takes `fd`.
  static result<std::unique_ptr<listener>> adopt(int fd, listener_rules rules, const front_parts& parts,
                                                 std::shared_ptr<http_service> service = {});
  ~listener();  // close() and end_now()
  listener(const listener&) = delete;
  listener& operator=(const listener&) = delete;

  void start();

  // New rules for the same socket: requests that begin from now on go by them. address, protocol, mode, owner and group must
  // be as they were: a listener for which they changed is another listener. On a problem the old rules stay.
  result<void> update(listener_rules rules);

  // Accepts no more and removes the socket's file. Idle connections end now, others after the reply that they wait for.
  void close();
  // Ends every session; what they asked is cancelled. Returns at once; sessions() becomes 0 soon.
  void end_now();
  std::vector<std::uint32_t> loads() const;  // [any thread] connections on each worker
  std::uint32_t sessions() const;

  const listener_rules& rules() const;
  const listener_counts& counts() const;
  std::string address() const;       // "unix:/run/authbroker/http.sock", "tcp:127.0.0.1:8089": with the port that was given

 private:
  struct impl;
  explicit listener(std::unique_ptr<impl>);
  std::unique_ptr<impl> impl_;
};

}  // namespace authbroker
