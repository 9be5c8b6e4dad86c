#!/usr/bin/env bash
# librdkafka by way of kcat: metadata, all codecs, offsets by time, a group of two. Usage: kcat.sh BOOTSTRAP
# The sandbox must have its demo data. Exit 0: all well, 1: something failed, 77: kcat is missing.
set -u
BOOTSTRAP=${1:?usage: kcat.sh BOOTSTRAP}
command -v kcat >/dev/null || { echo "SKIP kcat is not installed"; exit 77; }
failed=0
ok() { echo "ok   $1"; }
bad() { echo "FAIL $1: $2"; failed=1; }
same() { if [ "$2" = "$3" ]; then ok "$1"; else bad "$1" "want '$3', got '$2'"; fi; }
has() { if grep -q -- "$3" <<<"$2"; then ok "$1"; else bad "$1" "no '$3' in: $(head -c 400 <<<"$2")"; fi; }
run() { timeout 30 kcat -b "$BOOTSTRAP" "$@" 2>&1; }

listed=$(run -L)
has "three brokers" "$listed" "3 brokers"
has "topic orders" "$listed" 'topic "orders" with 6 partitions'
has "an under-replicated partition" "$(run -L -t audit)" 'replicas: 3,1,2, isrs: 3,1$'
has "unknown topic" "$(run -L -t no-such-topic)" "Unknown topic"

same "poison record" "$(run -C -t payments -p 1 -o 42 -c 1 -e -q -f '%o %k\n')" "42 P-poison"
has "headers" "$(run -C -t orders -p 0 -o beginning -c 1 -e -q -f '%h\n')" "content-type=application/json"
has "gaps of a compacted topic" "$(run -C -t customers -p 0 -o beginning -e -q -f '%o\n' | awk 'NR>1 && $1>prev+1 {print "gap"} {prev=$1}')" gap

end() { run -Q -t clicks:5:-1 | sed 's/.*offset //'; }
for codec in none gzip snappy lz4 zstd; do
  text="$codec $$ $RANDOM"
  from=$(end)
  for n in 1 2 3; do echo "$text $n"; done | run -P -t clicks -p 5 -z "$codec" -X acks=all >/dev/null || bad "produce $codec" "exit $?"
  got=$(run -C -t clicks -p 5 -o "$from" -e -q | grep -c "$text")
  same "produce and read $codec" "$got" 3
done
from=$(end)
seq 1 500 | sed "s/^/idem $$ /" | run -P -t clicks -p 5 -X enable.idempotence=true >/dev/null || bad "idempotent produce" "exit $?"
same "idempotent produce" "$(run -C -t clicks -p 5 -o "$from" -e -q | grep -c "idem $$ ")" 500

middle=$(run -Q -t "orders:2:$((($(date +%s) - 1800) * 1000))" | sed 's/.*offset //')
if [ "$middle" -gt 0 ] 2>/dev/null; then ok "offset by time"; else bad "offset by time" "$middle"; fi

# Two members of one group share six partitions, then one takes all.
group="kcat-$$"
out=$(mktemp -d)
timeout 25 kcat -b "$BOOTSTRAP" -G "$group" orders -X session.timeout.ms=6000 >/dev/null 2>"$out/one" & one=$!
timeout 25 kcat -b "$BOOTSTRAP" -G "$group" orders -X session.timeout.ms=6000 >/dev/null 2>"$out/two" & two=$!
shared() { tail -n 40 "$1" | grep -E "rebalanced.*assigned:" | tail -1 | grep -o "\[[0-9]*\]" | wc -l; }
for _ in $(seq 1 150); do
  [ "$(shared "$out/one")" = 3 ] && [ "$(shared "$out/two")" = 3 ] && break
  sleep 0.1
done
same "two members share" "$(shared "$out/one")+$(shared "$out/two")" "3+3"
kill "$two" 2>/dev/null
for _ in $(seq 1 150); do [ "$(shared "$out/one")" = 6 ] && break; sleep 0.1; done
same "one member takes over" "$(shared "$out/one")" 6
kill "$one" 2>/dev/null
wait "$one" "$two" 2>/dev/null
rm -r "$out"
exit $failed
