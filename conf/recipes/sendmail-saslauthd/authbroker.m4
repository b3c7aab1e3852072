dnl SMTP AUTH by authbroker: lines of /etc/mail/sendmail.mc, before MAILER.
dnl
dnl Clients hear 235 for a right password and 535 for a wrong one.
dnl Sendmail says 535 too when it cannot be found out, with whatever Cyrus SASL is asked by: its mail programs ask for the password again.
define(`confAUTH_MECHANISMS', `PLAIN LOGIN')dnl
TRUST_AUTH_MECH(`PLAIN LOGIN')dnl
define(`confAUTH_OPTIONS', `A p y')dnl
