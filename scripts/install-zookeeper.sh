#!/usr/bin/env bash
# Installs ZooKeeper's jars and a Java to run them from the distribution's packages, unless they are there already.
# Not the package "zookeeper": it brings a whole desktop Java, and the tests start their own servers.
set -euo pipefail

[ -e /usr/share/java/zookeeper.jar ] && command -v java >/dev/null && exit 0

# Tests that need ZooKeeper are skipped without it, and say so: no reason to stop here.
if ! command -v apt-get >/dev/null; then
  echo "ZooKeeper is not installed, and its tests will be skipped: they look for zookeeper.jar and what it needs in /usr/share/java" >&2
  exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "ZooKeeper is not installed: apt-get install libzookeeper-java default-jre-headless, as root" >&2; exit 1; }
  as_root=(sudo)
fi

echo "installing ZooKeeper from the distribution" >&2
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends libzookeeper-java default-jre-headless >/dev/null
