#!/bin/sh
# Prepares this folder for `make`. What it cannot do itself it says in one line that can be typed.
#   setup.sh packages EXTRA    .venv with the pinned packages of the project and of its extra
#   setup.sh offscreen         the system libraries that Qt needs without a display
#   setup.sh window            those that it needs for a window, and a display
set -eu
cd "$(dirname "$0")/.."

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

# Install Debian packages as root, or say what to type. $1: what is missing; the rest: packages.
need() {
    missing=$1
    shift
    command -v apt-get >/dev/null 2>&1 || fail "$missing missing. On Debian and Ubuntu it is in: $*. Install it and try again."
    [ "$(id -u)" -eq 0 ] || fail "$missing missing. Type: sudo apt-get install -y $*"
    echo "Installing $* ..."
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update -q && apt-get install -y -q --no-install-recommends "$@"; } >&2 ||
        fail "apt-get could not install $*. Look at its message above, mend that, and try again."
}

find_python() {
    for candidate in python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "Layerloom needs Python 3.11 or newer, and there is none. Install it (on Debian: sudo apt-get install -y python3 python3-venv) and try again."
}

make_venv() {
    .venv/bin/python -m pip --version >/dev/null 2>&1 && return
    python=$(find_python)
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        need "Python's venv module is" "$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    rm -rf .venv
    "$python" -m venv .venv || fail "$python could not make the folder .venv here. Look at its message above."
}

packages() {
    make_venv
    echo "Installing packages into .venv; the first time this takes some minutes ..."
    .venv/bin/python -m pip install --disable-pip-version-check -q -c constraints.txt -e ".[$1]" ||
        fail "pip could not install the packages. Look at its message above, check the network, and try again."
}

# The Debian packages of those libraries, given as library:package, that cannot be loaded.
not_loadable() {
    .venv/bin/python - "$@" <<'PYTHON'
import ctypes
import sys

for pair in sys.argv[1:]:
    library, package = pair.split(":")
    try:
        ctypes.CDLL(library)
    except OSError:
        print(package)
PYTHON
}

libraries() {
    [ "$(uname)" = Linux ] || return 0
    missing=$(not_loadable "$@")
    # shellcheck disable=SC2086
    [ -z "$missing" ] || need "System libraries that Qt needs are" $missing
}

OFFSCREEN="libglib-2.0.so.0:libglib2.0-0 libGL.so.1:libgl1 libEGL.so.1:libegl1 libxkbcommon.so.0:libxkbcommon0
    libfontconfig.so.1:libfontconfig1 libdbus-1.so.3:libdbus-1-3"
X11="libxcb-cursor.so.0:libxcb-cursor0 libxcb-icccm.so.4:libxcb-icccm4 libxcb-keysyms.so.1:libxcb-keysyms1
    libxcb-shape.so.0:libxcb-shape0 libxcb-xkb.so.1:libxcb-xkb1 libxkbcommon-x11.so.0:libxkbcommon-x11-0"

display() {
    [ "$(uname)" = Linux ] || return 0
    [ -n "${DISPLAY:-}${WAYLAND_DISPLAY:-}${QT_QPA_PLATFORM:-}" ] ||
        fail "There is no display here, so no window can open. On a desktop it can; without one, type: .venv/bin/python main.py --help"
}

# shellcheck disable=SC2086
case "${1:-}" in
    packages) packages "$2" ;;
    offscreen) libraries $OFFSCREEN ;;
    window) display && libraries $OFFSCREEN $X11 ;;
    *) fail "setup.sh: packages EXTRA, offscreen or window" ;;
esac
