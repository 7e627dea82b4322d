#!/bin/sh
# Runs once, when the database is made: the login of the gateways, which owns nothing.
# `gateway migrate --serve-as gateway` gives it what it needs, and of the ledger only to read and to add.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" --set=password="$SERVING_PASSWORD" <<'SQL'
CREATE ROLE gateway LOGIN PASSWORD :'password';
SQL
