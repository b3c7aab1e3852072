#include "subcodes.hpp"

namespace exchange {
namespace {

using abk::reason;
using abk::verdict;
using directory::bind_row;
using directory::result_code;
using directory::says;
using directory::sees;

constexpr bind_row row(std::uint32_t number, verdict what, reason why, std::string_view name) {
  return {result_code::invalid_credentials, says::anything, sees::subcode, number, what, why, name};
}

// Numbers of Windows, in hexadecimal. A controller names most of them only when the password was right.
constexpr bind_row rows[] = {
    row(0x525, verdict::no, reason::no_such_user, "ad-525-unknown"),
    row(0x52e, verdict::no, reason::wrong_password, "ad-52e-wrong"),
    row(0x52f, verdict::no, reason::not_permitted, "ad-52f-restricted"),
    row(0x530, verdict::no, reason::not_permitted, "ad-530-hours"),
    row(0x531, verdict::no, reason::not_permitted, "ad-531-workstation"),
    row(0x532, verdict::no, reason::password_expired, "ad-532-password-expired"),
    row(0x533, verdict::no, reason::account_disabled, "ad-533-disabled"),
    row(0x569, verdict::no, reason::not_permitted, "ad-569-logon-type"),
    row(0x701, verdict::no, reason::account_expired, "ad-701-expired"),
    row(0x773, verdict::no, reason::password_must_change, "ad-773-must-change"),
    row(0x775, verdict::no, reason::account_locked, "ad-775-locked"),
    // The controller could not ask another one.
    row(0x51f, verdict::tempfail, reason::upstream_busy, "ad-51f-no-logon-server"),
    // Trust, clock, channel binding, whatever: a number that says nothing of the password is not taken for one that does.
    {result_code::invalid_credentials, says::anything, sees::any_subcode, 0, verdict::tempfail, reason::upstream_refuses_us, "ad-other"},
};

}  // namespace

std::span<const bind_row> subcodes() { return rows; }

}  // namespace exchange
