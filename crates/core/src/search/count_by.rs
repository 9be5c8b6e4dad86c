//! What records are counted by: one group for each record, so that groups add up to the total.

use super::condition::{Field, Part};
use super::error::ConditionFault;
use super::evaluate::{Document, Documents};
use super::field::field;
use super::tally::Label;
use crate::model::RecordView;
use crate::near::near;
use serde_json_path::JsonPath;
use thiserror::Error;

/// Words, as errors list them.
const WORDS: [&str; 7] = [
    "total",
    "partition",
    "key",
    "value",
    "minute",
    "hour",
    "day",
];

/// What records are counted by: `total` (not at all), `partition`, `key`, `value`, `minute`, `hour`
/// or `day` of the timestamp (UTC), `header.NAME`, `$.path` or `key.$.path`.
///
/// Each record is in one group: where a header repeats its last value counts (as in Kafka's
/// `lastHeader`), where a path selects several nodes the first.
#[derive(Clone, Debug)]
pub struct CountBy {
    by: By,
    source: String,
}

#[derive(Clone, Debug)]
enum By {
    Total,
    Partition,
    Text(Part),
    Header(String),
    Path(Part, JsonPath),
    /// Length of a span, ms.
    Time(i64),
}

/// A text that says nothing to count by.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CountByError {
    /// No word that is known, no header and no path.
    #[error(
        "is `{text}`{}; allowed: total, partition, key, value, minute, hour, day, header.NAME, $.path, key.$.path",
        .near.map(|near| format!(", did you mean `{near}`")).unwrap_or_default()
    )]
    Unknown {
        /// As written, at most 60 characters.
        text: String,
        /// The nearest word.
        near: Option<&'static str>,
    },
    /// Something follows the header or path.
    #[error("is `{text}`: `{surplus}` is too much; write a header or a path and nothing else")]
    Surplus {
        /// As written, at most 60 characters.
        text: String,
        /// What is too much, at most 60 characters.
        surplus: String,
    },
    /// A header or path that cannot be used.
    #[error("cannot be used: {0}")]
    Field(Box<ConditionFault>),
}

impl CountBy {
    /// Reads what to count by.
    ///
    /// # Errors
    /// [`CountByError`], which lists what is allowed.
    pub fn parse(text: &str) -> Result<Self, CountByError> {
        let text = text.trim();
        let short = |text: &str| text.chars().take(60).collect::<String>();
        let by = match text {
            "total" => By::Total,
            "partition" => By::Partition,
            "key" => By::Text(Part::Key),
            "value" => By::Text(Part::Value),
            "minute" => By::Time(60_000),
            "hour" => By::Time(3_600_000),
            "day" => By::Time(86_400_000),
            _ if text.len() <= 4096
                && ["$", "key.$", "value.$", "header."]
                    .iter()
                    .any(|prefix| text.starts_with(prefix)) =>
            {
                let (field, _, rest) = field(text).map_err(|e| CountByError::Field(Box::new(e)))?;
                if !rest.is_empty() {
                    return Err(CountByError::Surplus {
                        text: short(text),
                        surplus: short(rest.trim_start()),
                    });
                }
                match field {
                    Field::Header(name) => By::Header(name),
                    Field::Path(part, path) => By::Path(part, path),
                    Field::Text(part) => By::Text(part),
                    Field::Number(_) => By::Total,
                }
            }
            _ => {
                return Err(CountByError::Unknown {
                    text: short(text),
                    near: near(text, WORDS, 1).first().copied(),
                });
            }
        };
        Ok(Self {
            by,
            source: text.to_owned(),
        })
    }

    /// As it was written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether groups are spans of time, which are read in their own order.
    pub fn is_time(&self) -> bool {
        matches!(self.by, By::Time(_))
    }

    /// Whether there is but one group, the total.
    pub fn is_total(&self) -> bool {
        matches!(self.by, By::Total)
    }

    /// The group of all records of a batch, where its header tells it. `appended_ms` is the time
    /// that they all bear, when they do.
    pub fn of_batch(&self, partition: i32, appended_ms: Option<i64>, label: &mut Label) -> bool {
        match (&self.by, appended_ms) {
            (By::Total, _) => label.total(),
            (By::Partition, _) => label.number(partition.into()),
            (By::Time(span_ms), Some(ms)) => time(ms, *span_ms, label),
            _ => return false,
        }
        true
    }

    /// Puts a record's group into `label`.
    pub fn of_record(
        &self,
        record: &RecordView<'_>,
        documents: &mut Documents<'_>,
        label: &mut Label,
    ) {
        match &self.by {
            By::Total => label.total(),
            By::Partition => label.number(record.partition.into()),
            By::Time(span_ms) => time(record.timestamp_ms, *span_ms, label),
            By::Text(Part::Key) => label.bytes(record.key),
            By::Text(Part::Value) => label.bytes(record.value),
            By::Header(name) => {
                let named = |(header, _): &&(&[u8], _)| *header == name.as_bytes();
                match record.headers.iter().rev().find(named) {
                    Some((_, value)) => label.bytes(*value),
                    None => label.absent(),
                }
            }
            By::Path(part, path) => match documents.get(*part) {
                Document::NotJson => label.not_json(),
                Document::Json(json) => match path.query(json).first() {
                    Some(node) => label.bytes(Some(node.to_string().as_bytes())),
                    None => label.absent(),
                },
                Document::Null | Document::Bytes(_) => label.bytes(None),
            },
        }
    }
}

fn time(timestamp_ms: i64, span_ms: i64, label: &mut Label) {
    if timestamp_ms < 0 {
        label.absent();
    } else {
        label.number(timestamp_ms - timestamp_ms % span_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Group, Tally};
    use super::*;

    const HEADERS: &[(&[u8], Option<&[u8]>)] =
        &[(b"h", Some(b"1")), (b"h", Some(b"2")), (b"none", None)];

    fn group(by: &str, record: &RecordView<'_>) -> Group {
        let by = CountBy::parse(by).unwrap();
        let (mut label, mut tally) = (Label::default(), Tally::default());
        by.of_record(record, &mut Documents::of(record), &mut label);
        tally.add(&label, 1);
        tally.groups().remove(0).0
    }

    fn text(text: &str) -> Group {
        Group::Bytes {
            head: text.as_bytes().to_vec(),
            size_bytes: text.len(),
        }
    }

    #[test]
    fn a_record_is_in_one_group_whatever_it_is_counted_by() {
        let record = RecordView {
            partition: 3,
            offset: 9,
            timestamp_ms: 1_795_496_461_234,
            key: Some(b"k"),
            value: Some(br#"{"status":"FAILED","n":1.50,"list":[{"a":1},{"a":2}],"no":null}"#),
            headers: HEADERS,
        };
        for (by, expected) in [
            ("total", Group::Total),
            ("partition", Group::Number(3)),
            ("key", text("k")),
            ("minute", Group::Number(1_795_496_460_000)),
            ("hour", Group::Number(1_795_496_400_000)),
            ("day", Group::Number(1_795_478_400_000)),
            ("header.h", text("2")),
            ("header.none", Group::Null),
            ("header.other", Group::Absent),
            ("$.status", text("\"FAILED\"")),
            ("value.$.n", text("1.5")),
            ("$.list[*].a", text("1")),
            ("$.list[0]", text("{\"a\":1}")),
            ("$.no", text("null")),
            ("$.missing", Group::Absent),
            ("key.$.x", Group::NotJson),
        ] {
            assert_eq!(group(by, &record), expected, "{by}");
        }
        let bare = RecordView {
            key: None,
            value: Some(b""),
            timestamp_ms: -1,
            ..record
        };
        assert_eq!(group("key", &bare), Group::Null);
        assert_eq!(group("value", &bare), text(""));
        assert_eq!(group("hour", &bare), Group::Absent);
        assert_eq!(group("key.$.x", &bare), Group::Null);
    }

    #[test]
    fn a_batch_tells_its_group_only_where_all_its_records_share_it() {
        let mut label = Label::default();
        let mut told = |by: &str, appended| {
            CountBy::parse(by)
                .unwrap()
                .of_batch(1, appended, &mut label)
        };
        assert!(told("total", None) && told("partition", None) && told("hour", Some(5)));
        assert!(!told("hour", None) && !told("key", Some(5)) && !told("$.a", Some(5)));
    }

    #[test]
    fn what_is_nothing_to_count_by_is_told_with_what_is() {
        for (wrong, parts) in [
            ("keys", &["did you mean `key`", "header.NAME"][..]),
            ("", &["allowed: total"]),
            ("status", &["allowed: total"]),
            ("header.", &["a header needs a name"]),
            ("$.a[", &["no JSON path"]),
            ("$..a..b", &["more than 1 descent"]),
            ("$.a = 1", &["`= 1` is too much"]),
        ] {
            let error = CountBy::parse(wrong).unwrap_err().to_string();
            assert!(
                parts.iter().all(|part| error.contains(part)),
                "{wrong}: {error}"
            );
        }
    }
}
