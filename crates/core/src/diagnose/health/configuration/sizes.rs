//! Limits of message sizes against each other.
//!
//! What Kafka enforces: a batch above the topic's `max.message.bytes` is refused, so is one above
//! `segment.bytes`, and a request above `socket.request.max.bytes` costs the connection.
//! `replica.fetch.max.bytes`, `replica.fetch.response.max.bytes` and the consumers' limits are no
//! absolute ones (KIP-74): the first batch is handed out whatever its size, so larger batches are
//! replicated, one a fetch. Limits of producers and consumers are not known here.

use super::super::finding::{Finding, Severity};
use super::super::rule::Rule;
use super::super::settings::Settings;
use super::super::snapshot::Snapshot;
use super::super::words::lines;
use std::collections::BTreeMap;

/// Offset and length before each batch, which the limit of messages includes by default and the
/// limits of fetches and segments do not.
const OVERHEAD_BYTES: i64 = 12;

pub(super) fn judge(snapshot: &Snapshot, findings: &mut Vec<Finding>) {
    let (mut refused, mut slow) = (Rows::default(), Rows::default());
    let least = |key: &str| least(snapshot.broker_settings.as_ref(), key);
    let request = least("socket.request.max.bytes");
    let fetch = least("replica.fetch.max.bytes");
    let response = least("replica.fetch.response.max.bytes");
    for (topic, settings) in snapshot.topic_settings.iter().flatten() {
        let Some(message) = settings.number("max.message.bytes") else {
            continue;
        };
        let batch = message.saturating_sub(OVERHEAD_BYTES);
        let segment = settings.number("segment.bytes");
        if let Some(segment) = segment.filter(|segment| batch > *segment) {
            refused.add(topic, format!(
                "{topic}: max.message.bytes {message} above segment.bytes {segment}: batches between are refused (RECORD_LIST_TOO_LARGE)"
            ));
        } else if let Some(request) = request.filter(|request| message > *request) {
            refused.add(topic, format!(
                "{topic}: max.message.bytes {message} above socket.request.max.bytes {request}: larger requests cost the producer its connection"
            ));
        } else if let Some(response) = response.filter(|response| batch > *response) {
            slow.add(topic, format!(
                "{topic}: max.message.bytes {message} above replica.fetch.response.max.bytes {response}: such a batch fills a whole fetch"
            ));
        } else if let Some(fetch) = fetch.filter(|fetch| batch > *fetch) {
            slow.add(topic, format!(
                "{topic}: max.message.bytes {message} above replica.fetch.max.bytes {fetch}: such a batch is copied one a fetch"
            ));
        }
    }
    if let Some(words) = differing(snapshot) {
        refused.evidence.insert(0, words);
    }
    for (severity, rows) in [(Severity::Warning, refused), (Severity::Info, slow)] {
        if rows.evidence.is_empty() {
            continue;
        }
        let mut found = if rows.topics.is_empty() {
            Finding::new(Rule::MessageSizesMisfit, severity, "brokers")
        } else {
            super::finding(Rule::MessageSizesMisfit, severity, rows.topics)
        };
        found.evidence = lines(rows.evidence);
        (found.meaning, found.remedy) = if severity == Severity::Warning {
            (
                "the limit that is set cannot be reached: large messages fail for a reason that the topic's limit does not show".into(),
                "bring the limits in line: max.message.bytes at most segment.bytes and socket.request.max.bytes, message.max.bytes the same on all brokers".into(),
            )
        } else {
            (
                "it works: the limits of fetches are no absolute ones (KIP-74); but followers get large batches one at a time and may fall out of the ISR under load".into(),
                "raise replica.fetch.max.bytes and replica.fetch.response.max.bytes to what such topics take".into(),
            )
        };
        found.next_tool = Some("kafka_config_describe".into());
        findings.push(found);
    }
}

#[derive(Default)]
struct Rows {
    topics: Vec<String>,
    evidence: Vec<String>,
}

impl Rows {
    fn add(&mut self, topic: &str, words: String) {
        self.topics.push(topic.to_owned());
        self.evidence.push(words);
    }
}

/// The lowest value of a key on any broker: partitions may be led by each.
fn least(brokers: Option<&BTreeMap<i32, Settings>>, key: &str) -> Option<i64> {
    brokers?.values().filter_map(|s| s.number(key)).min()
}

/// `message.max.bytes` where brokers differ in it.
fn differing(snapshot: &Snapshot) -> Option<String> {
    const KEY: &str = "message.max.bytes";
    let brokers = snapshot.broker_settings.as_ref()?;
    let values: Vec<(i32, i64)> = brokers
        .iter()
        .filter_map(|(id, settings)| Some((*id, settings.number(KEY)?)))
        .collect();
    let (_, first) = values.first()?;
    if values.iter().all(|(_, value)| value == first) {
        return None;
    }
    let words: Vec<String> = values
        .iter()
        .map(|(id, value)| format!("broker {id} {value}"))
        .collect();
    Some(format!(
        "{KEY} differs: {}; topics without their own limit take or refuse a message by who leads",
        words.join(", ")
    ))
}
