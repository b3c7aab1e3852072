"""The row about what mail gateways speak: dovecot-auth and socketmap, beside Dovecot's auth service and with Postfix' postmap."""
import os
import shutil
import time

import peers
from directory import PEOPLE
from mail import MAILBOXES
from lab.certs import Authority
from lab.postfix import Postfix

DOMAIN = "bench.example"


class LdapPostfix(Postfix):
    """With its own LDAP client, which postmap and proxymap load."""
    packages, unpacked = ["postfix", "postfix-ldap"], "postfix-ldap"

    def _prepare(self):
        super()._prepare()
        meta = self._root + "/etc/postfix"
        shutil.copy(self._root + "/usr/share/postfix/dynamicmaps.cf", meta)
        with open(meta + "/dynamicmaps.cf.d/ldap.cf", "w") as f:
            f.write("ldap\tpostfix-ldap.so\tdict_ldap_open\n")


def prepare(bench):
    if "gateways" not in bench.options.rows:
        return
    for name in ("map-client", "map-cache", "map-ca"):
        os.mkdir(bench.path(name), 0o755)
    table = bench.path("ldap-table")
    with open(table, "w") as f:
        f.write(f"server_host = ldap://{bench.ldap[4:]}\nversion = 3\nbind = no\nsearch_base = {PEOPLE}\nquery_filter = (mail=%s)\nresult_attribute = uid\n")
    bench.map_client = LdapPostfix(bench.path("map-client"), Authority(bench.path("map-ca")).good, bench.path("map-cache"), mailboxes={DOMAIN: ["ann"]},
                                   main=f"proxy_read_maps = proxy:ldap:{table}\n")
    bench.closing.callback(bench.map_client.stop)


def postmap(bench, table, domain=DOMAIN):
    """Ten thousand addresses on its standard input; the fastest of some rounds."""
    addresses = "".join(f"u{i}@{domain}\n" for i in range(MAILBOXES))
    best = None
    for _ in range(bench.options.rounds):
        began = time.monotonic()
        done = bench.map_client.command(["postmap", "-q", "-", table], addresses)
        took = time.monotonic() - began
        found = done.stdout.count("\n")
        if found != MAILBOXES:
            raise SystemExit(f"postmap found {found} of {MAILBOXES}: {done.stderr}")
        best = min(took, best or took)
    result = {"per_second": MAILBOXES / best, "p50_us": 0, "p99_us": 0, "own_cpu_us_per_request": 0, "watched": []}
    return result


def rows(bench):
    daemon = bench.broker()
    user = ("--user", "ann@" + DOMAIN, "--users", MAILBOXES)

    def at(name):
        return "unix:" + bench.path(name)
    with peers.dovecot_of_file(bench.path("dovecot-peer"), [f"u{i}@{DOMAIN}" for i in range(MAILBOXES)]) as (peer, pids):
        for what, mode, callers in (("16 connections", "dovecot", 16), ("4 connections with 16 questions each", "dovecot-16", 4), ("1,000 connections", "dovecot", 1000)):
            reference = bench.row(f"reference, dovecot-auth, {what}", bench.best(mode, at("ref-dovecot"), *user, "--callers", callers, watch=[bench.reference]))
            theirs = bench.best(mode, peer, *user, "--callers", callers, watch=pids)
            ours = bench.row("broker", bench.best(mode, at("dovecot"), *user, "--callers", callers, watch=[daemon]), reference)
            bench.row("Dovecot auth, its cache warm", theirs, reference)
            bench.note("the broker, of Dovecot auth", f"{ours['per_second'] / theirs['per_second']:.2f}")
    for callers in (16, 1000):
        reference = bench.row(f"reference, socketmap, {callers:,} connections", bench.best("socketmap", at("ref-map"), *user, "--callers", callers, watch=[bench.reference]))
        bench.row("broker, socketmap", bench.best("socketmap", at("map"), *user, "--callers", callers, watch=[daemon]), reference)
    bench.row("broker, policy", bench.best("policy", at("policy"), *user, watch=[daemon]), reference)
    def socketmap(name):
        return f"socketmap:unix:{bench.path(name)}:mailbox"
    reference = bench.row("postmap -q - at the reference", postmap(bench, socketmap("ref-map")))
    bench.row("postmap -q - at the broker", postmap(bench, socketmap("map")), reference)
    table = bench.path("ldap-table")
    through = bench.row("postmap -q -, LDAP by Postfix itself (ldap:)", postmap(bench, "ldap:" + table, "search.example"))
    bench.row("the same (proxy:ldap:)", postmap(bench, "proxy:ldap:" + table, "search.example"), through)
    bench.row("the same through the broker", postmap(bench, socketmap("map"), "search.example"), through)
    bench.stop(daemon)


DEEDS = {"gateways": rows}
