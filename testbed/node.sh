# Sourced by cluster.sh: the settings of one node.
# Node N (1..) of a bed has the ports BASE + 10 * N and up, see `port`.

port() { # N LISTENER
  case $2 in
    PLAINTEXT) echo $((BASE + 10 * $1)) ;; CONTROLLER) echo $((BASE + 10 * $1 + 1)) ;;
    SASL_SSL) echo $((BASE + 10 * $1 + 2)) ;; SASL_PLAINTEXT) echo $((BASE + 10 * $1 + 3)) ;; SSL) echo $((BASE + 10 * $1 + 4)) ;;
  esac
}
LISTENERS="PLAINTEXT CONTROLLER SASL_SSL SASL_PLAINTEXT SSL"
join() { local IFS=,; echo "$*"; }

listeners() { # N
  local l all=()
  for l in $LISTENERS; do all+=("$l://$IP:$(port "$1" "$l")"); done
  join "${all[@]}"
}

voters() { # one address per controller
  local n all=()
  for n in $ALL; do all+=("$IP:$(port "$n" CONTROLLER)"); done
  join "${all[@]}"
}

sasl() { # the log-in modules of both SASL listeners
  local l s
  for l in sasl_ssl sasl_plaintext; do
    for s in 512 256; do echo "listener.name.$l.scram-sha-$s.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;"; done
    echo "listener.name.$l.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_admin=\"admin-secret\" user_alice=\"alice-secret\" user_bob=\"bob-secret\";"
  done
}

config() { # N
  local n=$1 replication=$((NODES < 3 ? NODES : 3)) min_isr=$((NODES < 3 ? 1 : 2)) dirs="$DATA/n$1/a"
  [ "$n" != 1 ] || dirs+=",$DATA/n1/b"
  cat <<P
process.roles=broker,controller
node.id=$n
controller.quorum.bootstrap.servers=$(voters)
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
listeners=$(listeners "$n")
advertised.listeners=$(listeners "$n")
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SSL:SSL
log.dirs=$dirs
broker.rack=rack-$n

# who may come in, and how
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER
listener.name.sasl_ssl.sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
$(sasl)
listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
listener.name.sasl_plaintext.oauthbearer.sasl.server.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler
listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.jwks.endpoint.url=file://$PKI/jwks.json
listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.expected.audience=kafka
listener.name.sasl_plaintext.oauthbearer.sasl.oauthbearer.expected.issuer=https://issuer.test
ssl.keystore.type=PEM
ssl.keystore.location=$PKI/broker-keystore.pem
ssl.truststore.type=PEM
ssl.truststore.location=$PKI/ca.pem
ssl.client.auth=none
listener.name.ssl.ssl.client.auth=required
listener.name.ssl.ssl.principal.mapping.rules=RULE:^.*CN=([^,]+).*\$/\$1/,DEFAULT
# Whoever comes in over PLAINTEXT (the brokers themselves too) is ANONYMOUS and may do all; the others need ACLs.
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:admin;User:ANONYMOUS
allow.everyone.if.no.acl.found=false
delegation.token.secret.key=test-bed-token-secret

# as in production
auto.create.topics.enable=false
num.partitions=3
default.replication.factor=$replication
min.insync.replicas=1

# quick: a dead or frozen broker is fenced after 3 s (9 by default), a group forms at once
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
replica.lag.time.max.ms=5000
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=1000
group.consumer.min.heartbeat.interval.ms=500
log.retention.check.interval.ms=10000

# small: three of these share two cores with a compiler
offsets.topic.replication.factor=$replication
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=$replication
transaction.state.log.min.isr=$min_isr
transaction.state.log.num.partitions=3
share.coordinator.state.topic.replication.factor=$replication
share.coordinator.state.topic.min.isr=$min_isr
share.coordinator.state.topic.num.partitions=3
num.network.threads=2
num.io.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=8388608
log.cleaner.io.buffer.size=131072
log.index.size.max.bytes=1048576
P
}
