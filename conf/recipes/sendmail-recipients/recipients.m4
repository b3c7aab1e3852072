dnl Sendmail in front of other mail servers: authbroker says which recipients exist.
dnl
dnl Where this goes: at the end of /etc/mail/sendmail.mc, after the MAILER lines; then make -C /etc/mail and restart Sendmail.
dnl The broker's half is recipients-sendmail.toml beside this file.
dnl
dnl Asked are recipients in the relay domains (class R: /etc/mail/relay-domains, RELAY_DOMAIN). -T makes a trouble visible to the rules,
dnl which say 451 then; without it trouble would look like an unknown recipient. -d is in seconds, longer than the broker takes at most.
LOCAL_CONFIG
Kmailbox socket -d15 -T<TMPF> unix:/run/authbroker/recipients-sendmail.sock

LOCAL_RULESETS
SLocal_check_rcpt
R$*	$: $>CanonAddr $1
R$+ < @ $+ . >	$: $1 < @ $2 >
R$+ < @ $=R >	$: <ASKED> $(mailbox $1@$2 $: NONE $)
R<ASKED> NONE	$#error $@ 5.1.1 $: "550 5.1.1 User unknown"
R<ASKED> $* <TMPF>	$#error $@ 4.3.0 $: "451 4.3.0 The recipient cannot be checked now"
