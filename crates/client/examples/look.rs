//! Prints what each read of the native engine answers: for trying it by hand.
//!
//! `cargo run -p kafkaweave-client --example look -- WHAT... [key=value...]` with WHAT of probe,
//! cluster, topics, configs, dirs, offsets, groups, pause; keys: bootstrap, topic, ca, cert, key, name, user,
//! password (name of an environment variable), mechanism (plain, 256, 512), broker.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a tool for the developer's own terminal"
)]

use kafkaweave_client::kafka::{Engine, Native, TopicSelection, probe};
use kafkaweave_client::profile::{Profile, Sasl, SaslMechanism, Tls};
use kafkaweave_client::secret::SecretRef;
use kafkaweave_core::model::{ConfigResource, Isolation, OffsetSpec, ResourceKind, TopicPartition};
use std::collections::HashMap;
use std::time::Instant;

#[tokio::main]
async fn main() {
    let (keys, what): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|a| a.contains('='));
    let keys: HashMap<_, _> = keys.iter().map(|k| k.split_once('=').unwrap()).collect();
    let get = |key: &str| keys.get(key).copied();
    let bootstrap = get("bootstrap").unwrap_or("localhost:9092");
    let addresses = bootstrap.split(',').map(String::from).collect();
    let mut profile = Profile::new("look", addresses);
    if ["ca", "tls", "cert", "name"]
        .iter()
        .any(|k| keys.contains_key(k))
    {
        profile.tls = Some(Tls {
            ca: get("ca").map(Into::into),
            certificate: get("cert").map(Into::into),
            key: get("key").map(Into::into),
            server_name: get("name").map(Into::into),
        });
    }
    if let Some(user) = get("user") {
        profile.sasl = Some(Sasl {
            mechanism: match get("mechanism") {
                Some("plain") => SaslMechanism::Plain,
                Some("256") => SaslMechanism::ScramSha256,
                _ => SaslMechanism::ScramSha512,
            },
            username: user.into(),
            password: SecretRef::Env(get("password").unwrap_or("PASSWORD").into()),
        });
    }
    let native = Native::new(&profile).unwrap();
    let selection = match get("topic") {
        Some(names) => TopicSelection::Named(names.split(',').map(String::from).collect()),
        None => TopicSelection::All,
    };
    for what in what {
        let since = Instant::now();
        match what.as_str() {
            "probe" => {
                for step in probe(&profile, &profile.bootstrap[0]).await {
                    match step.outcome {
                        Ok(detail) => println!("{:14} {:?} {detail}", step.name, step.elapsed),
                        Err(e) => {
                            println!("{:14} {:?} FAILED {e}\n   {e:?}", step.name, step.elapsed)
                        }
                    }
                }
            }
            "cluster" => show(native.cluster().await),
            "topics" => show(native.topics(&selection).await),
            "configs" => {
                let of = |kind, name: &str| ConfigResource {
                    kind,
                    name: name.into(),
                };
                let mut resources = vec![of(ResourceKind::Broker, get("broker").unwrap_or("1"))];
                resources.push(of(ResourceKind::Broker, ""));
                resources.extend(get("topic").map(|t| of(ResourceKind::Topic, t)));
                resources.extend(get("group").map(|t| of(ResourceKind::Group, t)));
                let only: Option<Vec<String>> =
                    get("only").map(|o| o.split(',').map(String::from).collect());
                let detail = get("detail").is_some();
                show(native.configs(&resources, only.as_deref(), detail).await);
            }
            "dirs" => {
                let topics = match &selection {
                    TopicSelection::Named(names) => Some(names.as_slice()),
                    TopicSelection::All => None,
                };
                show(native.log_dirs(topics).await);
            }
            "offsets" => {
                let topics = native.topics(&selection).await.unwrap().value;
                let mut queries = Vec::new();
                for topic in topics {
                    for p in topic.partitions {
                        for spec in [
                            OffsetSpec::Earliest,
                            OffsetSpec::Latest,
                            OffsetSpec::MaxTimestamp,
                            OffsetSpec::AtTime(0),
                        ] {
                            queries.push((TopicPartition::new(&topic.name, p.partition), spec));
                        }
                    }
                }
                show(native.offsets(&queries, Isolation::ReadUncommitted).await);
            }
            "groups" => {
                let groups = native.groups().await.unwrap().value;
                show(native.describe_groups(&groups).await);
                show(native.committed(&groups).await);
            }
            "pause" => tokio::time::sleep(std::time::Duration::from_secs(2)).await,
            other => println!("what is {other}?"),
        }
        println!("-- {what}: {:?}", since.elapsed());
    }
    println!("-- {:?}", native.stats());
}

fn show<T: std::fmt::Debug, E: std::fmt::Display>(outcome: Result<T, E>) {
    match outcome {
        Ok(value) => println!("{value:?}"),
        Err(error) => println!("FAILED {error}"),
    }
}
