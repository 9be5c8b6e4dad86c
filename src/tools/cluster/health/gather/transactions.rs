//! Transactions that hold back the last stable offset of a partition, judged.

use super::{Asked, Part, left_out};
use crate::problem::Error;
use crate::tools::transaction::open::open_transactions;
use kafkaweave_core::diagnose::health::OpenTransaction;
use kafkaweave_core::diagnose::transactions::{OpenTransaction as Judged, Standing};
use kafkaweave_core::model::{Partial, Topic, TopicPartition};

/// Partitions that are looked at.
const MOST_PARTITIONS: usize = 20_000;

/// Where Kafka keeps transactions: without it there never was one.
const STATE_TOPIC: &str = "__transaction_state";

/// Open transactions that hold a last stable offset; `None` when nobody could look.
pub(super) async fn open(
    asked: Asked<'_>,
    topics: Option<&[Topic]>,
    now_ms: i64,
) -> Part<Vec<OpenTransaction>> {
    let Some(topics) = topics else {
        return Partial::whole(None);
    };
    // Rights may hide this topic, but then they hide its transactions too.
    if !topics.iter().any(|t| t.name == STATE_TOPIC) {
        return Partial::whole(Some(Vec::new()));
    }
    let led = topics.iter().flat_map(|t| {
        let led = t.partitions.iter().filter(|p| p.leader.is_some());
        led.map(|p| TopicPartition::new(t.name.as_str(), p.partition))
    });
    let mut partitions: Vec<TopicPartition> = led.collect();
    let all = partitions.len();
    partitions.truncate(MOST_PARTITIONS);
    let question = async {
        let mut missing = Vec::new();
        let found = open_transactions(asked.engine, &partitions, now_ms, &mut missing).await?;
        let value = found.open.into_iter().map(seen).collect();
        Ok::<_, Error>(Partial { value, missing })
    };
    let mut open = asked.part("open transactions", question).await;
    if all > MOST_PARTITIONS {
        let what = "open transactions in further partitions";
        let instead = "kafka_transaction_list looks into named topics";
        open.missing
            .push(left_out(what, MOST_PARTITIONS, all, instead));
    }
    open
}

/// Whether a coordinator knows it is said only where it is certain: a transaction may end between two
/// questions.
fn seen(judged: Judged) -> OpenTransaction {
    OpenTransaction {
        partition: judged.partition,
        producer_id: judged.producer_id,
        transactional_id: judged.transactional_id,
        start_offset: Some(judged.start_offset),
        last_stable_offset: judged.last_stable_offset,
        high_watermark: judged.high_watermark,
        age_ms: judged.age_ms,
        timeout_ms: judged.timeout_ms,
        known_to_coordinator: match judged.standing {
            Standing::Hanging => Some(false),
            Standing::Suspected | Standing::Unknown => None,
            Standing::Overdue | Standing::Ending | Standing::Ongoing => Some(true),
        },
    }
}
