# Sourced by the other scripts: where things are, and how a Java program of the bed is started.
# CACHE  what is fetched or compiled once and shared by every clone: jars, class data archive, Python packages.
# BED    the run data of one cluster: keys, logs, partitions, ports. Default: target/bed of this clone.
HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
KAFKA=$(sed -n 's:.*<kafka>\(.*\)</kafka>.*:\1:p' "$HERE/pom.xml")
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/kafkaweave/kafka-$KAFKA
BED=${KAFKAWEAVE_BED:-$HERE/../target/bed}
mkdir -p "$CACHE" "$BED"
BED=$(cd "$BED" && pwd)
IP=127.0.0.1
VENV=$CACHE/python
RUN=$BED/run DATA=$BED/data LOGS=$BED/logs PKI=$BED/pki

# Kafka's own class path, explicit and sorted: a class data archive is only used with the very string it was made for.
# `jars` fails where nothing was fetched. The jar of our own classes comes last, which the archive allows.
PLANTS=$CACHE/plants-$(cat "$HERE"/java/testbed/*.java | cksum | cut -d' ' -f1).jar
jars() {
  [ -f "$CACHE/fetched" ] || { echo "nothing in $CACHE: run testbed/fetch.sh first" >&2; return 1; }
  CP=$(printf '%s:' "$CACHE"/lib/*.jar); CP=${CP%:}
  ARCHIVE=$CACHE/classes-$( (echo "$CP"; stat -Lc '%n %s %Y' "$(command -v java)") | cksum | cut -d' ' -f1).jsa
}

# Flags of every JVM here: a small machine runs several at once, for a short time.
# The archive (see archive.sh) about halves a start; where it does not exist or does not fit, nothing changes.
jvm() { printf -- '-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.awt.headless=true'; [ ! -f "$ARCHIVE" ] || printf -- ' -XX:SharedArchiveFile=%s -Xshare:auto' "$ARCHIVE"; }

# k CLASS ARGS: one of Kafka's command-line tools, or a class of ours; takes the place of the shell
k() {
  # shellcheck disable=SC2046,SC2086
  exec java -Xmx256m $(jvm) ${KAFKA_OPTS:-} -Dlog4j2.configurationFile="file:$HERE/log4j2-tools.properties" -cp "$CP:$PLANTS" "$@"
}

# Every process of a bed carries its folder in this variable, so that nothing is ever forgotten, nor anything foreign hit.
MARK=KAFKAWEAVE_BED_PROCESS=$BED
marked() { grep -qzxF "$MARK" "/proc/$1/environ" 2>/dev/null; }

# sweep: end all processes of this bed at once
sweep() {
  local p pids
  for _ in 1 2 3; do # again, for what a process started while it was being ended
    pids=
    for p in /proc/[0-9]*; do if marked "${p#/proc/}"; then pids+=" ${p#/proc/}"; fi; done
    [ -n "$pids" ] || break
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    for p in $pids; do while marked "$p"; do sleep 0.02; done; done
  done
  rm -f "$RUN"/*.pid
}

# alive PIDFILE
alive() { [ -s "$1" ] && marked "$(cat "$1")"; }

# halt PIDFILE [SECONDS]: a clean end; a hard one when that takes too long
halt() {
  alive "$1" || { rm -f "$1"; return 0; }
  local p i; p=$(cat "$1")
  kill "$p" 2>/dev/null; kill -CONT "$p" 2>/dev/null
  for ((i = 0; i < ${2:-20} * 10; i++)); do marked "$p" || break; sleep 0.1; done
  if marked "$p"; then echo "pid $p did not end, killed" >&2; kill -9 "$p"; fi
  rm -f "$1"
}
