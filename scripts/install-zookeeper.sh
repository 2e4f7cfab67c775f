#!/usr/bin/env bash
# Installs ZooKeeper's jars and a Java to run them from the distribution's packages, unless they are there already.
# Not the package "zookeeper": it brings a whole desktop Java, and the tests start their own servers.
set -euo pipefail

[ -e /usr/share/java/zookeeper.jar ] && command -v java >/dev/null && exit 0

if ! command -v apt-get >/dev/null; then
  echo "ZooKeeper is not installed: put zookeeper.jar and the jars it needs into /usr/share/java, and java on the PATH" >&2
  exit 1
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "ZooKeeper is not installed: apt-get install libzookeeper-java default-jre-headless, as root" >&2; exit 1; }
  as_root=(sudo)
fi

echo "installing ZooKeeper from the distribution" >&2
"${as_root[@]}" apt-get update -qq
DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y -qq --no-install-recommends libzookeeper-java default-jre-headless >/dev/null
