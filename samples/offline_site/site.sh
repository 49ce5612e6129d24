# What the scripts of the site begin with: whose they are, where everything is.
HERE=$(dirname "$(readlink -f "$0")")
export OFFLINE_SITE="${OFFLINE_SITE:-/etc/offline-site}"

# Root becomes the account that the secrets belong to: no file of the site is ever root's by accident.
owner=$(stat -c %U "$OFFLINE_SITE/secrets.toml")
if [ "$(id -u)" = 0 ] && [ "$owner" != root ]; then
    exec runuser -u "$owner" -- "$0" "$@"
fi

set -a
. "$OFFLINE_SITE/site.env"
set +a
# restore.sh works on a database beside that of the site.
PGDATABASE=${OFFLINE_SITE_DATABASE:-$PGDATABASE}
PATH=$HERE/venv/bin:$PATH
umask 077
