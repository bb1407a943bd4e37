#!/bin/sh
# Makes .tools/ (uv) and .venv/ (everything else, the built front end included) from a Python 3.11 or newer.
# Does nothing, and needs no network, when both are up to date.
set -eu
cd "$(dirname "$0")/.."
UV_VERSION=0.13.9
TOOLS=.tools/uv-$UV_VERSION
UV=$TOOLS/bin/uv

say() { printf '%s\n' "$*" >&2; }

find_python() {
    for candidate in python3 /usr/bin/python3 python3.14 python3.13 python3.12 python3.11; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            echo "$candidate"
            return
        fi
    done
    say "Python 3.11 or newer is needed, and none was found: apt-get install python3 python3-venv"
    exit 1
}

install_uv() {
    python=$(find_python)
    rm -rf "$TOOLS"
    mkdir -p .tools
    if "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        "$python" -m venv "$TOOLS"
        "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    elif "$python" -m pip --version >/dev/null 2>&1; then
        "$python" -m pip install --quiet --disable-pip-version-check --target "$TOOLS" "uv==$UV_VERSION"
    elif [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
        say "Python has neither venv nor pip; installing python3-venv"
        apt-get update -qq
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
        /usr/bin/python3 -m venv "$TOOLS"
        "$TOOLS/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
    else
        say "Python has neither venv nor pip. Please run: sudo apt-get install python3-venv   and try again."
        exit 1
    fi
}

if ! "$UV" --version >/dev/null 2>&1; then
    say "Setting up uv $UV_VERSION ..."
    install_uv
fi

unset VIRTUAL_ENV PYTHONHOME

# The interpreter: the one the environment was made with; else 3.13 (.python-version), else any other that fits, so that
# a Python is only fetched where none is there. One that was built without its optimisations takes half as long again
# for everything: on a Debian 12, whose own is too old, Debian 13's is taken then, where it can be had.
WANTED=">=3.12,<3.15"
BESIDE=.tools/python-3.13
found() {
    "$UV" python find --no-python-downloads --no-project "$1" 2>/dev/null
}
quick() {
    "$1" -c 'import sys, sysconfig
ours = sys.base_prefix == "/usr" or "--enable-optimizations" in str(sysconfig.get_config_var("CONFIG_ARGS"))
sys.exit(not ours)' 2>/dev/null
}
if [ -z "${UV_PYTHON:-}" ]; then
    if [ -x .venv/bin/python ]; then
        UV_PYTHON=$(sed -n 's/^version_info *= *\([0-9]*\.[0-9]*\).*/\1/p' .venv/pyvenv.cfg)
    else
        UV_PYTHON=$(found "$(cat .python-version)" || found "$WANTED" || true)
        if ! quick "$UV_PYTHON"; then
            [ -d "$BESIDE" ] || say "Looking for Debian's Python 3.13 ..."
            UV_PYTHON=$(sh scripts/debian_python.sh "$BESIDE" "$UV" || echo "$UV_PYTHON")
        fi
    fi
    [ -n "${UV_PYTHON:-}" ] && export UV_PYTHON || unset UV_PYTHON
fi
# Without the network first: fast, and all that is needed unless the lock file has changed.
sync() {
    { [ -x .venv/bin/python ] && "$UV" sync --quiet --locked --offline "$@" 2>/dev/null; } || "$UV" sync --quiet --locked "$@"
}
if ! sync; then
    if [ ! -x .venv/bin/python ]; then
        say "If Python itself could not be downloaded: install Python 3.12, 3.13 or 3.14 by any means (a distribution's"
        say "package, pyenv, conda) or name a mirror in UV_PYTHON_INSTALL_MIRROR, and try again."
    fi
    exit 1
fi
# The built front end is not part of what uv looks at: build it again when it was removed.
if [ ! -f src/zhenxue/kernel/static/built/manifest.json ]; then
    sync --reinstall-package zhenxue
fi
