// A secret as a configuration may give it: a text, { file = "..." } or { credential = "..." }.
#pragma once
#include "base/result.hpp"
#include "base/secret.hpp"
#include "base/settings.hpp"

namespace authbroker {

// Reads the secret that `written` names. A text is taken only from a configuration file that others cannot read; a relative
// file name starts at `base_dir`, or at the directory of the configuration file when that is "". The problem says what was
// found and what is wanted, never the secret. Marks `written` and what is below it as read. Blocks on the disk; [main].
result<secret> resolve_secret(const setting& written, const std::string& base_dir = {});

// True if `written` names a credential, and systemd passed none to this process: in the unit it may well be there. Whoever only
// judges a configuration then takes the stand-in, and says secret_not_here().
bool credential_is_elsewhere(const setting& written);
std::string secret_not_here(const setting& written);
inline constexpr std::string_view secret_stand_in = "known-to-the-unit-only";

}  // namespace authbroker
