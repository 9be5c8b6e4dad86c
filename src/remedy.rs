//! What to change when Kafka does not answer: one short sentence or two per kind of failure.
//!
//! A pure function of the error, so that the doctor and every tool give the same advice. Names that
//! do not exist are not dealt with here: whoever knows the existing names adds the nearest.

use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::secret::SecretError;

/// Advice of under 25 words; `None` where the message says all there is to say.
pub fn remedy(error: &KafkaError) -> Option<String> {
    if let KafkaError::Unreachable { attempts, .. } = error {
        return attempts.iter().find_map(|attempt| remedy(&attempt.error));
    }
    advice(error).map(str::to_owned)
}

fn advice(error: &KafkaError) -> Option<&'static str> {
    Some(match error {
        KafkaError::Address { .. } => {
            "Write addresses as `host:port`, IPv6 in brackets: `[::1]:9092`."
        }
        KafkaError::Resolve { .. } => {
            "Check the name on this machine. If it is a broker's, mend its `advertised.listeners` or make the name known here."
        }
        KafkaError::Connect { reason, .. } => connect(&reason.to_lowercase()),
        KafkaError::ConnectTimeout { step, .. } => silent(step),
        KafkaError::TlsSettings { reason } => settings(reason),
        KafkaError::Tls { reason, .. } => handshake(reason),
        KafkaError::TlsAlert { alert, .. } => self::alert(alert),
        KafkaError::Secret { error, .. } => secret(error),
        KafkaError::Mechanism { offered, .. } if offered.starts_with("none") => {
            "Leave out `sasl`, or use the port of a listener that has it."
        }
        KafkaError::Mechanism { .. } => {
            "Set `sasl.mechanism` to one that is offered, or enable it in the broker's `sasl.enabled.mechanisms`."
        }
        KafkaError::Authentication { mechanism, .. } if mechanism.starts_with("SCRAM") => {
            "Check user, password, and that the user has this SCRAM mechanism. (kcat and librdkafka before 2.6.1 fail at Kafka 4 even when right.)"
        }
        KafkaError::Authentication { .. } => {
            "Check user name and password, and that the listener knows the user with this mechanism."
        }
        KafkaError::Closed { step, .. } => closed(step),
        KafkaError::Protocol { reason, .. } if reason.starts_with("it is tls") => {
            "Set `tls` (`tls = true` trusts the system's authorities), or use the port of a plaintext listener."
        }
        KafkaError::Protocol { reason, .. } if reason.starts_with("it is http") => {
            "Use the port of a Kafka listener, often 9092 or 9094; this one is a web service or a proxy."
        }
        KafkaError::Protocol { .. } => {
            "Check that the port is Kafka's, and `tls`: a TLS or HTTP port answers a plain Kafka client like this."
        }
        KafkaError::Timeout { operation, .. } if operation == "ApiVersions" => {
            silent("api_versions")
        }
        KafkaError::Timeout { operation, .. } if operation.starts_with("Sasl") => silent("sasl"),
        KafkaError::Timeout { .. } => {
            "The broker is overloaded, frozen or stopped: look at its load and log, or raise `request_timeout_ms`."
        }
        KafkaError::NotOffered { .. } => {
            "This version or service lacks it; no setting of kafkaweave helps. An upgrade of the cluster may."
        }
        KafkaError::NotAuthorized { code_name, .. } => authorization(code_name),
        KafkaError::UnknownBroker { .. } => {
            "It has left the cluster, or the id is wrong: list the brokers."
        }
        KafkaError::NoLeader { .. } => {
            "No replica that may lead is alive: start the brokers of its replicas, in-sync ones first."
        }
        KafkaError::Broker { code_name, .. } => return broker(code_name),
        KafkaError::UnknownTopic { .. }
        | KafkaError::UnknownPartition { .. }
        | KafkaError::UnknownGroup { .. }
        | KafkaError::UnknownTransactionalId { .. }
        | KafkaError::Unreachable { .. } => return None,
    })
}

fn connect(reason: &str) -> &'static str {
    if reason.contains("refused") {
        "Nothing listens there: check the port and that the broker runs. Inside a container, `localhost` is the container."
    } else if reason.contains("reset") {
        "Something closed the connection at once: a firewall, a proxy, or a broker at its connection limit."
    } else if reason.contains("unreachable") || reason.contains("no route") {
        "No way leads there from this machine: check network, VPN and firewall."
    } else {
        "Check host, port, network and firewall from this machine."
    }
}

/// Nothing came back in time at a step of connecting.
fn silent(step: &str) -> &'static str {
    match step {
        "dns" => "The resolver does not answer: check DNS and VPN of this machine.",
        "tcp" => {
            "Packets get lost: check firewall, security group and VPN, and that the address can be reached from here."
        }
        "sasl" => {
            "The broker takes long to log in: look at its load and log, or raise `connect_timeout_ms`."
        }
        _ => {
            "It accepts and stays silent: a frozen broker, a proxy with nothing behind it, or `tls` set differently on both sides."
        }
    }
}

fn settings(reason: &str) -> &'static str {
    if reason.contains("cannot be read") {
        "Check path and permissions; relative paths are relative to the configuration file."
    } else if reason.contains("encrypted") {
        "Give the key without a passphrase: `openssl pkey -in KEY -out PLAIN`, readable by kafkaweave alone."
    } else if reason.contains("certificate authorities") {
        "Set `tls.ca` to the PEM file of the authority that signed the brokers' certificates."
    } else {
        "Files under `tls` are PEM, and key and certificate a pair; convert Java keystores with `keytool` and `openssl pkcs12`."
    }
}

fn handshake(reason: &str) -> &'static str {
    if reason.contains("UnknownIssuer") {
        "Set `tls.ca` to the PEM file of the authority that signed the broker's certificate."
    } else if reason.contains("not for the name") {
        "Use a name that the certificate holds: in `bootstrap`, in the broker's `advertised.listeners`, or as `tls.server_name`."
    } else if reason.contains("has expired") {
        "Check this machine's clock; if it is right, renew the broker's certificate."
    } else if reason.contains("not valid yet") {
        "Check this machine's clock; if it is right, the broker's certificate begins later."
    } else if reason.contains("plain text") {
        "Leave out `tls`, or use the port of the broker's TLS listener."
    } else {
        "Compare TLS versions, ciphers and the broker's certificate with `openssl s_client -connect HOST:PORT`."
    }
}

/// The broker ended TLS with an alert; its name may be written with or without blanks.
fn alert(alert: &str) -> &'static str {
    let name = alert.to_lowercase().replace([' ', '_'], "");
    match name.as_str() {
        "certificaterequired" => {
            "The listener wants a client certificate: set `tls.certificate` and `tls.key`."
        }
        "badcertificate" => {
            "The broker got no client certificate or refuses it: set `tls.certificate` and `tls.key` from an authority that it trusts."
        }
        "unknownca" | "certificateunknown" | "unsupportedcertificate" | "accessdenied" => {
            "The broker does not trust the client certificate: use one from an authority in its truststore."
        }
        "certificateexpired" | "certificaterevoked" => "Renew the client certificate.",
        "unrecognisedname" | "unrecognizedname" => {
            "The broker has no certificate for this name: set `tls.server_name` to one that it has."
        }
        _ => {
            "Broker and client agree on no TLS version or cipher, or it wants a client certificate: see the broker's log."
        }
    }
}

fn secret(error: &SecretError) -> &'static str {
    match error {
        SecretError::NoVariable(_) => {
            "Set the variable where kafkaweave is started (assistants pass their own `env`), or use `file` or `command`."
        }
        SecretError::NoFile { .. } => {
            "Check path and permissions; relative paths are relative to the configuration file."
        }
        SecretError::Command { .. } => {
            "Run the command by hand as the same user: it must print the secret within 10 s and end with 0."
        }
        SecretError::Empty(_) => "Put the secret there; one trailing line break does not count.",
    }
}

fn closed(step: &str) -> &'static str {
    match step {
        "ApiVersions" | "api_versions" => {
            "The listener probably wants TLS: set `tls`, or use the port of a plaintext listener."
        }
        "Metadata" | "metadata" | "DescribeCluster" => {
            "The listener probably wants SASL: set `sasl`. Otherwise the broker is restarting; see its log."
        }
        "SaslHandshake" | "SaslAuthenticate" | "sasl" => {
            "The listener probably has no SASL, or drops failed logins without a word; see the broker's log."
        }
        _ => "Try again; if it repeats, the broker restarts or drops connections: see its log.",
    }
}

fn authorization(code_name: &str) -> &'static str {
    match code_name {
        "TOPIC_AUTHORIZATION_FAILED" => {
            "Grant it: `kafka-acls --add --allow-principal User:NAME --operation Describe --topic TOPIC` (Read for records, DescribeConfigs for configs)."
        }
        "GROUP_AUTHORIZATION_FAILED" => {
            "Grant it: `kafka-acls --add --allow-principal User:NAME --operation Describe --group GROUP`."
        }
        "CLUSTER_AUTHORIZATION_FAILED" => {
            "Grant it: `kafka-acls --add --allow-principal User:NAME --operation Describe --cluster` (DescribeConfigs for broker configs and quotas)."
        }
        _ => {
            "Grant the operation to this profile's principal with `kafka-acls --add --allow-principal`."
        }
    }
}

fn broker(code_name: &str) -> Option<&'static str> {
    Some(match code_name {
        "COORDINATOR_NOT_AVAILABLE" | "COORDINATOR_LOAD_IN_PROGRESS" | "NOT_COORDINATOR" => {
            "The coordinator is moving or loading: try again in some seconds; if it lasts, look at `__consumer_offsets`."
        }
        "LEADER_NOT_AVAILABLE" | "NOT_LEADER_OR_FOLLOWER" | "FENCED_LEADER_EPOCH" => {
            "Leadership is moving: try again in some seconds; if it lasts, look for brokers that are down."
        }
        "OFFSET_OUT_OF_RANGE" => {
            "The records are gone by retention, or not yet written: begin at the earliest or latest offset."
        }
        "KAFKA_STORAGE_ERROR" => "A log dir of the broker has failed: look at its disks and log.",
        "SECURITY_DISABLED" => {
            "The cluster has no authorizer, so there are no ACLs: everybody may do all."
        }
        "REQUEST_TIMED_OUT" | "THROTTLING_QUOTA_EXCEEDED" => {
            "The cluster is busy or this client is throttled: try again, asking for less at once."
        }
        "ILLEGAL_SASL_STATE" => "The listener wants SASL before anything else: set `sasl`.",
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
