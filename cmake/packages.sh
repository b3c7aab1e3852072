# Which Debian packages building and testing need, and how to get the missing ones. Sourced by ./run and ./test.
# shellcheck shell=bash disable=SC2034

build_packages=(g++ cmake ninja-build pkg-config libboost1.81-dev libboost-json1.81-dev libssl-dev libtomlplusplus-dev
  libidn2-dev libcli11-dev libc-ares-dev libsystemd-dev libcrypt-dev libldap-dev libsasl2-dev libpam0g-dev)
demo_packages=(curl python3)
# The last line: what servers need that the tests unpack and do not install, since they cannot stand beside Dovecot.
test_packages=(ca-certificates ccache clang-14 curl dovecot-core dovecot-imapd dovecot-lmtpd dovecot-pop3d dovecot-submissiond iproute2 libcap2-bin libclang-rt-14-dev libgmock-dev
  ldap-utils libgtest-dev libsasl2-modules mandoc nginx openssl pamtester php-cli php-curl procps python3 python3-samba samba samba-ad-provision
  samba-dsdb-modules samba-vfs-modules sasl2-bin slapd socat systemd util-linux
  db-util libgdbm6 libicu72 libjansson4 libldap-2.5-0 libpcre3 libpq5 libsqlite3-0 libxml2)

say() { printf '%s\n' "== $*" >&2; }
die() { printf '%s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    return 1
  fi
}

# Runs apt-get so that no package starts a service: a test machine has no use for a web server on port 80.
install_quietly() (
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    trap 'as_root rm -f $policy' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
    as_root chmod 755 $policy
  fi
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"
)

# need_packages NAME...: installs what is missing, and nothing else; silent and without root when nothing is.
need_packages() {
  local have missing=() name
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p' || true)
  for name in "$@"; do
    grep -qxF -- "$name" <<<"$have" || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing ${missing[*]}"
  [ "$(id -u)" -eq 0 ] || command -v sudo >/dev/null ||
    die "these packages are missing; as root: apt-get install --no-install-recommends ${missing[*]}"
  install_quietly "${missing[@]}" >&2
}

# Compiler launchers, if ccache is there.
launchers() {
  if command -v ccache >/dev/null; then
    printf '%s\n' -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_C_COMPILER_LAUNCHER=ccache
  fi
}

# build_release: the program as it is shipped, in build/release, without the tests.
build_release() {
  local options
  mapfile -t options < <(launchers)
  cmake --preset release -DAUTHBROKER_TESTS=OFF "${options[@]}" >&2
  cmake --build build/release >&2
}

# believed DIR: would the broker believe files in DIR? It asks that nobody but root and we may write there, or rename a
# directory on the way (sticky directories are fine).
believed() {
  local dir mode owner
  dir=$(realpath -m -- "$1")
  while :; do
    if [ -e "$dir" ]; then
      read -r mode owner < <(stat -c '%a %u' -- "$dir")
      [ "$owner" -eq 0 ] || [ "$owner" -eq "$(id -u)" ] || return 1
      [ $((8#$mode & 8#022)) -eq 0 ] || [ $((8#$mode & 8#1000)) -ne 0 ] || return 1
    fi
    [ "$dir" = / ] && return 0
    dir=$(dirname -- "$dir")
  done
}
