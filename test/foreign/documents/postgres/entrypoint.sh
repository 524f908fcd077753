#!/bin/sh
# What the official image does at its start, as far as document 002 needs it.
set -eu
umask 077
server="setpriv --reuid=999 --regid=999 --clear-groups"
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
chown 999:999 "$PGDATA" /var/run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "${POSTGRES_PASSWORD:-}" ]; then
    echo 'Error: Database is uninitialized and superuser password is not specified.' >&2
    exit 1
  fi
  printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
  chown 999:999 /tmp/password
  $server initdb -D "$PGDATA" --username=postgres --pwfile=/tmp/password --auth-local=trust \
    --auth-host=scram-sha-256 > /dev/null
  rm /tmp/password
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
fi
exec $server "$@" -c listen_addresses='*'
