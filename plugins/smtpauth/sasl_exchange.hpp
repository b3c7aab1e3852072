// One login by the SASL library: challenges in, responses out; it never touches a connection. [session]
#pragma once
#include <abk/secret.hpp>

#include <memory>
#include <optional>
#include <string>

#include "mechanisms.hpp"

namespace smtpauth {

class exchange {
 public:
  // `server`: the name that the server calls itself; DIGEST-MD5 needs one. The password is copied, and wiped at the end.
  // `encrypted`: outside the exchange, by TLS. The library must have been set up: see sasl_trouble().
  exchange(mechanism, const std::string& server, std::string_view name, abk::secret_view password, bool encrypted);
  ~exchange();
  exchange(const exchange&) = delete;
  exchange& operator=(const exchange&) = delete;

  // Begins. False: this mechanism is not there, or refuses the name. After it response() has the first message of a mechanism
  // in which the client speaks first: no more than its name.
  bool start();
  // Takes a challenge, decoded. False: it makes no sense, or the server did not prove what it had to; nothing more can be sent.
  bool step(std::string_view challenge);
  // What to send now, not encoded; may be empty. Valid until the next call.
  abk::secret_view response() const noexcept { return response_; }
  // The mechanism is through: everything the server had to prove is proved. Only then can a success be believed.
  bool complete() const noexcept { return complete_; }

 private:
  struct inside;
  bool took(int result, const char* out, unsigned size);
  std::unique_ptr<inside> inside_;
  mechanism by_;
  abk::secret_view response_;
  bool complete_ = false;
  int steps_ = 0;
};

}  // namespace smtpauth
