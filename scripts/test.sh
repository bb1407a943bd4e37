#!/bin/sh
# Every check and every test: SQLite, then PostgreSQL, then whole stories in Chromium, then those who try to cheat.
set -u
cd "$(dirname "$0")/.."
started=$(date +%s)
failed=""

# --- what the tests need from the system ---
missing=""
command -v chromium >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 \
    || missing="$missing chromium"
command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -n "$(fc-list :lang=zh 2>/dev/null | head -n 1)" ] || missing="$missing fonts-noto-cjk"
if [ -n "$missing" ]; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        echo "Installing$missing ..."
        # The tests start a PostgreSQL of their own: keep Debian from starting one.
        mkdir -p /etc/postgresql-common && [ -f /etc/postgresql-common/createcluster.conf ] \
            || echo "create_main_cluster = false" >/etc/postgresql-common/createcluster.conf
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -qq --no-install-recommends fontconfig $missing >/dev/null || exit 1
    else
        echo "The tests need$missing. Please run:   sudo apt-get install$missing   and try again." >&2
        exit 1
    fi
fi

step() {
    name=$1
    shift
    begun=$(date +%s)
    printf '\n== %s\n' "$name"
    if "$@"; then
        printf '== %s: ok, %s s\n' "$name" $(($(date +%s) - begun))
    else
        printf '== %s: FAILED, %s s\n' "$name" $(($(date +%s) - begun))
        failed="$failed $name;"
    fi
}

# A folder without tests yet answers 5 ("no tests collected"): that is no failure.
tests() {
    code=0
    .venv/bin/pytest -q --no-header "$@" || code=$?
    [ "$code" = 5 ] && code=0
    return "$code"
}

step "checks" sh scripts/check.sh
step "tests on SQLite" tests -n 2 tests/architecture tests/unit tests/integration tests/web
ZHENXUE_TEST_DATABASE=postgres
export ZHENXUE_TEST_DATABASE
step "integration tests on PostgreSQL" tests -n 2 tests/integration
unset ZHENXUE_TEST_DATABASE
# Stories wait for real time most of the while, so two runs go side by side; those that share the city stay together.
pages=$(mktemp)
tests tests/e2e/test_honest_troubles.py tests/e2e/test_pages_look.py >"$pages" 2>&1 &
pages_run=$!
step "stories in a browser, and those who cheat" tests --ignore tests/e2e/test_honest_troubles.py \
    --ignore tests/e2e/test_pages_look.py tests/e2e tests/adversary
look() { wait "$pages_run"; code=$?; cat "$pages"; rm -f "$pages"; return "$code"; }
step "honest troubles, and a look at every page" look

printf '\nWhole run: %s s. ' $(($(date +%s) - started))
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "Everything passed."
