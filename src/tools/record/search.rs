//! kafka_record_search: records that fulfil conditions, and what was covered to find them.

use super::conditions::CONDITIONS;
use super::range::{self, Asked, PAYLOAD_BYTES};
use super::shown::Records;
use crate::page;
use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use kafkaweave_core::model::ScanOrder;
use kafkaweave_core::search::{CountBy, Predicate, ReadFrom, ReadUntil};
use schemars::JsonSchema;
use serde::Deserialize;

/// kafka_record_search.
pub struct SearchRecords;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    /// All hold: `value contains x`, `key = k or $.n > 9`, `not header.h ~ re`
    r#where: Option<Vec<String>>,
    /// Counts by total, key, partition, hour, header.h or $.path
    count_by: Option<String>,
    partitions: Option<Vec<i32>>,
    /// beginning (default), offset, RFC 3339 or -15m
    from: Option<String>,
    until: Option<String>,
    order: Option<ScanOrder>,
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    #[schemars(range(min = 16, max = 1_048_576), extend("default" = 1024))]
    payload_bytes: Option<u32>,
    read_committed: Option<bool>,
    cursor: Option<String>,
}

impl Tool for SearchRecords {
    const NAME: &'static str = "kafka_record_search";
    const TITLE: &'static str = "Search records";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Records;

    fn description() -> &'static str {
        "Finds or counts records; says what was covered."
    }

    fn detail() -> &'static str {
        CONDITIONS
    }

    async fn run(cx: &Context, input: Input) -> Result<Records, Error> {
        let bad = |path: &str, reason: String| Error::Argument {
            path: path.into(),
            reason,
            near: Vec::new(),
        };
        let count_by = input
            .count_by
            .as_deref()
            .map(|text| CountBy::parse(text).map_err(|e| bad("count_by", e.to_string())))
            .transpose()?;
        let conditions = input.r#where.unwrap_or_default();
        if conditions.is_empty() && count_by.is_none() {
            let reason = "is []; allowed: one or more conditions (kafka_record_read reads without, `count_by` counts without)";
            return Err(bad("where", reason.into()));
        }
        if count_by.is_some() && input.order == Some(ScanOrder::Latest) {
            let reason = "is latest; allowed with `count_by`: earliest (all of the range is counted; `from` leaves out what is old)";
            return Err(bad("order", reason.into()));
        }
        let predicate = (!conditions.is_empty())
            .then(|| Predicate::parse(&conditions))
            .transpose()?;
        let from = input
            .from
            .as_deref()
            .map_or(Ok(ReadFrom::Beginning), |text| range::from(text, cx.now_ms))?;
        let until = input
            .until
            .as_deref()
            .map_or(Ok(ReadUntil::End), |text| range::until(text, cx.now_ms))?;
        // There is no number of records to begin before the end with: all of it is counted.
        let tail = from == ReadFrom::Tail;
        let order = input.order.unwrap_or(if tail && count_by.is_none() {
            ScanOrder::Latest
        } else {
            ScanOrder::Earliest
        });
        let asked = Asked {
            topic: input.topic,
            partitions: input.partitions.unwrap_or_default(),
            from: if tail { ReadFrom::Beginning } else { from },
            until,
            order,
            predicate,
            limit: page::limit(input.limit, if count_by.is_some() { 50 } else { 10 }),
            count_by,
            isolation: range::isolation(input.read_committed),
            payload_bytes: page::limit(Some(input.payload_bytes.unwrap_or(PAYLOAD_BYTES)), 1024),
            raw: false,
            cursor: input.cursor,
        };
        range::scan(cx, asked).await
    }
}
