#!/usr/bin/env bash
# install-from-distribution.sh <name> <probe> <package>...
# Installs packages of the distribution, unless the probe, a line of shell, says that what they bring is there.
set -euo pipefail

name=$1 probe=$2
shift 2

fail() {
  echo "$name is not installed: $1" >&2
  exit 1
}

bash -c "$probe" >/dev/null && exit 0
command -v apt-get >/dev/null || fail "there is no apt-get here; bring what this looks for: $probe"

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || fail "apt-get install $*, as root"
  as_root=(sudo)
fi

echo "installing $name from the distribution" >&2
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
