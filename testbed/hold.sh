#!/usr/bin/env bash
# hold.sh: the cluster for as long as standard input stays open. A test run starts this and keeps the other end of the
# pipe: however that process ends, kill -9 included, the pipe closes and everything of the bed is ended.
# Prints `ready` once. One run per bed folder at a time: a second one waits until the first is gone.
set -euo pipefail
. "$(dirname "$0")/env.sh"
exec 9> "$BED/lock"; flock 9
trap 'sweep' EXIT
trap 'exit 1' INT TERM HUP
"$HERE/fetch.sh" 9>&- >&2
KAFKAWEAVE_BED_HELD=1 "$HERE/cluster.sh" up >&2
echo ready
exec >&- # the reader may be gone
while read -r _; do :; done
