//! A profile as librdkafka's properties, in one place. What holds a secret is set last and shown nowhere.

use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::profile::Profile;
use kafkaweave_client::secret::Secret;
use rdkafka::ClientConfig;
use rdkafka::config::RDKafkaLogLevel;

/// What a client is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Questions.
    Ask,
    /// Reading many records.
    Scan {
        /// Whether only what is committed is seen.
        committed: bool,
    },
    /// Reading one record at a place.
    Peek,
}

/// The password of a profile that has one.
pub(crate) async fn password(profile: &Profile) -> Result<Option<Secret>, KafkaError> {
    match &profile.sasl {
        None => Ok(None),
        Some(sasl) => match sasl.password.resolve().await {
            Ok(password) => Ok(Some(password)),
            Err(error) => Err(KafkaError::Secret {
                address: profile.bootstrap.join(","),
                error,
            }),
        },
    }
}

/// The properties. `token`: log in by a token that is handed over later, and not by the profile's password.
pub(crate) fn settings(
    profile: &Profile,
    password: Option<&Secret>,
    token: bool,
    purpose: Purpose,
) -> ClientConfig {
    let ms = |duration: std::time::Duration, least: u128, most: u128| {
        duration.as_millis().clamp(least, most).to_string()
    };
    let mut config = ClientConfig::new();
    config.set_log_level(RDKafkaLogLevel::Info);
    config.set("bootstrap.servers", profile.bootstrap.join(","));
    config.set("client.id", &profile.client_id);
    config.set(
        "socket.connection.setup.timeout.ms",
        ms(profile.connect_timeout, 1000, 2_147_483_647),
    );
    config.set(
        "socket.timeout.ms",
        ms(profile.request_timeout, 1000, 300_000),
    );
    config.set("reconnect.backoff.ms", "100");
    config.set("reconnect.backoff.max.ms", "1000");
    config.set("allow.auto.create.topics", "false");
    config.set("enable.auto.commit", "false");
    // A sparse or unknown topic is told at once, and not after it might have been created.
    config.set("topic.metadata.propagation.max.ms", "0");
    match purpose {
        Purpose::Ask => {}
        Purpose::Scan { committed } => {
            reading(&mut config, committed);
            config.set("queued.min.messages", "100000");
            config.set("queued.max.messages.kbytes", "65536");
            config.set("max.partition.fetch.bytes", "4194304");
        }
        Purpose::Peek => {
            reading(&mut config, false);
            config.set("queued.min.messages", "1");
            config.set("max.partition.fetch.bytes", "65536");
        }
    }
    secure(&mut config, profile, password, token);
    config
}

fn reading(config: &mut ClientConfig, committed: bool) {
    // With the default of a second, small records come ten times as slowly.
    config.set("fetch.queue.backoff.ms", "2");
    config.set("fetch.wait.max.ms", "100");
    config.set("check.crcs", "true");
    config.set("enable.partition.eof", "true");
    config.set("auto.offset.reset", "error");
    let isolation = if committed {
        "read_committed"
    } else {
        "read_uncommitted"
    };
    config.set("isolation.level", isolation);
}

fn secure(config: &mut ClientConfig, profile: &Profile, password: Option<&Secret>, token: bool) {
    let sasl = profile.sasl.is_some() || token;
    let protocol = match (profile.tls.is_some(), sasl) {
        (false, false) => "plaintext",
        (true, false) => "ssl",
        (false, true) => "sasl_plaintext",
        (true, true) => "sasl_ssl",
    };
    config.set("security.protocol", protocol);
    if let Some(tls) = &profile.tls {
        let files = [
            ("ssl.ca.location", &tls.ca),
            ("ssl.certificate.location", &tls.certificate),
            ("ssl.key.location", &tls.key),
        ];
        for (name, file) in files {
            if let Some(file) = file {
                config.set(name, file.display().to_string());
            }
        }
    }
    if token {
        config.set("sasl.mechanism", "OAUTHBEARER");
    } else if let (Some(sasl), Some(password)) = (&profile.sasl, password) {
        config.set("sasl.mechanism", sasl.mechanism.name());
        config.set("sasl.username", &sasl.username);
        config.set("sasl.password", password.expose());
    }
}

/// What of a profile librdkafka cannot do.
///
/// # Errors
/// `TlsSettings` where the profile wants another name in the broker's certificate than the one that was dialled.
pub(crate) fn suits(profile: &Profile) -> Result<(), KafkaError> {
    match &profile.tls {
        Some(tls) if tls.server_name.is_some() => Err(KafkaError::TlsSettings {
            reason: "librdkafka cannot expect another server name than the host that it dials; engine `native` can".into(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_client::profile::{Sasl, SaslMechanism, Tls};
    use kafkaweave_client::secret::SecretRef;
    use rdkafka::consumer::BaseConsumer;

    fn profile() -> Profile {
        let mut profile = Profile::new("c", vec!["127.0.0.1:1".into(), "127.0.0.1:2".into()]);
        profile.sasl = Some(Sasl {
            mechanism: SaslMechanism::ScramSha512,
            username: "alice".into(),
            password: SecretRef::Env("X".into()),
        });
        profile
    }

    #[test]
    fn librdkafka_takes_every_property_for_every_purpose() {
        let secret = Secret::new("hidden");
        for purpose in [
            Purpose::Ask,
            Purpose::Peek,
            Purpose::Scan { committed: false },
            Purpose::Scan { committed: true },
        ] {
            for token in [false, true] {
                let config = settings(&profile(), Some(&secret), token, purpose);
                let made: Result<BaseConsumer, _> = config.create();
                made.unwrap_or_else(|e| panic!("{purpose:?} {token}: {e}"));
            }
        }
    }

    #[test]
    fn the_protocol_follows_tls_and_sasl_and_a_password_is_not_shown() {
        let secret = Secret::new("hidden");
        let mut profile = profile();
        let config = settings(&profile, Some(&secret), false, Purpose::Ask);
        assert_eq!(config.get("security.protocol"), Some("sasl_plaintext"));
        assert_eq!(config.get("sasl.mechanism"), Some("SCRAM-SHA-512"));
        assert!(
            !format!("{config:?}").contains("hidden"),
            "rdkafka hides it"
        );
        profile.tls = Some(Tls::default());
        let config = settings(&profile, Some(&secret), true, Purpose::Ask);
        assert_eq!(config.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(config.get("sasl.mechanism"), Some("OAUTHBEARER"));
        assert_eq!(config.get("sasl.password"), None);
        profile.tls = Some(Tls {
            server_name: Some("x".into()),
            ..Tls::default()
        });
        assert!(suits(&profile).is_err());
    }
}
