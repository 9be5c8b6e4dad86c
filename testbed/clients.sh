#!/usr/bin/env bash
# clients.sh: settings files of Kafka clients in $BED/clients, right and wrong ones, and signed tokens in $BED/pki.
set -euo pipefail
. "$(dirname "$0")/env.sh"
C=$BED/clients; mkdir -p "$C"
security=org.apache.kafka.common.security
jaas() { echo "sasl.jaas.config=$security.$1 required $2;"; }
ca() { printf 'ssl.truststore.type=PEM\nssl.truststore.location=%s\n' "$PKI/${1:-ca}.pem"; }
key() { printf 'ssl.keystore.type=PEM\nssl.keystore.location=%s\n' "$PKI/$1-keystore.pem"; }
over() { printf 'security.protocol=%s\n' "$1"; [ $# = 1 ] || printf 'sasl.mechanism=%s\n' "$2"; }
for u in admin alice bob; do
  login="username=\"$u\" password=\"$u-secret\""
  { over SASL_SSL SCRAM-SHA-512; jaas scram.ScramLoginModule "$login"; ca; } > "$C/$u-scram512-ssl.properties"
  { over SASL_PLAINTEXT SCRAM-SHA-256; jaas scram.ScramLoginModule "$login"; } > "$C/$u-scram256.properties"
  { over SASL_PLAINTEXT PLAIN; jaas plain.PlainLoginModule "$login"; } > "$C/$u-plain.properties"
done
{ over SSL; ca; key alice; } > "$C/alice-mtls.properties"
"$HERE/mint_token.py" "$PKI" alice 86400 > "$PKI/alice.jwt"
{ over SASL_PLAINTEXT OAUTHBEARER; jaas oauthbearer.OAuthBearerLoginModule ''
  echo "sasl.login.callback.handler.class=$security.oauthbearer.OAuthBearerLoginCallbackHandler"
  echo "sasl.oauthbearer.jwt.retriever.class=$security.oauthbearer.FileJwtRetriever"
  echo "sasl.oauthbearer.token.endpoint.url=file://$PKI/alice.jwt"; } > "$C/alice-oauth.properties"
# wrong ones
sed 's/password="[^"]*"/password="wrong"/' "$C/alice-scram512-ssl.properties" > "$C/bad-password.properties"
sed 's/password="[^"]*"/password="wrong"/' "$C/alice-plain.properties" > "$C/bad-password-plain.properties"
sed "s#$PKI/ca.pem#$PKI/otherca.pem#" "$C/alice-scram512-ssl.properties" > "$C/bad-ca.properties"
{ over SSL; ca; key mallory; } > "$C/bad-client-cert.properties"
{ over SSL; ca; } > "$C/no-client-cert.properties"
"$HERE/mint_token.py" "$PKI" alice -60 > "$PKI/expired.jwt"
"$HERE/mint_token.py" "$PKI" alice 3600 aud=other > "$PKI/wrong-aud.jwt"
for w in expired wrong-aud; do sed "s#alice.jwt#$w.jwt#" "$C/alice-oauth.properties" > "$C/bad-token-$w.properties"; done
