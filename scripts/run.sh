#!/bin/sh
# Prepares the data folder and serves; settings may stand in .env (see .env.example).
set -eu
cd "$(dirname "$0")/.."
if [ -f .env ]; then
    set -a
    . ./.env
    set +a
fi
exec .venv/bin/zhenxue serve --demo --host "${ADDRESS:-127.0.0.1}" --port "${PORT:-8000}"
