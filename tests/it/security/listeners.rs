//! Every listener and mechanism gives the answers that the plain one gives.

use super::{Flags, Grants, PASSWORDS};
use crate::support::bed::{Bed, Listener, NODES, TopicPlan, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::{Value, json};
use std::path::PathBuf;

const MECHANISMS: [&str; 3] = ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN"];

/// All ways in: what to call it, where it ends, and the flags.
fn ways(bed: &Bed) -> Vec<(String, Listener, Flags)> {
    let mut ways = Vec::new();
    for mechanism in MECHANISMS {
        for listener in [Listener::SaslSsl, Listener::SaslPlaintext] {
            let mut flags = Flags::of(bed, listener).log_in(mechanism, "admin", "ADMIN_PASSWORD");
            if listener == Listener::SaslSsl {
                flags = flags.tls(bed, "ca.pem");
            }
            ways.push((format!("{mechanism} at {listener:?}"), listener, flags));
        }
    }
    let certificate = Flags::of(bed, Listener::Ssl)
        .tls(bed, "ca.pem")
        .certificate(bed, "alice");
    ways.push(("a client certificate".into(), Listener::Ssl, certificate));
    ways
}

/// The same ways as clusters of one file, by the names of `ways`.
fn file(bed: &Bed) -> String {
    let pki = |name: &str| bed.pki().join(name).display().to_string();
    let mut text = String::new();
    for mechanism in MECHANISMS {
        for listener in [Listener::SaslSsl, Listener::SaslPlaintext] {
            let addresses: Vec<_> = NODES.iter().map(|n| bed.address(*n, listener)).collect();
            text.push_str(&format!(
                "[clusters.'{mechanism}-{listener:?}']\nbootstrap = {addresses:?}\n\
                 sasl = {{ mechanism = '{mechanism}', username = 'admin', password = {{ env = 'ADMIN_PASSWORD' }} }}\n"
            ));
            if listener == Listener::SaslSsl {
                text.push_str(&format!("tls = {{ ca = '{}' }}\n", pki("ca.pem")));
            }
        }
    }
    let addresses: Vec<_> = NODES
        .iter()
        .map(|n| bed.address(*n, Listener::Ssl))
        .collect();
    let (ca, certificate, key) = (pki("ca.pem"), pki("alice.crt"), pki("alice.key"));
    text.push_str(&format!(
        "[clusters.certificate]\nbootstrap = {addresses:?}\n\
         tls = {{ ca = '{ca}', certificate = '{certificate}', key = '{key}' }}\n"
    ));
    text
}

/// A folder that is gone with the test.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left of it does no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// What is the same at every listener.
async fn seen(client: &Client, cluster: Option<&str>, stem: &str) -> (Value, Value, Vec<String>) {
    let asked = |mut arguments: Value| {
        if let Some(cluster) = cluster {
            arguments["cluster"] = json!(cluster);
        }
        arguments
    };
    let topics = client
        .call("kafka_topic_list", asked(json!({ "pattern": stem })))
        .await;
    let described = client
        .call("kafka_cluster_describe", asked(json!({})))
        .await
        .data;
    let brokers = described["brokers"].as_array().unwrap();
    let addresses = brokers
        .iter()
        .map(|b| b["address"].as_str().unwrap().to_owned())
        .collect();
    let of = |rows: &Value, keys: &[&str]| -> Value {
        let row = |row: &Value| -> Value { keys.iter().map(|k| row[*k].clone()).collect() };
        rows.as_array().unwrap().iter().map(row).collect()
    };
    let cluster = json!({
        "id": described["cluster_id"],
        "version": described["kafka_version"],
        "controller": described["controller"],
        "brokers": of(&described["brokers"], &["broker", "rack", "state"]),
        "quorum": of(&described["quorum"], &["id", "role"]),
        "missing": described["missing"],
    });
    (topics.data, cluster, addresses)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_and_mechanism_gives_the_answers_of_the_plain_one() {
    let bed = shared();
    let stem = bed.name("listeners");
    let plans = [("a", 3), ("b", 1)].map(|(end, n)| TopicPlan::new(&format!("{stem}-{end}"), n));
    bed.plant_topics(&plans).unwrap();
    let prefixed = ["--topic", &stem, "--resource-pattern-type", "prefixed"];
    let _grants = Grants::to(&bed, "alice", &["Describe"], &[&prefixed, &["--cluster"]]);

    let flags = Flags::of(&bed, Listener::Plaintext);
    let plain = Client::start(Wire::StdioModern, &flags.args()).await;
    let (topics, cluster, _) = seen(&plain, None, &stem).await;
    assert_eq!(topics["total"], 2, "{topics}");
    assert_eq!(cluster["missing"], Value::Null);
    assert!(cluster["controller"]["id"].is_i64(), "{cluster}");

    for (name, listener, flags) in ways(&bed) {
        let client = Client::start_with(Wire::StdioModern, &flags.args(), PASSWORDS).await;
        let (its_topics, its_cluster, addresses) = seen(&client, None, &stem).await;
        assert_eq!(its_topics, topics, "{name}");
        assert_eq!(its_cluster, cluster, "{name}");
        assert_eq!(addresses, NODES.map(|n| bed.address(n, listener)), "{name}");
    }

    let folder = Folder(std::env::temp_dir().join(&stem));
    std::fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("kafkaweave.toml");
    std::fs::write(&path, file(&bed)).unwrap();
    let args = ["--config", path.to_str().unwrap()];
    let client = Client::start_with(Wire::StdioLegacy, &args, PASSWORDS).await;
    let listed = client.call("kafka_cluster_list", json!({})).await.data;
    let names: Vec<_> = listed["clusters"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| {
            c["cluster"]
                .as_str()
                .unwrap_or_else(|| panic!("{c}"))
                .to_owned()
        })
        .collect();
    assert_eq!(names.len(), 7, "{names:?}");
    for name in names {
        let (its_topics, its_cluster, _) = seen(&client, Some(&name), &stem).await;
        assert_eq!(
            (its_topics, its_cluster),
            (topics.clone(), cluster.clone()),
            "{name}"
        );
    }
}
