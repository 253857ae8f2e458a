#!/bin/sh
# What a container starts with: secrets come as files and become what Prefect reads.
set -eu

secrets=${SECRETS:-/run/secrets}

if [ -r "$secrets/prefect_auth" ]; then
  PREFECT_API_AUTH_STRING=$(cat "$secrets/prefect_auth")
  export PREFECT_API_AUTH_STRING PREFECT_SERVER_API_AUTH_STRING="$PREFECT_API_AUTH_STRING"
fi
if [ -r "$secrets/database_password" ]; then
  PREFECT_API_DATABASE_CONNECTION_URL="postgresql+asyncpg://prefect:$(cat "$secrets/database_password")@database:5432/prefect"
  export PREFECT_API_DATABASE_CONNECTION_URL
fi
exec "$@"
