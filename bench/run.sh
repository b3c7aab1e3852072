#!/bin/bash
# Builds the broker and the benchmark's programs, runs the rows, and prints a table.
#
#   bench/run.sh [--seconds N] [--rounds N] [ROW...]      rows: front gateways pop3 smtpauth imap servers rcpt ldap far memory stuck
#
# Other work on the machine spoils the figures; those of one run may be compared with each other, not with those of another.
set -euo pipefail
cd "$(dirname "$(realpath "$0")")/.."
. cmake/packages.sh
umask 022
need_packages "${build_packages[@]}" dovecot-core dovecot-imapd dovecot-ldap dovecot-pop3d freeradius freeradius-ldap openssl python3 sasl2-bin slapd
mapfile -t launchers < <(launchers)
cmake --preset release -B build/bench -DAUTHBROKER_TESTS=OFF -DAUTHBROKER_BENCH=ON "${launchers[@]}" >&2
cmake --build build/bench >&2
rm -rf build/bench/prefix
cmake --install build/bench --prefix "$PWD/build/bench/prefix" >/dev/null
cp build/bench/bench_plugins/bench.so build/bench/prefix/lib/authbroker/plugins/
exec python3 bench/rows.py build/bench/prefix build/bench/bench_bin "$@"
