//! kafka_config_describe: configuration with values, defaults, sources and documentation.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{Detail, count, missing_lines, one_topic};
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::model::{ConfigEntry, ConfigResource, ConfigSource, Missing, ResourceKind};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_config_describe.
pub struct DescribeConfig;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    kind: ResourceKind,
    /// Topic, group, or broker id
    name: String,
    /// Part, glob or /regex/
    keys: Option<String>,
    all: Option<bool>,
    /// detailed: documentation, precedence
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One level of a value's precedence.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Level {
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    source: ConfigSource,
}

/// One key.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    key: String,
    /// Absent when unset or sensitive.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// Kafka's own default, where known.
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<String>,
    source: ConfigSource,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    value_type: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sensitive: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    read_only: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    precedence: Vec<Level>,
    #[serde(skip_serializing_if = "Option::is_none")]
    documentation: Option<String>,
}

/// Configuration of one resource.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    kind: ResourceKind,
    name: String,
    entries: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    /// Keys that fit and are at their default, not shown.
    at_default: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for DescribeConfig {
    const NAME: &'static str = "kafka_config_describe";
    const TITLE: &'static str = "Describe configuration";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Topic, broker or group configuration: value, default, source. Non-default unless `keys` or `all`."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.keys.as_deref())?;
        let detailed = input.detail == Some(Detail::Detailed);
        let resource = checked(cx, &input).await?;
        let engine = cx.cluster()?.engine()?;
        // Documentation for hundreds of keys is asked for only when it is shown.
        let configs = engine
            .configs(std::slice::from_ref(&resource), None, detailed)
            .await?;
        let mut missing = Vec::new();
        let entries: Vec<ConfigEntry> = configs
            .into_value(&mut missing)
            .into_iter()
            .flat_map(|c| c.entries)
            .collect();
        let named = !filter.is_any();
        let all = input.all.unwrap_or(named);
        let mut rows: Vec<Row> = entries
            .into_iter()
            .filter(|e| filter.matches(&e.name))
            .map(row)
            .collect();
        let before = rows.len();
        rows.retain(|row| all || row.source != ConfigSource::Default);
        let at_default = before - rows.len();
        rows.sort_by(|a, b| a.key.cmp(&b.key));
        let limit = page::limit(input.limit, 40);
        let (entries, page) = page::page(
            rows,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |row| row.key.clone(),
        )?;
        Ok(Output {
            kind: input.kind,
            name: resource.name,
            entries,
            page,
            at_default,
            missing,
        })
    }
}

/// The resource asked for, known to exist where that can be told: Kafka answers an unknown group
/// with defaults and an unknown broker id with a connection that never comes.
async fn checked(cx: &Context, input: &Input) -> Result<ConfigResource, Error> {
    match input.kind {
        ResourceKind::Topic => {
            one_topic(cx, &input.name).await?;
        }
        ResourceKind::Broker => {
            let number: Option<i32> = input.name.parse().ok();
            let Some(id) = number else {
                let reason = format!(
                    "is \"{}\"; a broker is named by its id, a number",
                    input.name
                );
                return Err(Error::Argument {
                    path: "name".into(),
                    reason,
                    near: Vec::new(),
                });
            };
            let brokers = cx.cluster()?.engine()?.cluster().await?.value.brokers;
            if !brokers.iter().any(|b| b.id == id) {
                return Err(Error::Unknown {
                    error: KafkaError::UnknownBroker { broker: id },
                    near: brokers.iter().map(|b| b.id.to_string()).collect(),
                    maybe_hidden: false,
                });
            }
        }
        ResourceKind::Group if input.name.trim().is_empty() => {
            let reason = format!("is \"{}\"; a group has a name", input.name);
            return Err(Error::Argument {
                path: "name".into(),
                reason,
                near: Vec::new(),
            });
        }
        ResourceKind::Group => {}
    }
    Ok(ConfigResource {
        kind: input.kind,
        name: input.name.clone(),
    })
}

fn row(entry: ConfigEntry) -> Row {
    let precedence = entry.synonyms.into_iter().map(|s| Level {
        key: s.name,
        value: s.value,
        source: s.source,
    });
    Row {
        key: entry.name,
        value: entry.value,
        default: entry.default,
        source: entry.source,
        value_type: entry.value_type,
        sensitive: entry.sensitive,
        read_only: entry.read_only,
        precedence: precedence.collect(),
        documentation: entry.documentation,
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let kind = format!("{:?}", self.kind).to_lowercase();
        let mut text = format!("{kind} {}: {}", self.name, count(self.page.total, "key"));
        if self.at_default > 0 {
            text.push_str(&format!(
                " set (and {} at default; all=true shows them)",
                self.at_default
            ));
        }
        let mut table = Table::new(["key", "value", "default", "source", "note"]);
        for row in &self.entries {
            let hidden = if row.sensitive {
                "(sensitive)"
            } else {
                "(unset)"
            };
            let value = row.value.clone().unwrap_or_else(|| hidden.into());
            let default = row
                .default
                .clone()
                .filter(|d| Some(d) != row.value.as_ref())
                .unwrap_or_default();
            let source = serde_json::to_value(row.source)
                .ok()
                .and_then(|s| s.as_str().map(String::from))
                .unwrap_or_default();
            table.row([
                row.key.clone(),
                value,
                default,
                source,
                if row.read_only {
                    "read-only".into()
                } else {
                    String::new()
                },
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        for row in &self.entries {
            if let Some(documentation) = &row.documentation {
                text.push_str(&format!("\n{}: {documentation}", row.key));
            }
            for level in row.precedence.iter().skip(1) {
                let source = format!("{:?}", level.source);
                text.push_str(&format!(
                    "\n{} below: {} {}={}",
                    row.key,
                    source,
                    level.key,
                    level.value.as_deref().unwrap_or("(unset)")
                ));
            }
        }
        if let Some(line) = self.page.line("keys") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.entries.len()
    }

    fn keep(&mut self, count: usize) {
        self.entries.truncate(count);
        self.page.keep(&self.entries, |row| row.key.clone());
    }
}
