//! kafka_user_list and kafka_quota_list against ConfigCommand.

use super::{CONFIGS, eventually, find, pages, says};
use crate::support::bed::{Bed, Listener, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeMap;

async fn all_tools(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    Client::start(
        Wire::StdioModern,
        &["--bootstrap", &bootstrap, "--toolsets", "all"],
    )
    .await
}

/// Settings of an entity, such as `--entity-type users --entity-name a`; taken back when dropped.
struct Planted<'a> {
    bed: &'a Bed,
    given: Vec<(Vec<String>, String)>,
}

impl Planted<'_> {
    fn add(&mut self, entity: &[&str], settings: &str, keys: &str) {
        let args = [&["--alter"][..], entity, &["--add-config", settings]].concat();
        self.bed.kafka(CONFIGS, &args).unwrap();
        let entity = entity.iter().map(|w| (*w).to_owned()).collect();
        self.given.push((entity, keys.to_owned()));
    }
}

impl Drop for Planted<'_> {
    fn drop(&mut self) {
        for (entity, keys) in &self.given {
            let entity: Vec<&str> = entity.iter().map(String::as_str).collect();
            let args = [&["--alter"][..], &entity, &["--delete-config", keys]].concat();
            let removed = self.bed.kafka(CONFIGS, &args);
            assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
        }
    }
}

fn planted(bed: &Bed) -> Planted<'_> {
    Planted {
        bed,
        given: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn users_and_their_mechanisms_are_as_kafka_lists_them() {
    let bed = shared();
    let own = bed.name("scram");
    let users = ["carol", "dave", "erin"].map(|end| format!("{own}-{end}"));
    let mut settings = planted(&bed);
    for (user, mechanisms) in users.iter().zip([
        &[("SCRAM-SHA-512", 8192)][..],
        &[("SCRAM-SHA-256", 4096), ("SCRAM-SHA-512", 16_384)],
        &[("SCRAM-SHA-256", 5000)],
    ]) {
        for (mechanism, iterations) in mechanisms {
            let value = format!("{mechanism}=[iterations={iterations},password=canary-of-{user}]");
            settings.add(
                &["--entity-type", "users", "--entity-name", user],
                &value,
                mechanism,
            );
        }
    }
    let said = bed
        .kafka(CONFIGS, &["--describe", "--entity-type", "users"])
        .unwrap();
    // SCRAM credential configs for user-principal 'a' are SCRAM-SHA-256=iterations=4096, SCRAM-SHA-512=iterations=4096
    let mut truth: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for line in said.lines() {
        let Some(rest) = line.strip_prefix("SCRAM credential configs for user-principal '") else {
            continue;
        };
        let (user, credentials) = rest.split_once("' are ").unwrap();
        let pair = |text: &str| {
            let (mechanism, iterations) = text.split_once("=iterations=").unwrap();
            (mechanism.to_owned(), iterations.parse().unwrap())
        };
        // In any order, as it happens to come.
        let mut credentials: Vec<_> = credentials.split(", ").map(pair).collect();
        credentials.sort();
        truth.insert(user.into(), credentials);
    }
    truth.retain(|user, _| user.starts_with(&own));
    assert_eq!(truth.len(), 3, "{said}");
    let client = all_tools(&bed).await;
    let ask = async || {
        client
            .call("kafka_user_list", json!({"pattern": own}))
            .await
    };
    let answer = eventually(ask, |a| a.data["total"] == 3).await;
    let ours = |rows: &[Value]| -> BTreeMap<String, Vec<(String, i64)>> {
        let credential = |c: &Value| {
            let mechanism = c["mechanism"].as_str().unwrap().to_owned();
            (mechanism, c["iterations"].as_i64().unwrap())
        };
        let row = |r: &Value| {
            let credentials = r["credentials"].as_array().unwrap();
            let user = r["user"].as_str().unwrap().to_owned();
            (user, credentials.iter().map(credential).collect())
        };
        rows.iter().map(row).collect()
    };
    assert_eq!(ours(answer.data["users"].as_array().unwrap()), truth);
    let paged = json!({"pattern": own, "limit": 2});
    let paged = pages(&client, "kafka_user_list", paged, "users").await;
    assert_eq!(ours(&paged), truth);
    says(
        &answer,
        &[
            "3 users with SCRAM credentials",
            "OAUTHBEARER, Kerberos and TLS are not stored in Kafka",
            "SCRAM-SHA-256 (4096 iterations), SCRAM-SHA-512 (16384 iterations)",
        ],
    );
    assert!(!answer.text.contains("canary-of") && !answer.data.to_string().contains("canary-of"));
    let nobody = json!({"pattern": format!("{own}-nobody")});
    says(
        &client.call("kafka_user_list", nobody).await,
        &["no users with SCRAM"],
    );
}

/// User, client id, ip (`<default>` for a default), key.
type Limit = ([Option<String>; 3], String);

/// What ConfigCommand describes of all entities: `Quota configs for user-principal 'a', the default client-id are k=1.0`.
fn described(bed: &Bed) -> BTreeMap<Limit, f64> {
    let mut limits = BTreeMap::new();
    for kinds in [
        &["users"][..],
        &["clients"],
        &["ips"],
        &["users", "clients"],
    ] {
        let mut args = vec!["--describe"];
        args.extend(kinds.iter().flat_map(|kind| ["--entity-type", kind]));
        let said = bed.kafka(CONFIGS, &args).unwrap();
        for line in said.lines() {
            let Some(rest) = line.strip_prefix("Quota configs for ") else {
                continue;
            };
            let (entity, values) = rest.split_once(" are ").unwrap();
            let part = |kind: &str| {
                let default = format!("the default {kind}");
                entity.split(", ").find_map(|part| {
                    if part == default {
                        return Some("<default>".to_owned());
                    }
                    let name = part.strip_prefix(kind)?.trim();
                    Some(name.trim_matches('\'').to_owned())
                })
            };
            let names = [part("user-principal"), part("client-id"), part("ip")];
            for value in values.split(", ") {
                let (key, value) = value.split_once('=').unwrap();
                limits.insert((names.clone(), key.to_owned()), value.parse().unwrap());
            }
        }
    }
    limits
}

fn ours(rows: &[Value]) -> BTreeMap<Limit, f64> {
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().map(String::from);
        let names = [text("user"), text("client_id"), text("ip")];
        let key = row["key"].as_str().unwrap().to_owned();
        ((names, key), row["value"].as_f64().unwrap())
    };
    rows.iter().map(row).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn quotas_of_every_entity_are_as_kafka_describes_them() {
    let bed = shared();
    let own = bed.name("quota");
    let (user, app) = (format!("{own}-user"), format!("{own}-app"));
    let ip = "127.99.1.2";
    let users = ["--entity-type", "users"];
    let clients = ["--entity-type", "clients"];
    let ips = ["--entity-type", "ips"];
    let name = |name: &'static str| ["--entity-name", name];
    let (of_user, of_app) = (
        ["--entity-name", user.as_str()],
        ["--entity-name", app.as_str()],
    );
    let default = ["--entity-default"];
    let mut settings = planted(&bed);
    // Defaults hold for other tests too, so they are beyond what anybody reaches.
    for (entity, values) in [
        (
            [&users[..], &of_user, &clients, &of_app].concat(),
            vec![("producer_byte_rate", "10240")],
        ),
        (
            [&users[..], &of_user, &clients, &default].concat(),
            vec![
                ("producer_byte_rate", "20480"),
                ("consumer_byte_rate", "1048576"),
            ],
        ),
        (
            [&users[..], &of_user].concat(),
            vec![
                ("consumer_byte_rate", "2097152"),
                ("request_percentage", "12.5"),
            ],
        ),
        (
            [&users[..], &default, &clients, &of_app].concat(),
            vec![("controller_mutation_rate", "900000.5")],
        ),
        (
            [&users[..], &default, &clients, &default].concat(),
            vec![("controller_mutation_rate", "1000000")],
        ),
        (
            [&users[..], &default].concat(),
            vec![("request_percentage", "1000000")],
        ),
        (
            [&clients[..], &of_app].concat(),
            vec![("consumer_byte_rate", "4194304")],
        ),
        (
            [&clients[..], &default].concat(),
            vec![("consumer_byte_rate", "8000000000000")],
        ),
        (
            [&ips[..], &name(ip)].concat(),
            vec![("connection_creation_rate", "100")],
        ),
        (
            [&ips[..], &default].concat(),
            vec![("connection_creation_rate", "1000000")],
        ),
    ] {
        let set: Vec<String> = values.iter().map(|(k, v)| format!("{k}={v}")).collect();
        let keys: Vec<&str> = values.iter().map(|(k, _)| *k).collect();
        settings.add(&entity, &set.join(","), &keys.join(","));
    }
    let truth = described(&bed);
    assert_eq!(truth.len(), 12, "{truth:#?}");
    let client = all_tools(&bed).await;
    let ask = async || {
        client
            .call("kafka_quota_list", json!({"limit": 1000}))
            .await
    };
    let rows = |data: &Value| data["quotas"].as_array().unwrap().clone();
    let answer = eventually(ask, |a| ours(&rows(&a.data)) == truth).await;
    says(
        &answer,
        &[
            "12 quotas",
            "<default>",
            "10240 bytes/s (10.0 KiB/s)",
            "12.5 % of one thread",
            "100 connections/s",
            "900000.5 partitions",
        ],
    );
    assert!(
        rows(&answer.data)
            .iter()
            .all(|row| row["in_force"].is_null())
    );
    let paged = pages(&client, "kafka_quota_list", json!({"limit": 5}), "quotas").await;
    assert_eq!(ours(&paged), truth);

    // Of several, the documented order decides for each key by itself.
    let asked = json!({"user": user, "client_id": app});
    let answer = client.call("kafka_quota_list", asked).await;
    let force: Vec<Value> = rows(&answer.data)
        .into_iter()
        .filter(|row| row["in_force"] == true)
        .map(|row| json!([row["key"], row["value"], row["user"], row["client_id"]]))
        .collect();
    assert_eq!(
        force,
        [
            json!(["producer_byte_rate", 10240.0, user, app]),
            json!(["consumer_byte_rate", 1_048_576.0, user, "<default>"]),
            json!(["request_percentage", 12.5, user, null]),
            json!(["controller_mutation_rate", 900_000.5, "<default>", app]),
        ]
    );
    assert!(rows(&answer.data).iter().all(|row| row["ip"].is_null()));
    says(
        &answer,
        &[
            "no, a more specific one is",
            "user+client, user+default client",
        ],
    );
    for (address, value) in [(ip, 100.0), ("127.99.1.3", 1_000_000.0)] {
        let answer = client
            .call("kafka_quota_list", json!({"ip": address}))
            .await;
        let row = find(&answer.data["quotas"], "in_force", true);
        assert_eq!(row["value"], value, "{}", answer.text);
    }
    // Nobody is asked for: only what is there by default.
    let other = json!({"user": format!("{own}-other"), "client_id": format!("{own}-other")});
    let answer = client.call("kafka_quota_list", other).await;
    assert!(
        rows(&answer.data)
            .iter()
            .all(|row| row["user"] != json!(user))
    );
    assert_eq!(
        find(&answer.data["quotas"], "key", "consumer_byte_rate")["client_id"],
        "<default>"
    );
}
