//! Advice that needs more than the error: what the profile says, and why the address was tried.

use super::Role;
use crate::remedy::remedy;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_client::profile::Profile;

/// What to change after a step failed.
pub(super) fn advise(profile: &Profile, role: &Role, error: &KafkaError) -> Option<String> {
    if !role.bootstrap
        && let Some(first) = role.brokers.first()
    {
        // The way in works, so it is what the broker says of itself that leads astray.
        let which = format!("Broker {first} sends clients here");
        match error {
            KafkaError::Resolve { .. } => {
                return Some(format!(
                    "{which}: set its `advertised.listeners` to a name that this machine can resolve, or make this one known here."
                ));
            }
            KafkaError::Connect { .. } | KafkaError::ConnectTimeout { step: "tcp", .. } => {
                return Some(format!(
                    "{which}: set its `advertised.listeners` to an address that can be reached from this machine, or open the way."
                ));
            }
            KafkaError::Tls { reason, .. } if reason.contains("not for the name") => {
                return Some(format!(
                    "{which}: its certificate must hold the host of `advertised.listeners`; or set `tls.server_name`."
                ));
            }
            _ => {}
        }
    }
    let text = match error {
        KafkaError::Closed { step, .. } if step == "ApiVersions" && profile.tls.is_some() => {
            match profile
                .tls
                .as_ref()
                .is_some_and(|tls| tls.certificate.is_some())
            {
                true => {
                    "The listener may refuse the client certificate: check its authority against the broker's truststore, and the broker's log."
                }
                false => {
                    "The listener may want a client certificate: set `tls.certificate` and `tls.key`; the broker's log says so."
                }
            }
        }
        KafkaError::Closed { step, .. } if step == "Metadata" && profile.sasl.is_some() => {
            "The broker dropped the session after the log-in: see its log."
        }
        _ => return remedy(error),
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_client::profile::Tls;

    const BOOTSTRAP: Role = Role {
        bootstrap: true,
        brokers: Vec::new(),
    };

    fn advised(profile: &Profile, role: &Role, error: KafkaError) -> String {
        advise(profile, role, &error).unwrap()
    }

    #[test]
    fn an_advertised_address_that_does_not_lead_anywhere_names_its_broker() {
        let profile = Profile::new("c", vec!["b1:9092".into()]);
        let advertised = Role {
            bootstrap: false,
            brokers: vec![2],
        };
        let errors = [
            KafkaError::Resolve {
                address: "k2:9092".into(),
                reason: "r".into(),
            },
            KafkaError::Connect {
                address: "k2:9092".into(),
                reason: "connection refused".into(),
            },
            KafkaError::Tls {
                address: "k2:9092".into(),
                reason: "the broker's certificate is not for the name `k2`".into(),
            },
        ];
        for error in errors {
            let text = advised(&profile, &advertised, error.clone());
            assert!(
                text.starts_with("Broker 2 sends") && text.contains("advertised.listeners"),
                "{text}"
            );
            assert!(!advised(&profile, &BOOTSTRAP, error).contains("Broker 2"));
        }
    }

    #[test]
    fn a_listener_that_closes_wants_what_the_profile_does_not_have() {
        let closed = || KafkaError::Closed {
            address: "b1:9092".into(),
            step: "ApiVersions".into(),
        };
        let mut profile = Profile::new("c", vec!["b1:9092".into()]);
        assert!(advised(&profile, &BOOTSTRAP, closed()).contains("wants TLS"));
        profile.tls = Some(Tls::default());
        assert!(advised(&profile, &BOOTSTRAP, closed()).contains("client certificate: set"));
        profile.tls = Some(Tls {
            certificate: Some("c".into()),
            ..Tls::default()
        });
        assert!(advised(&profile, &BOOTSTRAP, closed()).contains("may refuse"));
    }
}
