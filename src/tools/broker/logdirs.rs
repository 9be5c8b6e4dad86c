//! kafka_broker_logdirs: the log dirs of brokers, what lies in them, and how unevenly.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, bytes};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{Detail, count, missing_lines, one_topic};
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::diagnose::log_dirs::{DirUse, Skew, TopicBytes, biggest_topics, skews, uses};
use kafkaweave_core::model::{LogDir, Missing};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_broker_logdirs.
pub struct ListLogDirs;

/// Topics that are named as the biggest.
const BIGGEST: usize = 5;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    broker: Option<i32>,
    topic: Option<String>,
    /// detailed: replicas too
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One replica on disk.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    topic: String,
    partition: i32,
    broker: i32,
    dir: String,
    size_bytes: i64,
    /// Records behind its own high watermark, or, being moved, behind the replica it replaces.
    offset_lag: i64,
    /// Being moved into this dir.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    future: bool,
}

/// Log dirs, or replicas in them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    dirs: Vec<DirUse>,
    /// Replicas, when detailed.
    #[serde(skip_serializing_if = "Option::is_none")]
    replicas: Option<Vec<Row>>,
    #[serde(flatten)]
    page: Page,
    dirs_total: usize,
    failed_dirs: usize,
    /// Bytes of all replicas in these dirs.
    size_bytes: i64,
    biggest_topics: Vec<TopicBytes>,
    /// Between brokers, and between dirs of one broker.
    skew: Vec<Skew>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListLogDirs {
    const NAME: &'static str = "kafka_broker_logdirs";
    const TITLE: &'static str = "List log dirs";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "broker";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Log dirs by broker: volume, bytes and replicas of Kafka, failed dirs, moves between dirs, biggest topics, skew."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let engine = cx.cluster()?.engine()?;
        let topics = match &input.topic {
            Some(topic) => Some(vec![one_topic(cx, topic).await?.name]),
            None => None,
        };
        let found = engine.log_dirs(topics.as_deref()).await?;
        let (mut dirs, mut missing) = (found.value, found.missing);
        if let Some(broker) = input.broker {
            dirs.retain(|d| d.broker == broker);
            missing.retain(|m| m.broker.is_none_or(|b| b == broker));
            if dirs.is_empty() && missing.is_empty() {
                return Err(Error::Unknown {
                    error: KafkaError::UnknownBroker { broker },
                    near: Vec::new(),
                    maybe_hidden: false,
                });
            }
        }
        let question = page::question(&input);
        let (cursor, limit) = (input.cursor.as_deref(), page::limit(input.limit, 50));
        let mut shown = uses(&dirs);
        let failed_dirs = shown.iter().filter(|d| d.error.is_some()).count();
        let size_bytes = shown.iter().filter_map(|d| d.size_bytes).sum();
        let dirs_total = shown.len();
        let (replicas, page) = if input.detail == Some(Detail::Detailed) {
            let (rows, page) = page::page(replicas(&dirs), question, cursor, limit, name)?;
            shown.truncate(limit);
            (Some(rows), page)
        } else {
            let page;
            (shown, page) = page::page(shown, question, cursor, limit, place)?;
            (None, page)
        };
        Ok(Output {
            dirs: shown,
            replicas,
            page,
            dirs_total,
            failed_dirs,
            size_bytes,
            biggest_topics: biggest_topics(&dirs, BIGGEST),
            skew: skews(&dirs),
            missing,
        })
    }
}

/// Replicas of all dirs, biggest first.
fn replicas(dirs: &[LogDir]) -> Vec<Row> {
    let mut rows: Vec<_> = dirs
        .iter()
        .flat_map(|dir| {
            dir.replicas.iter().map(|r| Row {
                topic: r.topic.clone(),
                partition: r.partition,
                broker: dir.broker,
                dir: dir.path.clone(),
                size_bytes: r.size_bytes,
                offset_lag: r.offset_lag,
                future: r.future,
            })
        })
        .collect();
    rows.sort_by(|a, b| {
        let place = |r: &Row| (r.topic.clone(), r.partition, r.broker, r.future);
        b.size_bytes
            .cmp(&a.size_bytes)
            .then_with(|| place(a).cmp(&place(b)))
    });
    rows
}

fn name(row: &Row) -> String {
    format!("{}-{} {} {}", row.topic, row.partition, row.broker, row.dir)
}

fn place(dir: &DirUse) -> String {
    format!("{} {}", dir.broker, dir.path)
}

impl Output {
    fn dirs(&self) -> String {
        let unknown = |text: Option<String>| text.unwrap_or_else(|| "unknown".into());
        let mut table = Table::new([
            "broker",
            "replicas",
            "kafka",
            "volume",
            "free",
            "used",
            "moving in",
            "behind",
            "dir",
            "error",
        ]);
        for dir in &self.dirs {
            let moving = (dir.future_replicas > 0).then(|| dir.future_replicas.to_string());
            table.row([
                dir.broker.to_string(),
                unknown(dir.replicas.map(|n| n.to_string())),
                unknown(dir.size_bytes.map(bytes)),
                dir.total_bytes.map(bytes).unwrap_or_default(),
                dir.usable_bytes.map(bytes).unwrap_or_default(),
                dir.used_percent()
                    .map(|p| format!("{p} %"))
                    .unwrap_or_default(),
                moving.unwrap_or_default(),
                dir.future_offset_lag
                    .map(|n| n.to_string())
                    .unwrap_or_default(),
                dir.path.clone(),
                dir.error.clone().unwrap_or_default(),
            ]);
        }
        table.render()
    }
}

fn skew(skew: &Skew) -> String {
    let between = match skew.broker {
        Some(broker) => format!("dirs of broker {broker}"),
        None => "brokers".into(),
    };
    format!(
        "\nskew between {between}: {} ({}) to {} ({})",
        bytes(skew.least_bytes),
        skew.least,
        bytes(skew.most_bytes),
        skew.most
    )
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!(
            "{}, {} failed; {} of replicas",
            count(self.dirs_total, "log dir"),
            self.failed_dirs,
            bytes(self.size_bytes)
        );
        let dirs = self.dirs();
        if !dirs.is_empty() {
            text.push_str(&format!("\n{dirs}"));
        }
        if let Some(rows) = &self.replicas {
            let mut table = Table::new(["replica", "broker", "size", "moving in", "dir"]);
            for row in rows {
                table.row([
                    format!("{}-{}", row.topic, row.partition),
                    row.broker.to_string(),
                    bytes(row.size_bytes),
                    // Of the others it says nothing: each is judged by its own high watermark.
                    if row.future {
                        format!("{} records behind", row.offset_lag)
                    } else {
                        String::new()
                    },
                    row.dir.clone(),
                ]);
            }
            text.push_str(&format!("\n{}", table.render()));
        }
        let what = if self.replicas.is_some() {
            "replicas"
        } else {
            "log dirs"
        };
        if let Some(line) = self.page.line(what) {
            text.push_str(&format!("\n{line}"));
        }
        let biggest = self.biggest_topics.iter().map(|t| {
            format!(
                "{} {} ({})",
                kafkaweave_core::payload::one_line(&t.topic),
                bytes(t.size_bytes),
                count(t.replicas, "replica")
            )
        });
        let biggest: Vec<_> = biggest.collect();
        if !biggest.is_empty() {
            text.push_str(&format!("\nbiggest topics: {}", biggest.join(", ")));
        }
        text.extend(self.skew.iter().map(skew));
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.replicas.as_ref().map_or(self.dirs.len(), Vec::len)
    }

    fn keep(&mut self, count: usize) {
        match &mut self.replicas {
            Some(rows) => {
                rows.truncate(count);
                self.page.keep(rows, name);
                self.dirs.truncate(count);
            }
            None => {
                self.dirs.truncate(count);
                self.page.keep(&self.dirs, place);
            }
        }
    }
}
