#!/usr/bin/env bash
# cluster.sh: real Kafka nodes (broker and controller in one) on 127.0.0.1, on free ports.
#   up       from nothing: choose ports, format, start, return when all nodes know each other
#   down     clean end of all            sweep    hard end of all, at once
#   start N  start one node              halt N   clean end of one        kill N   kill -9
#   stop N   freeze (SIGSTOP)            cont N   thaw (SIGCONT)
#   lose N D move log dir D (a, b) of a node away: the broker takes it offline within some 5 s
#   restore  bring lost log dirs back, thaw and start all that is not running, return when every ISR is whole
#   status   processes and memory        k CLASS ARGS   one of Kafka's command-line tools
# Where what listens: $BED/run/endpoints.json (ports.env for shells). Node logs: $BED/logs. Client settings: $BED/clients.
# Environment: KAFKAWEAVE_BED (folder, see env.sh), NODES (3), HEAP (384m), JVM (more flags),
# EXTRA (file appended to every node's properties), TOOLS (`none`: without the JVM of Kafka's tools).
set -euo pipefail
. "$(dirname "$0")/env.sh"
. "$HERE/node.sh"
NODES=${NODES:-$(cat "$RUN/nodes" 2>/dev/null || echo 3)}
ALL=$(seq "$NODES")
mkdir -p "$RUN" "$LOGS"
[ ! -f "$RUN/ports.env" ] || . "$RUN/ports.env"
ulimit -n "$(ulimit -Hn)" # a broker holds several files open per partition

keys() {
  if ! openssl x509 -checkend 172800 -noout -in "$PKI/alice.crt" > /dev/null 2>&1 || [ ! -s "$PKI/jwks.json" ]; then
    rm -rf "$PKI"; "$HERE/pki.sh" "$PKI"
  fi
  "$HERE/clients.sh"
}

# 16 random bytes as Kafka writes them; a leading "-" would be read as an option
uuid() { local u=-; while [ "${u:0:1}" = - ]; do u=$(head -c16 /dev/urandom | base64 | tr '+/' '-_' | tr -d '='); done; echo "$u"; }

format() {
  local n id voters=()
  id=$(uuid)
  for n in $ALL; do voters+=("$n@$IP:$(port "$n" CONTROLLER):$(uuid)"); done
  for n in $ALL; do
    mkdir -p "$DATA/n$n"
    config "$n" > "$RUN/node$n.properties"
    [ -z "${EXTRA:-}" ] || cat "$EXTRA" >> "$RUN/node$n.properties"
    echo "kafka.tools.StorageTool format --cluster-id $id --config $RUN/node$n.properties --initial-controllers $(join "${voters[@]}")" \
      "$(for u in admin alice bob; do for s in 256 512; do printf -- '--add-scram SCRAM-SHA-%s=[name=%s,password=%s-secret] ' $s $u $u; done; done)"
  done > "$RUN/format"
  (k testbed.Tools run "$RUN/format") > "$LOGS/format.log" 2>&1 < /dev/null || true # judged by what is there
  for n in $ALL; do [ -s "$DATA/n$n/a/meta.properties" ] || { tail -20 "$LOGS/format.log" >&2; return 1; }; done
}

launch() { # NAME FLAGS.. : a JVM of the bed in the background, in its own session, so that no terminal can end it by accident
  local name=$1; shift
  # shellcheck disable=SC2046
  setsid env "$MARK" java $(jvm) "$@" >> "$LOGS/$name.log" 2>&1 < /dev/null 8>&- 9>&- &
  echo $! > "$RUN/$name.pid"
}

node() { # N
  alive "$RUN/n$1.pid" && return 0
  local heap=${HEAP:-384m}
  # shellcheck disable=SC2086
  launch "n$1" "-Xms$heap" "-Xmx$heap" ${JVM:-} -Dlog4j2.configurationFile="file:$HERE/log4j2.properties" \
    -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="file://$PKI/jwks.json" \
    -Dorg.apache.kafka.sasl.oauthbearer.allowed.files="$PKI/jwks.json" \
    -cp "$CP" kafka.Kafka "$RUN/node$1.properties"
}

tools() {
  local urls=() f
  for f in "$PKI"/*.jwt; do urls+=("file://$f"); done
  launch tools -Xmx512m -Dlog4j2.configurationFile="file:$HERE/log4j2-tools.properties" \
    -Dorg.apache.kafka.sasl.oauthbearer.allowed.urls="$(join "${urls[@]}")" \
    -cp "$CP:$PLANTS" testbed.Tools serve $((BASE + 90))
}

endpoints() {
  python3 - "$BASE" "$NODES" "$LISTENERS" "$VENV/bin/python" > "$RUN/endpoints.json" <<'P'
import json, sys
base, nodes, listeners = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split()
json.dump({"nodes": [{"id": n, **{l: base + 10 * n + i for i, l in enumerate(listeners)}} for n in range(1, nodes + 1)], "tools": base + 90, "python": sys.argv[4]}, sys.stdout)
P
}

up() {
  local n
  sweep
  rm -rf "$DATA" "$RUN" "$LOGS"; mkdir -p "$RUN" "$LOGS"
  echo "$NODES" > "$RUN/nodes"
  keys & local keys=$!
  exec 8> "$CACHE/ports.lock"; flock 8 # until this bed listens on them
  BASE=$("$HERE/ports.py"); echo "BASE=$BASE" > "$RUN/ports.env"
  format
  wait "$keys"
  for n in $ALL; do node "$n"; done
  [ "${TOOLS:-}" = none ] || tools
  endpoints
  whole
  exec 8>&-
}

whole() { # wait until every node knows all others, and every ISR is complete
  local n all=()
  for n in $ALL; do all+=(--pidfile "$RUN/n$n.pid"); done
  all+=("$NODES")
  for n in $ALL; do all+=("$IP:$(port "$n" PLAINTEXT)"); done
  "$HERE/ready.py" --in-sync --seconds 300 "${all[@]}" || { grep -hE 'ERROR|FATAL' "$LOGS"/n?.log | tail -5 >&2; return 1; }
}

case ${1:-} in
  up) jars
    # `hold.sh` has this lock itself; one that is just ending lets it go soon
    [ -n "${KAFKAWEAVE_BED_HELD:-}" ] || flock -w 30 "$BED/lock" true || { echo "a test run uses $BED" >&2; exit 1; }
    t0=$(date +%s); up; echo "$NODES nodes from port $((BASE + 10)) on, after $(($(date +%s) - t0)) s" ;;
  start) jars; node "$2"
    "$HERE/ready.py" --seconds 120 --pidfile "$RUN/n$2.pid" 1 "$IP:$(port "$2" PLAINTEXT)" || { grep -E 'ERROR|FATAL' "$LOGS/n$2.log" | tail -5 >&2; exit 1; } ;;
  stop) kill -STOP "$(cat "$RUN/n$2.pid")" ;;
  cont) kill -CONT "$(cat "$RUN/n$2.pid")" ;;
  kill) p=$(cat "$RUN/n$2.pid"); kill -9 "$p"; while marked "$p"; do sleep 0.02; done; rm -f "$RUN/n$2.pid" ;;
  halt) halt "$RUN/n$2.pid" ;;
  lose) mv "$DATA/n$2/$3" "$DATA/n$2/$3.lost" ;;
  restore) jars
    for d in "$DATA"/n*/*.lost; do # a dir that failed stays offline until the node starts again
      [ -e "$d" ] || continue
      n=${d#"$DATA/n"}; n=${n%%/*}
      if alive "$RUN/n$n.pid"; then kill -9 "$(cat "$RUN/n$n.pid")"; while alive "$RUN/n$n.pid"; do sleep 0.02; done; fi
      rm -rf "${d%.lost}"; mv "$d" "${d%.lost}"
    done
    for n in $ALL; do if alive "$RUN/n$n.pid"; then kill -CONT "$(cat "$RUN/n$n.pid")"; else node "$n"; fi; done
    whole ;;
  # all at once: a node that is left alone waits for a quorum before it can end
  down) for n in $ALL; do if alive "$RUN/n$n.pid"; then kill "$(cat "$RUN/n$n.pid")"; kill -CONT "$(cat "$RUN/n$n.pid")"; fi; done
    for n in $ALL; do halt "$RUN/n$n.pid"; done; sweep ;;
  sweep) sweep ;;
  status) for n in $ALL; do
      if alive "$RUN/n$n.pid"; then p=$(cat "$RUN/n$n.pid"); echo "node $n port $(port "$n" PLAINTEXT) pid $p state $(awk '{print $3}' "/proc/$p/stat") memory $(awk '/VmRSS/{printf "%d MB", $2/1024}' "/proc/$p/status")"
      else echo "node $n is down"; fi
    done ;;
  k) jars; shift; k "$@" ;;
  *) sed -n '2,12p' "$0"; exit 2 ;;
esac
