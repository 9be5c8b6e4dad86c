//! kafka_record_read: records by offset, time, or from the tail.

use super::range::{self, Asked, PAYLOAD_BYTES};
use super::shown::Records;
use crate::page;
use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use kafkaweave_core::model::ScanOrder;
use kafkaweave_core::search::{ReadFrom, ReadUntil};
use schemars::JsonSchema;
use serde::Deserialize;

/// kafka_record_read.
pub struct ReadRecords;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    partitions: Option<Vec<i32>>,
    /// tail (default), beginning, offset, RFC 3339 or -15m
    from: Option<String>,
    until: Option<String>,
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    #[schemars(range(min = 16, max = 1_048_576), extend("default" = 1024))]
    payload_bytes: Option<u32>,
    read_committed: Option<bool>,
    raw: Option<bool>,
    cursor: Option<String>,
}

impl Tool for ReadRecords {
    const NAME: &'static str = "kafka_record_read";
    const TITLE: &'static str = "Read records";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Records;

    fn description() -> &'static str {
        "Records of a topic with key, value, headers, time. Joins no group."
    }

    async fn run(cx: &Context, input: Input) -> Result<Records, Error> {
        let from = input
            .from
            .as_deref()
            .map_or(Ok(ReadFrom::Tail), |text| range::from(text, cx.now_ms))?;
        let until = input
            .until
            .as_deref()
            .map_or(Ok(ReadUntil::End), |text| range::until(text, cx.now_ms))?;
        let order = if from == ReadFrom::Tail {
            ScanOrder::Latest
        } else {
            ScanOrder::Earliest
        };
        let asked = Asked {
            topic: input.topic,
            partitions: input.partitions.unwrap_or_default(),
            from,
            until,
            order,
            predicate: None,
            count_by: None,
            isolation: range::isolation(input.read_committed),
            limit: page::limit(input.limit, 10),
            payload_bytes: page::limit(Some(input.payload_bytes.unwrap_or(PAYLOAD_BYTES)), 1024),
            raw: input.raw == Some(true),
            cursor: input.cursor,
        };
        range::scan(cx, asked).await
    }
}
