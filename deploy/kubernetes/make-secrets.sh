#!/bin/sh
# Prints the secrets that the manifests refer to, with fresh values; nothing is written anywhere.
#   sh deploy/kubernetes/make-secrets.sh dev | kubectl apply -f -
#   DATABASE_HOST=db.example.com NOETL_DB_PASSWORD=… sh deploy/kubernetes/make-secrets.sh prod | kubectl apply -f -
# prod: PostgreSQL has the role noetl, owner of the database, which may make roles; NATS has the accounts of
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

# Of the logins that the migration makes.
api="$(fresh)" worker="$(fresh)" aggregator="$(fresh)" reader="${KEDA_DB_PASSWORD:-$(fresh)}"
database() { # of the owner, where the migration connects; then host and path for each kind of process
  secret noetl-database migrate-url "$1" api-url "postgres://noetl_api_login:$api@$2" \
    worker-url "postgres://noetl_worker_login:$worker@$3" \
    aggregator-url "postgres://noetl_aggregator_login:$aggregator@$4" \
    api-password "$api" worker-password "$worker" aggregator-password "$aggregator" reader-password "$reader"
}

case "$kind" in
  dev)
    password="$(fresh)"
    secret noetl-postgres password "$password"
    database "postgres://noetl:$password@postgres:5432/noetl" postgres:5432/noetl postgres:5432/noetl postgres:5432/noetl
    ;;
  prod)
    host="${DATABASE_HOST:?the host of PostgreSQL}"
    password="${NOETL_DB_PASSWORD:?the password of the role noetl}"
    database "postgres://noetl:$password@postgres:5432/noetl?sslmode=require&uselibpqcompat=true" \
      pgbouncer:6432/noetl_api pgbouncer:6432/noetl_worker pgbouncer:6432/noetl_aggregator
    secret noetl-pgbouncer userlist.txt "\"noetl_api_login\" \"$api\"
    \"noetl_worker_login\" \"$worker\"
    \"noetl_aggregator_login\" \"$aggregator\""
    secret noetl-keda connection "postgresql://noetl_reader_login:$reader@$host:5432/noetl?sslmode=require"
    ;;
  *)
    echo "Usage: sh deploy/kubernetes/make-secrets.sh dev|prod" >&2
    exit 2
    ;;
esac
secret noetl-nats api-password "$(fresh)" worker-password "$(fresh)" aggregator-password "$(fresh)"
secret noetl-keys admin-token "$(fresh)" encryption-key "$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
