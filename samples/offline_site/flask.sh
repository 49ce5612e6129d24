#!/bin/sh
# Flask's command line for this site: flask.sh authz check, flask.sh site --help
set -eu
. "$(dirname "$(readlink -f "$0")")/site.sh"
exec flask --app "$HERE/site_app.py" "$@"
