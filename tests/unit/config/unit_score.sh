#!/bin/bash
# The unit is one that systemd understands, and no more exposed than 1.5 on the scale of systemd-analyze, where a bare service has 9.6.
set -euo pipefail
source_dir=$1
work=$(mktemp -d /tmp/ab.XXXXXX)
trap 'rm -rf -- "$work"' EXIT
# A program that exists, since systemd-analyze looks for it.
sed 's,@AUTHBROKER_SBIN@/authbrokerd,/bin/true,;s,@AUTHBROKER_BIN@/authbroker,/bin/true,' "$source_dir/conf/systemd/authbroker.service.in" >"$work/authbroker.service"
if complaints=$(systemd-analyze verify --man=no "$work/authbroker.service" 2>&1 | grep -F authbroker.service); then
  printf '%s\n' "$complaints"
  exit 1
fi
systemd-analyze security --no-pager --offline=true --threshold=15 "$work/authbroker.service" >"$work/score" || {
  cat "$work/score"
  exit 1
}
tail -n 1 "$work/score"
