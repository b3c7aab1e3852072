"""The row about what mail gateways speak: dovecot-auth and socketmap, beside Dovecot's auth service and with Postfix' postmap."""
import contextlib
import os
import subprocess
import time

import peers
from mail import MAILBOXES
from lab.certs import Authority
from lab.postfix import Postfix

DOMAIN = "bench.example"


def prepare(bench):
    if "gateways" not in bench.options.rows:
        return
    for name in ("map-client", "map-cache", "map-ca"):
        os.mkdir(bench.path(name), 0o755)
    bench.map_client = Postfix(bench.path("map-client"), Authority(bench.path("map-ca")).good, bench.path("map-cache"), mailboxes={DOMAIN: ["ann"]})
    bench.closing.callback(bench.map_client.stop)


def postmap(bench, name, path, rounds):
    """Ten thousand addresses on its standard input; the fastest of some rounds."""
    addresses = "".join(f"u{i}@{DOMAIN}\n" for i in range(MAILBOXES))
    best = None
    for _ in range(rounds):
        began = time.monotonic()
        done = bench.map_client.command(["postmap", "-q", "-", f"socketmap:unix:{path}:mailbox"], addresses)
        took = time.monotonic() - began
        found = done.stdout.count("\n")
        if found != MAILBOXES:
            raise SystemExit(f"postmap found {found} of {MAILBOXES}: {done.stderr}")
        best = min(took, best or took)
    result = {"per_second": MAILBOXES / best, "p50_us": 0, "p99_us": 0, "watched": []}
    return result


def rows(bench):
    daemon = bench.broker()
    user = ("--user", "ann@" + DOMAIN, "--users", MAILBOXES)

    def at(name):
        return "unix:" + bench.path(name)
    with peers.dovecot_auth(bench.path("dovecot-peer"), [f"u{i}@{DOMAIN}" for i in range(MAILBOXES)]) as (peer, pids):
        for what, mode, callers in (("16 connections", "dovecot", 16), ("4 connections with 16 questions each", "dovecot-16", 4), ("1,000 connections", "dovecot", 1000)):
            reference = bench.row(f"reference, dovecot-auth, {what}", bench.best(mode, at("ref-dovecot"), *user, "--callers", callers, watch=[bench.reference]))
            theirs = bench.best(mode, "unix:" + peer, *user, "--callers", callers, watch=pids)
            ours = bench.row("broker", bench.best(mode, at("dovecot"), *user, "--callers", callers, watch=[daemon]), reference)
            bench.row("Dovecot auth, its cache warm", theirs, reference)
            bench.note("the broker, of Dovecot auth", f"{ours['per_second'] / theirs['per_second']:.2f}")
    for callers in (16, 1000):
        reference = bench.row(f"reference, socketmap, {callers:,} connections", bench.best("socketmap", at("ref-map"), *user, "--callers", callers, watch=[bench.reference]))
        bench.row("broker, socketmap", bench.best("socketmap", at("map"), *user, "--callers", callers, watch=[daemon]), reference)
    bench.row("broker, policy", bench.best("policy", at("policy"), *user, watch=[daemon]), reference)
    reference = bench.row("postmap -q - at the reference", postmap(bench, "reference", bench.path("ref-map"), bench.options.rounds))
    bench.row("postmap -q - at the broker", postmap(bench, "broker", bench.path("map"), bench.options.rounds), reference)
    bench.stop(daemon)


DEEDS = {"gateways": rows}
