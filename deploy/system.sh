#!/bin/sh
# Installs the programs that the tests run for themselves: Debian, as root. None of them is
# left running, and what is there already is not touched.
set -eu

packages=""
want() { # program package
    command -v "$1" >/dev/null 2>&1 || packages="$packages $2"
}
want chromium chromium
want curl curl
want dot graphviz
want nginx nginx
want node nodejs
want npm npm
want rabbitmq-server rabbitmq-server
want redis-server redis-server
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || packages="$packages postgresql"

if [ -z "$packages" ]; then
    echo "Every program is there."
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "make system needs root on Debian; here, install by other means:$packages" >&2
    exit 1
fi

# Debian starts a service as it installs it; 101 is "not allowed".
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update --quiet=2
# shellcheck disable=SC2086 - a list of words
apt-get install --quiet=2 --yes --no-install-recommends $packages >/dev/null
