#!/bin/sh
# Format, lint, types, borders, migrations, diagrams, TypeScript: everything that is not a test. Runs all, fails at the end.
set -u
cd "$(dirname "$0")/.."
failed=""

step() {
    name=$1
    shift
    if output=$("$@" 2>&1); then
        printf '  ok      %s\n' "$name"
    else
        printf '%s\n  FAILED  %s\n' "$output" "$name"
        failed="$failed $name,"
    fi
}

NODE=$(.venv/bin/python scripts/node.py)
data=$(mktemp -d)
trap 'rm -rf "$data"' EXIT
export ZHENXUE_DATA_FOLDER="$data"

step format .venv/bin/ruff format --check .
step lint .venv/bin/ruff check .
step types .venv/bin/mypy
step borders .venv/bin/lint-imports --no-cache
step migrations .venv/bin/zhenxue makemigrations --check --dry-run
step diagrams .venv/bin/python -m scripts.state_diagrams --check
step signals .venv/bin/python -m scripts.signal_rules --check
step system .venv/bin/zhenxue check --fail-level WARNING
step typescript "$NODE" node_modules/typescript/bin/tsc --noEmit

[ -z "$failed" ] || { printf 'Failed:%s see above.\n' "$failed"; exit 1; }
