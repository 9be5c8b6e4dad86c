//! The walk over the network: bootstrap addresses, then what the brokers advertise.

use super::advice::advise;
use super::{AddressReport, Check, Role, Status, StepReport};
use crate::engines::connect;
use futures::stream::{StreamExt, iter};
use kafkaweave_client::kafka::{KafkaError, Step, probe};
use kafkaweave_client::profile::Profile;
use kafkaweave_core::model::{Broker, BrokerState};

/// Addresses that are tried at once.
const AT_ONCE: usize = 16;

/// Advertised addresses that are tried; a cluster of more brokers is sampled from its lowest ids.
const MOST_BROKERS: usize = 64;

/// What was found.
pub(super) struct Found {
    pub(super) checks: Vec<Check>,
    pub(super) addresses: Vec<AddressReport>,
}

/// Walks all addresses. Without a password only the steps before logging in are walked.
pub(super) async fn walk(profile: &Profile, has_password: bool) -> Found {
    let bootstrap = Role {
        bootstrap: true,
        brokers: Vec::new(),
    };
    let wanted = profile
        .bootstrap
        .iter()
        .map(|address| (address.clone(), bootstrap.clone()))
        .collect();
    let mut addresses = walk_all(profile, has_password, wanted).await;
    let mut checks = Vec::new();
    let working = addresses.iter().find(|address| address.is_ok());
    if let Some(working) = working {
        match brokers(profile, &working.address).await {
            Ok(brokers) => {
                let further = place(&brokers, &mut addresses, &mut checks);
                addresses.extend(walk_all(profile, has_password, further).await);
            }
            Err(error) => checks.push(Check {
                name: "brokers".into(),
                status: Status::Failed,
                detail: error.to_string(),
                remedy: crate::remedy::remedy(&error),
            }),
        }
    }
    Found { checks, addresses }
}

/// The brokers as the cluster itself lists them, asked through one address.
async fn brokers(profile: &Profile, address: &str) -> Result<Vec<Broker>, KafkaError> {
    let through = Profile {
        bootstrap: vec![address.to_owned()],
        ..profile.clone()
    };
    Ok(connect(&through)?.cluster().await?.value.brokers)
}

/// Notes on addresses that were tried which brokers advertise them; returns those still to try.
fn place(
    brokers: &[Broker],
    tried: &mut [AddressReport],
    checks: &mut Vec<Check>,
) -> Vec<(String, Role)> {
    let mut further: Vec<(String, Role)> = Vec::new();
    for broker in brokers {
        if broker.state != BrokerState::Online {
            checks.push(away(broker));
            continue;
        }
        let (Some(host), Some(port)) = (&broker.host, broker.port) else {
            continue;
        };
        let address = match host.contains(':') {
            true => format!("[{host}]:{port}"),
            false => format!("{host}:{port}"),
        };
        let known = tried
            .iter_mut()
            .map(|report| (&report.address, &mut report.role))
            .chain(further.iter_mut().map(|(address, role)| (&*address, role)))
            .find(|(other, _)| **other == address);
        match known {
            Some((_, role)) => role.brokers.push(broker.id),
            None => further.push((
                address,
                Role {
                    bootstrap: false,
                    brokers: vec![broker.id],
                },
            )),
        }
    }
    let roles = tried.iter().map(|report| (&report.address, &report.role));
    for (address, role) in roles.chain(further.iter().map(|(address, role)| (address, role))) {
        if role.brokers.len() > 1 {
            checks.push(shared(address, &role.brokers));
        }
    }
    if further.len() > MOST_BROKERS {
        checks.push(Check {
            name: "brokers".into(),
            status: Status::Warning,
            detail: format!(
                "{MOST_BROKERS} of {} advertised addresses are tried",
                further.len()
            ),
            remedy: None,
        });
        further.truncate(MOST_BROKERS);
    }
    further
}

fn away(broker: &Broker) -> Check {
    let state = match broker.state {
        BrokerState::Fenced => "is fenced: registered, and not serving",
        BrokerState::Online | BrokerState::Missing => "is not registered",
    };
    Check {
        name: format!("broker {}", broker.id),
        status: Status::Failed,
        detail: state.into(),
        remedy: Some("Look whether its process runs, and at its log.".into()),
    }
}

fn shared(address: &str, brokers: &[i32]) -> Check {
    let ids: Vec<_> = brokers.iter().map(ToString::to_string).collect();
    Check {
        name: "brokers".into(),
        status: Status::Failed,
        detail: format!("brokers {} all advertise `{address}`", ids.join(", ")),
        remedy: Some("Give each broker an address of its own in `advertised.listeners`.".into()),
    }
}

async fn walk_all(
    profile: &Profile,
    has_password: bool,
    wanted: Vec<(String, Role)>,
) -> Vec<AddressReport> {
    let walks = wanted
        .into_iter()
        .map(|(address, role)| walk_one(profile, has_password, address, role));
    iter(walks).buffered(AT_ONCE).collect().await
}

async fn walk_one(
    profile: &Profile,
    has_password: bool,
    address: String,
    role: Role,
) -> AddressReport {
    let mut steps = Vec::new();
    if has_password {
        steps.extend(
            probe(profile, &address)
                .await
                .iter()
                .map(|step| reported(profile, &address, &role, step)),
        );
    } else {
        // A broker answers ApiVersions before the log-in, so all steps up to there can be tried.
        let anonymous = Profile {
            sasl: None,
            ..profile.clone()
        };
        let tried = probe(&anonymous, &address).await;
        let before = tried.iter().take_while(|step| step.name != "metadata");
        steps.extend(before.map(|step| reported(profile, &address, &role, step)));
        if steps.iter().all(|step| step.status == Status::Ok) {
            steps.push(StepReport {
                name: "sasl",
                status: Status::Skipped,
                detail: "there is no password to log in with".into(),
                elapsed_ms: 0.0,
                remedy: None,
            });
        }
    }
    AddressReport {
        address,
        role,
        steps,
    }
}

fn reported(profile: &Profile, address: &str, role: &Role, step: &Step) -> StepReport {
    let elapsed_ms = (step.elapsed.as_secs_f64() * 10_000.0).round() / 10.0;
    let (status, detail, remedy) = match &step.outcome {
        Ok(detail) if sees_nothing(step.name, detail) => {
            let remedy = "Grant what is to be looked at, e.g. `kafka-acls --add --allow-principal User:NAME --operation Describe --topic '*'`.";
            (Status::Warning, detail.clone(), Some(remedy.to_owned()))
        }
        Ok(detail) => (Status::Ok, detail.clone(), None),
        Err(error) => {
            let text = error.to_string();
            // The report names the address above its steps.
            let bare = text.strip_prefix(&format!("`{address}`: "));
            let detail = bare.unwrap_or(&text).to_owned();
            (Status::Failed, detail, advise(profile, role, error))
        }
    };
    StepReport {
        name: step.name,
        status,
        detail,
        elapsed_ms,
        remedy,
    }
}

/// Whether the principal may log in and nothing else.
fn sees_nothing(step: &str, detail: &str) -> bool {
    step == "authorization"
        && detail.contains("nothing is allowed")
        && detail.contains("no topic can be seen")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(id: i32, host: &str, state: BrokerState) -> Broker {
        Broker {
            id,
            host: Some(host.into()),
            port: Some(9092),
            rack: None,
            state,
        }
    }

    fn tried(address: &str) -> AddressReport {
        let role = Role {
            bootstrap: true,
            brokers: Vec::new(),
        };
        AddressReport {
            address: address.into(),
            role,
            steps: Vec::new(),
        }
    }

    #[test]
    fn advertised_addresses_that_were_tried_are_not_tried_again() {
        let mut addresses = [tried("b1:9092")];
        let mut checks = Vec::new();
        let brokers = [
            broker(1, "b1", BrokerState::Online),
            broker(2, "::1", BrokerState::Online),
        ];
        let further = place(&brokers, &mut addresses, &mut checks);
        assert_eq!(addresses[0].role.brokers, [1]);
        assert_eq!(
            further,
            [(
                "[::1]:9092".to_owned(),
                Role {
                    bootstrap: false,
                    brokers: vec![2]
                }
            )]
        );
        assert!(checks.is_empty());
    }

    #[test]
    fn brokers_that_advertise_the_same_address_are_told() {
        let mut checks = Vec::new();
        let brokers = [
            broker(1, "lb", BrokerState::Online),
            broker(2, "lb", BrokerState::Online),
        ];
        assert_eq!(place(&brokers, &mut [], &mut checks).len(), 1);
        assert_eq!(checks[0].detail, "brokers 1, 2 all advertise `lb:9092`");
    }

    #[test]
    fn a_fenced_broker_is_told_and_not_tried() {
        let mut checks = Vec::new();
        assert!(
            place(
                &[broker(3, "b3", BrokerState::Fenced)],
                &mut [],
                &mut checks
            )
            .is_empty()
        );
        assert_eq!(
            (checks[0].name.as_str(), checks[0].status),
            ("broker 3", Status::Failed)
        );
    }

    #[test]
    fn of_very_many_brokers_some_are_tried_and_that_is_told() {
        let brokers: Vec<_> = (0..70)
            .map(|id| broker(id, &format!("b{id}"), BrokerState::Online))
            .collect();
        let mut checks = Vec::new();
        assert_eq!(place(&brokers, &mut [], &mut checks).len(), MOST_BROKERS);
        assert_eq!(checks[0].detail, "64 of 70 advertised addresses are tried");
    }
}
