#!/bin/sh
# Prints the secrets that the manifests refer to, with fresh values; nothing is written anywhere.
#   sh deploy/kubernetes/make-secrets.sh dev | kubectl apply -f -
#   DATABASE_HOST=db.example.com NOETL_DB_PASSWORD=… sh deploy/kubernetes/make-secrets.sh prod | kubectl apply -f -
# prod: PostgreSQL has the roles noetl (owner of the database) and keda (may read); NATS has the accounts of
# deploy/nats/nats.conf, with the passwords that this prints.
set -eu
kind="${1:-}"
# Starts with a letter: NATS reads a password of digits as a number.
fresh() { printf 'n%s' "$(head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n')"; }
secret() { # name, then pairs of key and value
  printf -- '---\napiVersion: v1\nkind: Secret\nmetadata: { name: %s, namespace: noetl }\nstringData:\n' "$1"
  shift
  while [ $# -gt 0 ]; do
    printf '  %s: |-\n    %s\n' "$1" "$2"
    shift 2
  done
}

case "$kind" in
  dev)
    password="$(fresh)"
    url="postgres://noetl:$password@postgres:5432/noetl"
    secret noetl-postgres password "$password"
    secret noetl-database api-url "$url" worker-url "$url" aggregator-url "$url" migrate-url "$url"
    ;;
  prod)
    host="${DATABASE_HOST:?the host of PostgreSQL}"
    password="${NOETL_DB_PASSWORD:?the password of the role noetl}"
    keda="${KEDA_DB_PASSWORD:-$(fresh)}"
    pooled="postgres://noetl:$password@pgbouncer:6432"
    secret noetl-database api-url "$pooled/noetl_api" worker-url "$pooled/noetl_worker" \
      aggregator-url "$pooled/noetl_aggregator" \
      migrate-url "postgres://noetl:$password@postgres:5432/noetl?sslmode=require&uselibpqcompat=true"
    secret noetl-pgbouncer userlist.txt "\"noetl\" \"$password\""
    secret noetl-keda connection "postgresql://keda:$keda@$host:5432/noetl?sslmode=require"
    ;;
  *)
    echo "Usage: sh deploy/kubernetes/make-secrets.sh dev|prod" >&2
    exit 2
    ;;
esac
secret noetl-nats api-password "$(fresh)" worker-password "$(fresh)" aggregator-password "$(fresh)"
secret noetl-keys admin-token "$(fresh)" encryption-key "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
