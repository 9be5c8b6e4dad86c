//! kafka_record_search: records that fulfil conditions, and what was covered to find them.

use super::range::{self, Asked, PAYLOAD_BYTES};
use super::shown::Records;
use crate::page;
use crate::problem::Error;
use crate::tool::{Context, Effect, Tool};
use kafkaweave_core::model::ScanOrder;
use kafkaweave_core::search::{Predicate, ReadFrom, ReadUntil};
use schemars::JsonSchema;
use serde::Deserialize;

/// kafka_record_search.
pub struct SearchRecords;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    topic: String,
    /// All hold: `value contains x`, `key = k`, `header.h ~ regex`, `$.n > 9`, `value is null`
    r#where: Vec<String>,
    partitions: Option<Vec<i32>>,
    /// beginning (default), offset, RFC 3339 or -15m
    from: Option<String>,
    until: Option<String>,
    order: Option<ScanOrder>,
    #[schemars(range(min = 1, max = 500))]
    limit: Option<u32>,
    /// Default 1024
    #[schemars(range(min = 16, max = 1_048_576))]
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
        "Records that meet conditions, and what was covered to find them."
    }

    async fn run(cx: &Context, input: Input) -> Result<Records, Error> {
        if input.r#where.is_empty() {
            let reason = "is []; allowed: one or more conditions (kafka_record_read reads without)";
            return Err(Error::Argument {
                path: "where".into(),
                reason: reason.into(),
                near: Vec::new(),
            });
        }
        let predicate = Predicate::parse(&input.r#where)?;
        let from = input
            .from
            .as_deref()
            .map_or(Ok(ReadFrom::Beginning), |text| range::from(text, cx.now_ms))?;
        let until = input
            .until
            .as_deref()
            .map_or(Ok(ReadUntil::End), |text| range::until(text, cx.now_ms))?;
        let tail = from == ReadFrom::Tail;
        let order = input.order.unwrap_or(if tail {
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
            predicate: Some(predicate),
            isolation: range::isolation(input.read_committed),
            limit: page::limit(input.limit, 10),
            payload_bytes: page::limit(Some(input.payload_bytes.unwrap_or(PAYLOAD_BYTES)), 1024),
            raw: false,
            cursor: input.cursor,
        };
        range::scan(cx, asked).await
    }
}
