#!/bin/sh
# Makes the certificates of this folder anew: a CA that signs a server and a client, and one nobody trusts. Valid 100 years.
set -eu
cd "$(dirname "$0")"
days=36500

authority() { # name
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days $days -subj "/CN=$1" \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1.key" -out "$1.pem"
}

signed() { # name, authority, extended key usage, subject alternative names
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=%s\nsubjectAltName=%s\n' "$3" "$4" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -days $days -extfile "$1.ext" -out "$1.pem"
}

authority ca
authority stranger-ca
signed server ca serverAuth DNS:localhost,DNS:orders.test,IP:127.0.0.1
signed client ca clientAuth DNS:client.test
signed stranger stranger-ca clientAuth DNS:stranger.test
rm -f ./*.csr ./*.ext ./*.srl ca.key stranger-ca.key
