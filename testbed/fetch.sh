#!/usr/bin/env bash
# fetch.sh: bring into the cache what the bed runs on, once for all clones: Apache Kafka (Maven), our own Java classes,
# Python packages (pip) and the class data archive. Does nothing where all is there.
set -euo pipefail
. "$(dirname "$0")/env.sh"
for tool in java javac jar mvn python3 openssl; do
  command -v "$tool" > /dev/null || { echo "\`$tool\` is missing: run testbed/install.sh" >&2; exit 2; }
done
exec 9> "$CACHE/lock"; flock 9 # two clones may fetch at the same time

version() { cksum < "$HERE/pom.xml"; }
if [ "$(cat "$CACHE/fetched" 2>/dev/null)" != "$(version)" ]; then
  rm -rf "$CACHE/lib" "$CACHE/fetched" "$CACHE"/*.jsa
  mvn -q -B -f "$HERE/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$CACHE/lib"
  version > "$CACHE/fetched"
  echo "Kafka $KAFKA: $(ls "$CACHE/lib" | wc -l) jars, $(du -sm "$CACHE/lib" | cut -f1) MB"
fi
jars
if [ ! -f "$PLANTS" ]; then
  out=$(mktemp -d)
  javac -nowarn -cp "$CP" -d "$out" "$HERE"/java/testbed/*.java
  jar cf "$PLANTS.part" -C "$out" . && mv "$PLANTS.part" "$PLANTS"
  rm -rf "$out"
fi
if ! cmp -s "$HERE/requirements.txt" "$VENV/requirements.txt"; then
  rm -rf "$VENV"
  python3 -m venv "$VENV"
  "$VENV/bin/pip" install -q -r "$HERE/requirements.txt"
  cp "$HERE/requirements.txt" "$VENV/requirements.txt"
fi
[ -f "$ARCHIVE" ] || "$HERE/archive.sh"
