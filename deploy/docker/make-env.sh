#!/bin/sh
# Writes .env for docker compose, with a fresh secret each; leaves one that is there as it is.
# Run in the repository's root: sh deploy/docker/make-env.sh
set -eu
umask 077
file="${1:-.env}"
if [ -e "$file" ]; then
  echo "$file is there already; delete it for new secrets (the database keeps the old password)." >&2
  exit 0
fi
# Starts with a letter: NATS reads a password of digits as a number.
secret() { printf 'n%s' "$(head -c 24 /dev/urandom | od -An -vtx1 | tr -d ' \n')"; }
{
  echo "POSTGRES_PASSWORD=$(secret)"
  echo "POSTGRES_API_PASSWORD=$(secret)"
  echo "POSTGRES_WORKER_PASSWORD=$(secret)"
  echo "POSTGRES_AGGREGATOR_PASSWORD=$(secret)"
  echo "NATS_API_PASSWORD=$(secret)"
  echo "NATS_WORKER_PASSWORD=$(secret)"
  echo "NATS_AGGREGATOR_PASSWORD=$(secret)"
  echo "NOETL_ENCRYPTION_KEY=$(head -c 32 /dev/urandom | base64 | tr -d '\n')"
  echo "NOETL_ADMIN_TOKEN=$(secret)"
  echo "GRAFANA_ADMIN_PASSWORD=$(secret)"
} > "$file"
echo "$file is written. The token for the api is NOETL_ADMIN_TOKEN in it." >&2
