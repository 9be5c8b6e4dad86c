//! A server to which brokers hand out only so many bytes a second: reads that last, whatever the machine.
//!
//! Kafka's own quota for one `client.id`, so that nobody else is slowed down. Bytes of some ten seconds come at once;
//! then the broker answers nothing and reads nothing until the average over these ten seconds is right again.

use super::bed::{Bed, Listener, NODES};
use std::time::{Duration, Instant};

const CONFIGS: &str = "kafka.admin.ConfigCommand";
const CLIENTS: [&str; 3] = ["--entity-type", "clients", "--entity-name"];

/// A quota; taken back when dropped.
pub(crate) struct Slow<'a> {
    bed: &'a Bed,
    client_id: String,
}

impl<'a> Slow<'a> {
    /// Sets the quota, and waits until each broker knows it.
    pub(crate) fn new(bed: &'a Bed, bytes_a_second: u32) -> Self {
        let client_id = bed.name("slow");
        let setting = format!("consumer_byte_rate={bytes_a_second}");
        let entity = [&CLIENTS[..], &[&client_id]].concat();
        let alter = [&["--alter"][..], &entity, &["--add-config", &setting]].concat();
        bed.kafka(CONFIGS, &alter).unwrap();
        let until = Instant::now() + Duration::from_secs(20);
        for node in NODES {
            let at = bed.address(node, Listener::Plaintext);
            let words = [CONFIGS, "--bootstrap-server", &at, "--describe"];
            let words = [&words[..], &entity].concat();
            while !bed.tool(&words, "").unwrap().contains("consumer_byte_rate") {
                assert!(Instant::now() < until, "broker {node} has no quota");
            }
        }
        Self { bed, client_id }
    }

    /// Variables of a server that the quota holds for.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let bootstrap = self.bed.bootstrap(Listener::Plaintext);
        vec![
            ("KAFKAWEAVE_CLUSTERS__SLOW__BOOTSTRAP", bootstrap),
            (
                "KAFKAWEAVE_CLUSTERS__SLOW__CLIENT_ID",
                self.client_id.clone(),
            ),
        ]
    }
}

impl Drop for Slow<'_> {
    fn drop(&mut self) {
        let entity = [&CLIENTS[..], &[&self.client_id]].concat();
        let keys = ["--delete-config", "consumer_byte_rate"];
        let args = [&["--alter"][..], &entity, &keys].concat();
        let removed = self.bed.kafka(CONFIGS, &args);
        assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
    }
}
