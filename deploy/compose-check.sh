#!/bin/sh
# Runs docker-compose.yml for real without a Docker engine: Debian, as root. `python` is the
# first argument; what is built is kept in COMPOSE_CHECK_DIR for the next time.
set -eu
cd "$(dirname "$0")/.."
python=$1
store=${COMPOSE_CHECK_DIR:-/var/tmp/compose-check}

if [ "$(id -u)" -ne 0 ]; then
    echo "make compose-check needs root: it makes namespaces and mounts." >&2
    exit 1
fi
sh deploy/system.sh
packages=""
want() { # program package
    command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}
want buildah buildah
want crun crun
want debootstrap debootstrap
want ip iproute2
want redis-cli redis-tools
want wget wget
if [ -n "$packages" ]; then
    # shellcheck disable=SC2086 - a list of words
    DEBIAN_FRONTEND=noninteractive apt-get install --quiet=2 --yes --no-install-recommends $packages
fi

"$python" -m tests.compose build "$store"
# No process, mount or address of it is left behind, however it ends.
exec unshare --net --mount --pid --fork --kill-child --mount-proc \
    "$python" -m tests.compose run "$store"
