//! kafka_quota_list: client quotas with units, in the order in which Kafka looks for them.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::{Table, bytes};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::count;
use kafkaweave_core::diagnose::quota::{Client, place, unit};
use kafkaweave_core::model::{Quota, QuotaFilter, QuotaKind, QuotaMatch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_quota_list.
pub struct ListQuotas;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Its quotas and the defaults; with client_id: which is in force
    user: Option<String>,
    client_id: Option<String>,
    ip: Option<String>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One limit of one entity. `<default>` is the default for all that have none of their own.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<String>,
    key: String,
    value: f64,
    /// Absent for a key that is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    unit: Option<String>,
    /// Only where user and client_id, or ip, are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    in_force: Option<bool>,
}

/// Quotas of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    quotas: Vec<Row>,
    #[serde(flatten)]
    page: Page,
}

impl Tool for ListQuotas {
    const NAME: &'static str = "kafka_quota_list";
    const TITLE: &'static str = "List quotas";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "security";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Client quotas by user, client id and ip, defaults included, most specific first."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let question = page::question(&input);
        let client = Client {
            user: input.user.as_deref().map(bare),
            client_id: input.client_id.as_deref(),
            ip: input.ip.as_deref(),
        };
        let mut quotas = cx.cluster()?.engine()?.quotas(&filter(client)).await?;
        quotas.retain(|quota| client.may_have(&quota.entity));
        quotas.sort_by_cached_key(|quota| (place(&quota.entity), quota.entity.clone()));
        let limit = page::limit(input.limit, SHOWN);
        let rows = rows(&quotas, client);
        let (quotas, page) = page::page(rows, question, input.cursor.as_deref(), limit, name)?;
        Ok(Output { quotas, page })
    }
}

/// Quotas of a page when nothing else is asked for.
const SHOWN: usize = 40;

/// Quotas name a user as it logs in; ACLs write `User:` before it.
fn bare(user: &str) -> &str {
    user.strip_prefix("User:").unwrap_or(user)
}

/// A question about addresses alone is narrowed by the broker. One about users is not: their
/// defaults, and quotas of client ids alone, are other entities.
fn filter(client: Client<'_>) -> QuotaFilter {
    if client.ip.is_some() && client.user.is_none() && client.client_id.is_none() {
        return QuotaFilter {
            parts: vec![(QuotaKind::Ip, QuotaMatch::Any)],
            strict: true,
        };
    }
    QuotaFilter::default()
}

fn rows(quotas: &[Quota], client: Client<'_>) -> Vec<Row> {
    let mut rows = Vec::new();
    for (at, quota) in quotas.iter().enumerate() {
        let part = |kind| {
            let part = quota.entity.iter().find(|e| e.kind == kind)?;
            Some(part.name.clone().unwrap_or_else(|| "<default>".into()))
        };
        rows.extend(quota.values.iter().map(|value| Row {
            user: part(QuotaKind::User),
            client_id: part(QuotaKind::ClientId),
            ip: part(QuotaKind::Ip),
            key: value.key.clone(),
            value: value.value,
            unit: unit(&value.key).map(String::from),
            in_force: client.in_force(quotas, at, &value.key),
        }));
    }
    rows
}

fn name(row: &Row) -> String {
    format!(
        "{:?} {:?} {:?} {}",
        row.user, row.client_id, row.ip, row.key
    )
}

/// `1048576 bytes/s (1.0 MiB/s)`.
fn limit_text(row: &Row) -> String {
    let unit = row.unit.as_deref().unwrap_or_default();
    let mut text = format!("{} {unit}", row.value).trim_end().to_owned();
    if unit == "bytes/s" && row.value >= 1024.0 {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "one decimal of a unit is shown"
        )]
        let rounded = row.value as i64;
        text.push_str(&format!(" ({}/s)", bytes(rounded)));
    }
    text
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = match self.page.total {
            0 => return "no quotas; without one nothing is limited".into(),
            total => format!("{}, each on every broker by itself", count(total, "quota")),
        };
        let mut table = Table::new(["user", "client id", "ip", "quota", "limit", "in force"]);
        for row in &self.quotas {
            let cell = |part: &Option<String>| part.clone().unwrap_or_default();
            table.row([
                cell(&row.user),
                cell(&row.client_id),
                cell(&row.ip),
                row.key.clone(),
                limit_text(row),
                match row.in_force {
                    Some(true) => "yes".into(),
                    Some(false) => "no, a more specific one is".into(),
                    None => String::new(),
                },
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("quotas") {
            text.push_str(&format!("\n{line}"));
        }
        if self.quotas.iter().any(|row| row.ip.is_none()) {
            text.push_str("\nFor each key the first that fits is in force: user+client, user+default client, user, default user+client, both defaults, default user, client, default client.");
        }
        text
    }

    fn rows(&self) -> usize {
        self.quotas.len()
    }

    fn keep(&mut self, count: usize) {
        self.quotas.truncate(count);
        self.page.keep(&self.quotas, name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_told_with_their_unit() {
        let row = |key: &str, value| Row {
            user: None,
            client_id: None,
            ip: None,
            key: key.into(),
            value,
            unit: unit(key).map(String::from),
            in_force: None,
        };
        for (key, value, text) in [
            (
                "producer_byte_rate",
                1_048_576.0,
                "1048576 bytes/s (1.0 MiB/s)",
            ),
            ("consumer_byte_rate", 512.0, "512 bytes/s"),
            ("request_percentage", 12.5, "12.5 % of one thread"),
            ("connection_creation_rate", 3.0, "3 connections/s"),
            ("brand_new_rate", 7.0, "7"),
        ] {
            assert_eq!(limit_text(&row(key, value)), text);
        }
    }

    #[test]
    fn a_user_may_be_written_as_acls_write_it() {
        assert_eq!((bare("User:alice"), bare("alice")), ("alice", "alice"));
    }

    #[test]
    fn only_a_question_about_addresses_alone_is_narrowed() {
        let ip = Client {
            ip: Some("10.0.0.1"),
            ..Client::default()
        };
        assert!(filter(ip).strict);
        let both = Client {
            user: Some("a"),
            ..ip
        };
        assert_eq!(filter(both), QuotaFilter::default());
    }
}
