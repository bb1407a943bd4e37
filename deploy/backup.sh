#!/bin/sh
# Nightly backup: deploy/backup.sh FOLDER [how many to keep, 14 when left out]. The platform may keep running.
# Copy FOLDER to another machine afterwards; a backup on the same disk is none. Encrypted with ZHENXUE_BACKUP_KEY. Keys are not
# in it: keep them elsewhere, under lock (docs/how-to/keys.md).
set -eu
folder=${1:?"usage: backup.sh FOLDER [KEEP]"}
zhenxue=$(dirname "$0")/../.venv/bin/zhenxue
mkdir -p "$folder"
chmod 700 "$folder"
exec "$zhenxue" backup "$folder" --keep "${2:-14}"
