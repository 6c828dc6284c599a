#!/usr/bin/env bash
# Makes the secrets that a deployment needs, each once: ./secrets.sh site | archive
set -euo pipefail
umask 077

cd "$(dirname "${BASH_SOURCE[0]}")"

random() {
  python3 -c 'import secrets; print(secrets.token_urlsafe(32), end="")'
}

# A secret that is there stays: a new root key would be another patient for every patient.
ensure() {
  [[ -e "$1" ]] || random >"$1"
}

users() {
  printf '{"RegisteredUsers": {"%s": "%s"}}\n' "$2" "$(<"$1/orthanc.password")" >"$1/orthanc-users.json"
}

case "${1:-}" in
  site)
    mkdir -p secrets/site
    for name in orthanc.password plugin.token operator.token archive.token; do
      ensure "secrets/site/$name"
    done
    [[ -e secrets/site/root.key ]] || head -c 32 /dev/urandom >secrets/site/root.key
    [[ -e secrets/site/site-keys.json ]] || : >secrets/site/site-keys.json
    users secrets/site gateway
    ;;
  archive)
    mkdir -p secrets/archive
    for name in orthanc.password postgres.password admin.token kuh.token; do
      ensure "secrets/archive/$name"
    done
    printf 'postgres:5432:kasari:kasari:%s\n' "$(<secrets/archive/postgres.password)" >secrets/archive/pgpass
    users secrets/archive harmonizer
    ;;
  *)
    echo "usage: $0 site|archive" >&2
    exit 2
    ;;
esac
