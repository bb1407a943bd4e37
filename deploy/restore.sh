#!/bin/sh
# Put a backup back: stop the platform, then deploy/restore.sh FOLDER/20260101T023000Z [--overwrite] [--checkpoint FILE].
# Refuses what is damaged and what lacks entries that FILE (a witness's head) has; see docs/how-to/backup.md.
# Ends with a check of the whole evidence log: what it says is the proof that the restore is true.
set -eu
folder=${1:?"usage: restore.sh BACKUP [--overwrite] [--checkpoint FILE]"}
shift
zhenxue=$(dirname "$0")/../.venv/bin/zhenxue
"$zhenxue" restore "$folder" "$@"
"$zhenxue" verify
