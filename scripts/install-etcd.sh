#!/usr/bin/env bash
# Installs etcd from the distribution's packages, unless there is one already.
set -euo pipefail

command -v etcd >/dev/null && command -v etcdctl >/dev/null && exit 0

if ! command -v apt-get >/dev/null; then
  echo "etcd is not installed: put etcd and etcdctl on the PATH (https://etcd.io/docs/latest/install/)" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "etcd is not installed: apt-get install etcd-server etcd-client, as root" >&2; exit 1; }
  as_root=(sudo)
fi

echo "installing etcd from the distribution" >&2
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq etcd-server etcd-client >/dev/null
