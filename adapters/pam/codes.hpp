// What each answer is in PAM's numbers. Pure; the tables of pam_authbroker(8).
#pragma once
#include "base/verdict.hpp"

namespace authbroker {

// Of the auth phase. Success from an accept only; unavailable from whatever could not be found out. Without `reveal` what
// depends on the account is told as a wrong password is. A rejected login is no success that the account phase would have to
// take back: some programs have no account phase.
int auth_code(verdict, reason, bool reveal) noexcept;

// Of the account phase, for the answer that the auth phase got. Only an accepted login is ever asked for a new password:
// after that, programs let their user in.
int account_code(verdict, reason, bool reveal) noexcept;

}  // namespace authbroker
