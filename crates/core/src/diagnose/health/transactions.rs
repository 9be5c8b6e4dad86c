//! Transactions that hold the last stable offset: hanging ones, and ones open for too long.

use super::Thresholds;
use super::finding::{Finding, Severity, count};
use super::rule::Rule;
use super::snapshot::{OpenTransaction, Snapshot};
use super::words::{lines, span};
use crate::model::TopicPartition;

pub(super) fn judge(snapshot: &Snapshot, thresholds: &Thresholds, findings: &mut Vec<Finding>) {
    let open = snapshot.transactions.as_deref().unwrap_or_default();
    let mut hanging = Vec::new();
    let mut overdue = Vec::new();
    for transaction in open {
        let age_ms = transaction.age_ms.unwrap_or_default();
        let forgotten = transaction.known_to_coordinator == Some(false);
        let outlived = transaction
            .timeout_ms
            .is_some_and(|timeout| age_ms > timeout.saturating_add(thresholds.hanging_ms));
        if forgotten || outlived {
            hanging.push(transaction);
        } else if age_ms > thresholds.transaction_ms {
            overdue.push(transaction);
        }
    }
    if !hanging.is_empty() {
        let stops = hanging
            .iter()
            .any(|t| t.known_to_coordinator == Some(false));
        let severity = if stops {
            Severity::Critical
        } else {
            Severity::Warning
        };
        findings.push(Finding {
            meaning: "no commit or abort will come for it: read_committed consumers of these partitions stand at the last stable offset, and compaction does not pass it".into(),
            remedy: "abort it by partition and start offset (kafka-transactions.sh abort) once it is certain that its producer is gone".into(),
            ..finding(Rule::HangingTransactions, severity, &hanging)
        });
    }
    if !overdue.is_empty() {
        findings.push(Finding {
            meaning: "read_committed consumers of these partitions wait for its end; transactions usually last seconds".into(),
            remedy: "look at the producer: one that has stopped is fenced and aborted when its transaction.timeout.ms is over".into(),
            ..finding(Rule::OpenTransactionsOverdue, Severity::Warning, &overdue)
        });
    }
}

fn finding(rule: Rule, severity: Severity, transactions: &[&OpenTransaction]) -> Finding {
    let mut partitions: Vec<TopicPartition> =
        transactions.iter().map(|t| t.partition.clone()).collect();
    partitions.sort();
    partitions.dedup();
    let mut oldest: Vec<&OpenTransaction> = transactions.to_vec();
    oldest.sort_by_key(|t| (std::cmp::Reverse(t.age_ms), t.partition.clone()));
    let subject = count(
        &partitions,
        "transaction in partition",
        "transactions in partitions",
    );
    let mut found = Finding::new(rule, severity, subject);
    found.evidence = lines(oldest.into_iter().map(words).collect());
    found.partitions = partitions;
    found.next_tool = Some("kafka_transaction_list".into());
    found
}

fn words(transaction: &OpenTransaction) -> String {
    let mut words = format!(
        "{}: producer {}",
        transaction.partition, transaction.producer_id
    );
    if let Some(id) = &transaction.transactional_id {
        words.push_str(&format!(" ({id})"));
    }
    if let Some(age_ms) = transaction.age_ms {
        words.push_str(&format!(", open for {}", span(age_ms)));
    }
    if let Some(timeout_ms) = transaction.timeout_ms {
        words.push_str(&format!(" of at most {}", span(timeout_ms)));
    }
    if let Some(offset) = transaction.start_offset {
        words.push_str(&format!(", since offset {offset}"));
    }
    words.push_str(match transaction.known_to_coordinator {
        Some(false) => ", not known to its coordinator",
        Some(true) => ", ongoing for its coordinator",
        None => ", coordinator not asked",
    });
    if let Some((stable, end)) = transaction
        .last_stable_offset
        .zip(transaction.high_watermark)
    {
        words.push_str(&format!(
            "; last stable offset {stable}, high watermark {end}: {} offsets held back",
            end.saturating_sub(stable)
        ));
    }
    words
}
