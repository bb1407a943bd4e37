#!/bin/sh
# Put a backup back: stop the platform, then deploy/restore.sh FOLDER/20260101T023000Z [--overwrite].
# Ends with a check of the whole evidence log: what it says is the proof that the restore is true.
set -eu
folder=${1:?"usage: restore.sh BACKUP [--overwrite]"}
shift
zhenxue=$(dirname "$0")/../.venv/bin/zhenxue
"$zhenxue" restore "$folder" "$@"
exec "$zhenxue" verify
