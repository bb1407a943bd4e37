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

# The same engine without the desktop program around it takes half the processor time. Where it cannot be had (another
# distribution, no network, not root), Chromium itself will do.
if ! command -v chromium-headless-shell >/dev/null 2>&1 && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing chromium-headless-shell ..."
    apt="timeout 300 apt-get -qq -o Acquire::Retries=0 -o Acquire::http::Timeout=10 -o Acquire::https::Timeout=10"
    { timeout 60 $apt update && DEBIAN_FRONTEND=noninteractive $apt install -y --no-install-recommends chromium-headless-shell; } \
        >/dev/null 2>&1 || echo "Not there: the pages open in Chromium itself, which takes longer."
fi

# A test that hangs ends its run and shows where it stood.
PYTEST=".venv/bin/pytest -q --no-header -o faulthandler_timeout=900 -o faulthandler_exit_on_timeout=true"
reports=$(mktemp -d)
beside=""
# shellcheck disable=SC2086 # a list of numbers
trap '[ -z "$beside" ] || kill $beside 2>/dev/null; rm -rf "$reports"' EXIT
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

# told REPORT PID: what a run in the background said, once it ended; answers what it answered.
told() {
    code=0
    wait "$2" || code=$?
    cat "$reports/$1"
    return "$code"
}

# Five lines begin together, so that a processor which one leaves idle is another's. In each of their runs one process
# makes what is dear to make (imports, tables, kept rows) and shares it with all of its tests. Stories wait for real time
# now and then: everything else steps back for them (nice). Checks and units, which share nothing, fill what is left.

# in_turn COMMAND ...: one after the other, all whatever the others say; fails when one did.
in_turn() {
    code=0
    running=""
    trap '[ -z "$running" ] || kill "$running" 2>/dev/null; exit 130' TERM
    for command; do
        sh -c "exec $command" & running=$!
        wait "$running" || code=1
    done
    return "$code"
}

# aside REPORT COMMAND ...: runs it in the background.
aside() {
    report=$1
    shift
    "$@" >"$reports/$report" 2>&1 &
    beside="$beside $!"
}

# Those on SQLite that want a demo city share one.
SQLITE_STORIES="tests/e2e/test_honest_troubles.py tests/e2e/test_documents.py tests/e2e/test_pages_look.py"
# shellcheck disable=SC2086 # a list of words
aside sqlite-stories env ZHENXUE_TEST_DATABASE=sqlite $PYTEST $SQLITE_STORIES
sqlite_stories=$!
# shellcheck disable=SC2046,SC2086 # lists of words
aside postgres-stories env ZHENXUE_TEST_DATABASE=postgres $PYTEST tests/e2e $(printf -- '--ignore %s ' $SQLITE_STORIES)
postgres_stories=$!
# How a page looks and moves does not hang on the database: a browser tries that on SQLite below. The tests and their
# server take turns, some hundred thousand times: on one processor neither has to wake another up.
last=$(($(nproc 2>/dev/null || echo 1) - 1))
pinned=""
taskset -c "$last" true 2>/dev/null && pinned="taskset -c $last"
# shellcheck disable=SC2086 # lists of words
aside postgres env ZHENXUE_TEST_DATABASE=postgres $pinned nice -n 4 $PYTEST -m "not browser" \
    tests/integration tests/web tests/adversary
postgres=$!
aside checks in_turn "nice -n 10 sh scripts/check.sh" "env ZHENXUE_TEST_DATABASE=sqlite nice -n 15 $PYTEST tests/unit"
checks=$!
# shellcheck disable=SC2086 # a list of words
step "tests on SQLite" env ZHENXUE_TEST_DATABASE=sqlite nice -n 4 $PYTEST \
    tests/architecture tests/integration tests/web tests/adversary
step "checks, then units" told checks "$checks"
step "tests on PostgreSQL" told postgres "$postgres"
step "stories in a browser, sites on SQLite" told sqlite-stories "$sqlite_stories"
step "stories in a browser, sites on PostgreSQL" told postgres-stories "$postgres_stories"
beside=""

printf '\nWhole run: %s s. ' $(($(date +%s) - started))
if [ -n "$failed" ]; then
    echo "FAILED:$failed"
    exit 1
fi
echo "Everything passed."
