//! Open transactions in words.

use crate::table::{Table, duration};
use kafkaweave_core::diagnose::transactions::{OpenTransaction, Standing};

/// `12s of 1m 00s (20 %)`, as far as known.
pub(super) fn timeout_used(age_ms: Option<i64>, timeout_ms: Option<i64>) -> String {
    match (age_ms, timeout_ms) {
        (Some(age), Some(timeout)) if timeout > 0 => format!(
            "{} of {} ({} %)",
            duration(age),
            duration(timeout),
            age.saturating_mul(100) / timeout
        ),
        (Some(age), _) => duration(age),
        (None, Some(timeout)) => format!("of {}", duration(timeout)),
        (None, None) => String::new(),
    }
}

/// The age against the timeout; nobody keeps the time of one that its coordinator does not know.
fn age(row: &OpenTransaction) -> String {
    let kept = !matches!(row.standing, Standing::Hanging | Standing::Suspected);
    timeout_used(row.age_ms, row.timeout_ms.filter(|_| kept))
}

/// A table of open transactions, and how to end those that hang.
pub(super) fn open(rows: &[OpenTransaction]) -> String {
    let mut table = Table::new([
        "standing",
        "partition",
        "from offset",
        "records held",
        "age of timeout",
        "producer",
        "transactional id",
        "why",
    ]);
    for row in rows {
        let held = row.records_held.map(|n| n.to_string());
        table.row([
            row.standing.word().into(),
            row.partition.to_string(),
            row.start_offset.to_string(),
            held.unwrap_or_else(|| "unknown".into()),
            age(row),
            format!("{}@{}", row.producer_id, row.producer_epoch),
            row.transactional_id.clone().unwrap_or_default(),
            row.why.clone(),
        ]);
    }
    let mut text = table.render();
    if rows.iter().any(|r| r.standing == Standing::Hanging) {
        text.push_str(
            "\na hanging one ends by hand only: kafka-transactions.sh abort --topic TOPIC --partition N --start-offset FROM",
        );
    }
    text
}
