#!/usr/bin/env bash
# Builds kafkaweave and asks it, through MCP on standard input and output, for the topics and the lag
# of the in-memory sandbox cluster. Needs bash, a Rust toolchain and a C compiler.
# KAFKAWEAVE_BINARY=PATH asks that binary and builds nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

binary=${KAFKAWEAVE_BINARY:-}
if [ -z "$binary" ]; then
  cargo build --locked --release
  binary=${CARGO_TARGET_DIR:-target}/release/kafkaweave
fi

coproc SERVER { exec "$binary" serve --sandbox --log error; }
server=$SERVER_PID answers=${SERVER[0]} questions=${SERVER[1]}

say() { printf '%s\n' "$1" >&"$questions"; }

answer() { # ID: waits for the answer with that id and keeps it in $line
  while IFS= read -r -t 60 -u "$answers" line; do
    case $line in *"\"id\":$1,"* | *"\"id\":$1}"*) return ;; esac
  done
  echo "no answer from $binary" >&2
  exit 1
}

text() { # the text of a tool's answer, out of its JSON
  local string='"text":"(([^"\\]|\\.)*)"'
  [[ $line =~ $string ]] || { printf '%s\n' "$line" >&2; exit 1; }
  local escaped=${BASH_REMATCH[1]//\\\"/\"}
  printf '%b\n' "$escaped"
}

ask() { # ID TOOL ARGUMENTS
  local request='{"jsonrpc":"2.0","id":'$1',"method":"tools/call","params":{"name":"'$2'","arguments":'$3'}}'
  printf '\n> %s\n' "$request"
  say "$request"
  answer "$1"
  text
}

say '{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"demo","version":"1"}}}'
answer 1
say '{"jsonrpc":"2.0","method":"notifications/initialized"}'
ask 2 kafka_topic_list '{}'
ask 3 kafka_group_lag '{}'
ask 4 kafka_cluster_health '{}'

exec {questions}>&- # the server ends with its input
wait "$server"
