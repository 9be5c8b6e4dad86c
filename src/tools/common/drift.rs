//! What the comparing tools share: waiting within the call's time, and differences as text.

use crate::problem::Error;
use crate::table::{Table, bytes, duration};
use crate::tool::Context;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::diagnose::compare::{Comparison, Difference, Verdict, Weight};
use kafkaweave_core::model::{ConfigSource, Missing, Partial};
use std::future::Future;

/// A part of one side: what there is of it, its gaps told as those of `cluster`. A part that failed,
/// or that the call's time is over for, is a gap as well, and `None`.
pub(crate) async fn part<T>(
    cx: &Context,
    cluster: &str,
    what: &str,
    asked: impl Future<Output = Result<Partial<T>, KafkaError>>,
    missing: &mut Vec<Missing>,
) -> Option<T> {
    let whole = |why: String| {
        vec![Missing {
            what: what.into(),
            broker: None,
            why,
        }]
    };
    let (value, gaps) = match tokio::time::timeout_at(cx.deadline, asked).await {
        Ok(Ok(partial)) => (Some(partial.value), partial.missing),
        Ok(Err(error)) => (None, whole(error.to_string())),
        Err(_) => (None, whole("no answer within the time of the call".into())),
    };
    missing.extend(gaps.into_iter().map(|gap| of(cluster, gap)));
    value
}

/// A gap with the cluster that it is of.
fn of(cluster: &str, gap: Missing) -> Missing {
    Missing {
        what: format!("{cluster}: {}", gap.what),
        ..gap
    }
}

/// A failure on the second cluster, with its name, as both may have a thing of one name.
pub(crate) fn on(cluster: &str, error: Error) -> Error {
    Error::On {
        cluster: cluster.into(),
        error: Box::new(error),
    }
}

/// The outcome in a few words.
pub(crate) fn outcome(comparison: &Comparison, verdict: Verdict) -> String {
    let matters = comparison.matters();
    let notes = comparison.differences.len() - matters;
    let noted = |text: &str| match notes {
        0 => text.to_owned(),
        1 => format!("{text}, 1 note"),
        _ => format!("{text}, {notes} notes"),
    };
    match verdict {
        Verdict::Identical => "identical".into(),
        Verdict::Alike => noted("alike: nothing that matters differs"),
        Verdict::Unknown => noted("unknown: no difference that matters in what was seen"),
        Verdict::Differs if matters == 1 => noted("differs: 1 difference that matters"),
        Verdict::Differs => noted(&format!("differs: {matters} differences that matter")),
    }
}

/// Differences as a table, `left` and `right` the heads of their columns.
pub(crate) fn table(differences: &[Difference], left: &str, right: &str) -> String {
    let mut table = Table::new(["weight", "subject", "key", left, right, "why"]);
    for row in differences {
        let weight = match row.weight {
            Weight::Matters => "matters",
            Weight::Note => "note",
        };
        table.row([
            weight.into(),
            row.subject.clone(),
            row.key.clone(),
            value(&row.key, &row.left, row.left_source),
            value(&row.key, &row.right, row.right_source),
            row.why.clone(),
        ]);
    }
    table.render()
}

/// A value with what it is in larger units, and where it comes from.
fn value(key: &str, value: &str, source: Option<ConfigSource>) -> String {
    let number = value.parse::<i64>().ok();
    let readable = match number {
        Some(ms) if key.ends_with(".ms") && (1000..i64::MAX).contains(&ms) => {
            format!(" = {}", duration(ms))
        }
        Some(size) if key.ends_with(".bytes") && (1024..i64::MAX).contains(&size) => {
            format!(" = {}", bytes(size))
        }
        _ => String::new(),
    };
    let source = source
        .and_then(|s| serde_json::to_value(s).ok())
        .and_then(|s| s.as_str().map(|s| format!(" ({})", s.replace('_', " "))))
        .unwrap_or_default();
    format!("{value}{readable}{source}")
}
