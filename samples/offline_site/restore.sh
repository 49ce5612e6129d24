#!/bin/sh
# restore.sh FILE           puts the backup in the place of the site's database; the site has to be stopped
# restore.sh --check FILE   restores it beside the site's database, looks whether it would do, and drops it
#
# What the site had is kept under another name. Nothing of the site is changed before everything has worked.
set -eu
. "$(dirname "$(readlink -f "$0")")/site.sh"

checking=
[ "${1:-}" != --check ] || { checking=yes; shift; }
[ $# = 1 ] || { sed -n '2,3s/^# //p' "$0" >&2; exit 2; }
backup=$1
site=$PGDATABASE
stamp=$(date -u +%Y%m%dt%H%M%Sz)
restored=${site}_restored_$stamp
before=${site}_before_$stamp

sql() {
    psql --dbname=postgres --no-psqlrc --quiet --tuples-only --no-align -v ON_ERROR_STOP=1 \
        -v site="$site" -v restored="$restored" -v before="$before"
}

if [ -z "$checking" ] && [ "$(echo "SELECT count(*) FROM pg_stat_activity WHERE datname = :'site'" | sql)" != 0 ]; then
    echo "The database is in use: stop the site first." >&2
    exit 1
fi

trap 'exit 130' HUP INT TERM
trap 'dropdb --if-exists "$restored"' EXIT
createdb --template=template0 "$restored"
pg_restore --exit-on-error --single-transaction --no-owner --no-privileges --dbname="$restored" "$backup"

export OFFLINE_SITE_DATABASE="$restored"
# Migrates it, and fails if the sealing keys are not those that it was sealed with.
"$HERE/flask.sh" authz upgrade
# Revoked tokens and used codes came back to life.
"$HERE/flask.sh" site sign-out-everyone
"$HERE/flask.sh" authz check || echo "The site starts all the same; see above."

if [ -n "$checking" ]; then
    echo "$backup can be restored."
    exit
fi
# Both names in one transaction; PostgreSQL refuses while anybody uses either.
sql <<'SQL'
BEGIN;
ALTER DATABASE :"site" RENAME TO :"before";
ALTER DATABASE :"restored" RENAME TO :"site";
COMMIT;
SQL
trap - EXIT
echo "Restored. What the site had is in the database $before until you drop it."
