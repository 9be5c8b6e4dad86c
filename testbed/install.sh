#!/usr/bin/env bash
# install.sh: what the test bed needs from the system. As root on a system with apt it installs what is missing;
# elsewhere it says what to install.
set -euo pipefail
missing=()
need() { command -v "$1" > /dev/null || missing+=("$2"); } # COMMAND PACKAGE
java=$(javac -version 2>&1 | sed -n 's/^javac \([0-9]*\).*/\1/p')
[ "${java:-0}" -ge 17 ] || missing+=(openjdk-17-jdk-headless) # Kafka 4 needs 17 or later
need mvn maven
need kcat kcat
need openssl openssl
need python3 python3
python3 -c 'import venv, ensurepip' 2> /dev/null || missing+=(python3-venv)
need flock util-linux
need cc build-essential   # the Rust crates with C inside
need make build-essential
need cmake cmake
need pkg-config pkg-config
[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev) # else it is built from source, which costs minutes
[ ${#missing[@]} -gt 0 ] || exit 0
mapfile -t missing < <(printf '%s\n' "${missing[@]}" | sort -u)
if [ "$(id -u)" = 0 ] && command -v apt-get > /dev/null; then
  echo "installing: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" > /dev/null
else
  echo "please install (Debian's names): ${missing[*]}" >&2
  exit 2
fi
