# shellcheck shell=bash
# What every script shares: where things are kept, how to speak, how to run something that takes long.
# Sourced, never run. Works with the bash 3.2 of macOS.
# shellcheck disable=SC2034 # its variables are for the scripts that source it

set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Everything that is set up for one user stands under this folder. Removing it is the way to start over.
cache="${XDG_CACHE_HOME:-$HOME/.cache}/lb502"
tools="$cache/tools"
venv="$cache/lab-venv"

# What belongs to this clone alone: logs of what was run, and stamps of what was built from what.
here="$root/.lb502"
logs="$here/logs"
mkdir -p "$tools/bin" "$logs"

# Cargo compiles in one folder for all clones, outside of them: dependencies are compiled once, and .cargo/rustc keeps
# our own crates of two clones apart. What comes out of it (the server, the page) stands in the clone that built it.
CARGO_BUILD_BUILD_DIR="${CARGO_BUILD_BUILD_DIR:-${CARGO_TARGET_DIR:-$cache/target}}"
case "$CARGO_BUILD_BUILD_DIR" in /*) ;; *) CARGO_BUILD_BUILD_DIR="$root/$CARGO_BUILD_BUILD_DIR" ;; esac
export CARGO_BUILD_BUILD_DIR
export CARGO_TARGET_DIR="$root/target"
export PATH="$tools/bin:$PATH"

# The server as `make run` builds it. The tests are told of it through LB502_BINARY.
binary="$CARGO_TARGET_DIR/release/lb502"

# In CI a lock file that no longer fits is an error; for a developer cargo brings it up to date.
locked=${CI:+--locked}

say() { printf 'lb502: %s\n' "$*"; }

fail() {
  printf 'lb502: %s\n' "$*" >&2
  exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

# need PROGRAM SENTENCE: stops with the sentence where the program is missing.
need() { have "$1" || fail "$2"; }

# alone NAME: waits until no other script of this user holds NAME, and holds it until this script ends.
alone() {
  local lock="$cache/$1.lock" holder nameless=0
  until mkdir "$lock" 2>/dev/null; do
    holder=$(cat "$lock/pid" 2>/dev/null || true)
    [ -n "$holder" ] || nameless=$((nameless + 1))
    # Its holder is gone, or died before it could sign.
    if [ "$nameless" -gt 5 ] || { [ -n "$holder" ] && ! kill -0 "$holder" 2>/dev/null; }; then
      rm -rf "$lock"
    else
      say "waiting for another build of the $1 (process ${holder:-starting})"
      sleep 2
    fi
  done
  printf '%s\n' "$$" >"$lock/pid"
  # shellcheck disable=SC2064 # the path is known now; at the end it is not
  trap "rm -rf '$lock'" EXIT
}

# checksums [FILE...]: sha256 of the files or of standard input, on Linux and macOS.
checksums() {
  if have sha256sum; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

# sha256 of standard input.
sha256() { checksums | cut -d ' ' -f 1; }

# fingerprint PATH...: one hash over the names and contents of all files under the paths.
fingerprint() {
  local files=() path
  while IFS= read -r path; do files+=("$path"); done < <(find "$@" -type f | LC_ALL=C sort)
  checksums "${files[@]}" | sha256
}

# How far a command has come, from the last line of its log: cargo's "312/467: names", or what it waits for.
progress_of() {
  tail -c 4000 "$1" | tr '\r' '\n' | grep -a . | tail -n 1 | sed -n \
    -e 's/.*] \([0-9][0-9]*\)\/\([0-9][0-9]*\): \(.*[^ ]\) *$/\1 of \2 crates, now \3, /p' \
    -e 's/.*Blocking waiting for file lock.*/waiting for another cargo, /p' || true
}

# slow LABEL COMMAND...: runs a command that takes long. Its output goes to a log; a line every 15 seconds says
# that it is at work and how far it is. Where it fails, the end of the log is shown and its status returned. A command
# that is meant to end otherwise than with 0 is called with ends_with=STATUS.
slow() {
  local label=$1 log="$logs/$1.log" started=$SECONDS status=0 ticker
  shift
  : >"$log"
  (
    # An interrupt does not reach this loop: it ends when the script is gone.
    while sleep 15 >/dev/null 2>&1 && kill -0 "$$" 2>/dev/null; do
      say "$label: $(progress_of "$log")$((SECONDS - started)) s"
    done
  ) &
  ticker=$!
  # cargo draws its bar into the log too: that is where the count comes from.
  CARGO_TERM_PROGRESS_WHEN=always CARGO_TERM_PROGRESS_WIDTH=100 "$@" >"$log" 2>&1 </dev/null || status=$?
  kill "$ticker" 2>/dev/null || true
  wait "$ticker" 2>/dev/null || true
  if [ "$status" -eq "${ends_with:-0}" ]; then
    status=0
    say "$label: done in $((SECONDS - started)) s"
  else
    tr '\r' '\n' <"$log" | grep -av '^ *Building \[' | tail -n 60 >&2 || true
    printf 'lb502: %s failed after %s s with status %s; the whole log is in %s\n' "$label" "$((SECONDS - started))" "$status" "$log" >&2
  fi
  return "$status"
}

# The folder of the machine's Postgres binaries: that of the setting, else the newest. The server looks in the same
# places (server/src/db/postgres/binaries.rs).
postgres_bin() {
  local folder major newest=0 found=""
  if [ -n "${LB502_POSTGRES_BIN:-}" ]; then set -- "$LB502_POSTGRES_BIN"; else
    set -- /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /opt/homebrew/opt/postgresql*/bin \
      /usr/local/opt/postgresql*/bin /Applications/Postgres.app/Contents/Versions/*/bin /usr/local/pgsql/bin \
      "$(dirname "$(command -v postgres || true)")"
  fi
  for folder in "$@"; do
    if [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ]; then
      major=$("$folder/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/')
      if [ "${major:-0}" -gt "$newest" ]; then newest=$major found=$folder; fi
    fi
  done
  [ -n "$found" ] && printf '%s\n' "$found"
}

# install_with_apt PACKAGE WHY: as root on a machine with apt, says what it installs and does it.
# Returns 1 where it cannot, so that the caller can say what is missing.
install_with_apt() {
  if ! have apt-get || [ "$(id -u)" -ne 0 ]; then return 1; fi
  say "$2: installing the system package $1 with apt-get"
  slow "apt-$1" install_package "$1"
}

install_package() {
  DEBIAN_FRONTEND=noninteractive apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "$1"
}

# ready_for_tests: sets up and builds what tests against the real binary need, and tells them where it is.
# They bring their own AWS and their own Postgres, and must not find those of the person who runs them.
ready_for_tests() {
  local name
  unset DATABASE_URL
  for name in $(env | sed -n 's/^\(AWS_[A-Za-z0-9_]*\)=.*/\1/p'); do unset "$name"; done

  scripts/setup/programs
  scripts/setup/postgres
  scripts/setup/lab
  scripts/setup/e2e
  CHROMIUM=$(scripts/setup/chromium | tail -n 1)
  scripts/build

  export CHROMIUM
  export LB502_LAB_PYTHON="$venv/bin/python"
  export LB502_BINARY="$binary"
}
