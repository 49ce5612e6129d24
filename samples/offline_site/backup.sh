#!/bin/sh
# Writes a backup of the database into $BACKUPS, and a copy of the sealing keys into $KEY_COPIES.
# The name of a backup ends with that of the keys that open it: authz-<time>-<keys>.dump, secrets-<keys>.toml.
set -eu
. "$(dirname "$(readlink -f "$0")")/site.sh"

exec 9>"$BACKUPS/.lock"
flock --nonblock 9 || { echo "A backup is being written already." >&2; exit 1; }

secrets=$OFFLINE_SITE/secrets.toml
keys=$(sha256sum "$secrets" | cut -c 1-12)
backup=$BACKUPS/authz-$(date -u +%Y%m%dT%H%M%SZ)-$keys.dump
partial=$BACKUPS/.partial
copy=$KEY_COPIES/secrets-$keys.toml
trap 'exit 130' HUP INT TERM
trap 'rm -f "$partial" "$KEY_COPIES/.partial"' EXIT

pg_dump --format=custom --no-owner --no-privileges --file="$partial"
# Read to its end, before an older one goes for it.
pg_restore --file=/dev/null "$partial"
sync "$partial"

# Never deleted: an old backup needs old keys.
if [ ! -e "$copy" ]; then
    cp "$secrets" "$KEY_COPIES/.partial"
    sync "$KEY_COPIES/.partial"
    mv "$KEY_COPIES/.partial" "$copy"
fi
mv "$partial" "$backup"
sync "$BACKUPS" "$KEY_COPIES"

ls "$BACKUPS" | grep '^authz-.*\.dump$' | sort | head -n "-$KEEP" | while read -r old; do
    rm "$BACKUPS/$old"
done
echo "$backup"
