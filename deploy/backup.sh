#!/bin/sh
# Nightly backup: deploy/backup.sh FOLDER [how many to keep, 14 when left out]. The platform may keep running.
# Copy FOLDER to another machine afterwards; a backup on the same disk is none. Secrets given by the environment are not
# in it: keep /etc/zhenxue/production.env elsewhere, under lock.
set -eu
folder=${1:?"usage: backup.sh FOLDER [KEEP]"}
zhenxue=$(dirname "$0")/../.venv/bin/zhenxue
mkdir -p "$folder"
chmod 700 "$folder"
exec "$zhenxue" backup "$folder" --keep "${2:-14}"
