#!/bin/sh
# Every check and every test, those that touch a database on SQLite and on PostgreSQL, beside whole stories in Chromium.
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

# A test that hangs ends its run and shows where it stood.
PYTEST=".venv/bin/pytest -q --no-header -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true"
reports=$(mktemp -d)
beside=""
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null; rm -rf "$reports"' EXIT
trap 'exit 130' INT TERM

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

# told_by NUMBER FILE: waits for a run beside; says what it said, and answers what it answered.
told_by() {
    code=0
    wait "$1" || code=$?
    cat "$reports/$2"
    return "$code"
}

# Two processors are busy with one line of stories, which wait for real time now and then, and two workers of a suite, which
# step back for them (nice). Stories go beside the suite on the same database; those of one run share a demo city.
SQLITE_STORIES="tests/e2e/test_honest_troubles.py tests/e2e/test_documents.py tests/e2e/test_pages_look.py"
# shellcheck disable=SC2086 # lists of words
{
    env ZHENXUE_TEST_DATABASE=sqlite $PYTEST $SQLITE_STORIES >"$reports/sqlite" 2>&1 &
    beside=$!
    step "checks" sh scripts/check.sh
    step "tests on SQLite" nice -n 5 env ZHENXUE_TEST_DATABASE=sqlite $PYTEST -n 2 \
        tests/architecture tests/unit tests/integration tests/web tests/adversary
    step "stories in a browser, sites on SQLite" told_by "$beside" sqlite

    env ZHENXUE_TEST_DATABASE=postgres $PYTEST tests/e2e $(printf -- '--ignore %s ' $SQLITE_STORIES) >"$reports/postgres" 2>&1 &
    beside=$!
    # How a page looks and moves does not hang on the database: a browser tried that on SQLite above.
    step "tests on PostgreSQL" nice -n 5 env ZHENXUE_TEST_DATABASE=postgres $PYTEST -n 2 -m "not browser" \
        tests/integration tests/web tests/adversary
    step "stories in a browser, sites on PostgreSQL" told_by "$beside" postgres
}
beside=""

printf '\nWhole run: %s s. ' $(($(date +%s) - started))
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "Everything passed."
