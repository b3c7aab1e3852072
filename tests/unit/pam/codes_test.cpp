// The table of codes: no answer but an accept is a success, and what could not be found out is no refusal.
#include "pam_parts/codes.hpp"

#include <gtest/gtest.h>
#include <security/_pam_types.h>

namespace authbroker {
namespace {

TEST(pam_codes, G_08_OfEachAnswer) {
  for (const verdict_row& row : verdict_table())
    for (const bool reveal : {false, true}) {
      const int auth = auth_code(row.what, row.why, reveal), account = account_code(row.what, row.why, reveal);
      SCOPED_TRACE(std::string(name(row.what)) + " " + std::string(name(row.why)));
      EXPECT_EQ(auth == PAM_SUCCESS, row.what == verdict::accept);
      if (row.what != verdict::accept) {
        EXPECT_EQ(account, auth) << "a login that was not accepted is not made one by a new password";
      }
      if (row.what == verdict::tempfail) {
        EXPECT_EQ(auth, PAM_AUTHINFO_UNAVAIL);
      }
      if (row.what == verdict::reject) {
        EXPECT_NE(auth, PAM_AUTHINFO_UNAVAIL);
      }
      if (row.what == verdict::no_route) {
        EXPECT_EQ(auth, PAM_USER_UNKNOWN);
      }
      EXPECT_NE(auth, PAM_NEW_AUTHTOK_REQD);
      EXPECT_NE(auth, PAM_IGNORE);
    }
}

struct row {
  reason why;
  int code, revealed;
};

TEST(pam_codes, StrangersAreToldTheSameOfAllAccounts) {
  for (const row& r : {row{reason::wrong_password, PAM_AUTH_ERR, PAM_AUTH_ERR}, row{reason::no_such_user, PAM_AUTH_ERR, PAM_USER_UNKNOWN},
                       row{reason::account_disabled, PAM_AUTH_ERR, PAM_ACCT_EXPIRED}, row{reason::account_expired, PAM_AUTH_ERR, PAM_ACCT_EXPIRED},
                       row{reason::account_locked, PAM_AUTH_ERR, PAM_PERM_DENIED}, row{reason::not_permitted, PAM_AUTH_ERR, PAM_PERM_DENIED},
                       row{reason::known_wrong, PAM_AUTH_ERR, PAM_AUTH_ERR}, row{reason::empty_password, PAM_AUTH_ERR, PAM_AUTH_ERR},
                       row{reason::bad_name, PAM_AUTH_ERR, PAM_AUTH_ERR}, row{reason::bad_password, PAM_AUTH_ERR, PAM_AUTH_ERR},
                       row{reason::too_long, PAM_AUTH_ERR, PAM_AUTH_ERR}, row{reason::password_expired, PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED},
                       row{reason::password_must_change, PAM_ACCT_EXPIRED, PAM_ACCT_EXPIRED}}) {
    EXPECT_EQ(auth_code(verdict::reject, r.why, false), r.code) << name(r.why);
    EXPECT_EQ(auth_code(verdict::reject, r.why, true), r.revealed) << name(r.why);
  }
}

TEST(pam_codes, AnAcceptedLoginMayNeedANewPassword) {
  EXPECT_EQ(auth_code(verdict::accept, reason::must_change_later, false), PAM_SUCCESS);
  EXPECT_EQ(account_code(verdict::accept, reason::must_change_later, false), PAM_NEW_AUTHTOK_REQD);
  EXPECT_EQ(account_code(verdict::accept, reason::password_expiring, false), PAM_SUCCESS);
}

}  // namespace
}  // namespace authbroker
