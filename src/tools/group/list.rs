//! kafka_group_list: groups of every type with state and coordinator.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{Detail, count, missing_lines};
use kafkaweave_core::model::{GroupListing, GroupType, Missing};
use kafkaweave_core::names::NameFilter;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// kafka_group_list.
pub struct ListGroups;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// Part, glob or /regex/
    pattern: Option<String>,
    state: Option<String>,
    r#type: Option<GroupType>,
    detail: Option<Detail>,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    group: String,
    #[serde(rename = "type")]
    group_type: GroupType,
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    protocol_type: String,
    /// Broker that coordinates it.
    coordinator: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<usize>,
}

/// Groups of a page.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    groups: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListGroups {
    const NAME: &'static str = "kafka_group_list";
    const TITLE: &'static str = "List groups";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Groups of every type with state and coordinator."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let filter = NameFilter::parse(input.pattern.as_deref())?;
        let engine = cx.cluster()?.engine()?;
        let mut missing = Vec::new();
        let mut groups = engine.groups().await?.into_value(&mut missing);
        if groups.is_empty() && missing.is_empty() {
            missing.push(Missing {
                what: "groups".into(),
                broker: None,
                why: "Kafka listed none; it hides groups that this principal may not describe, so rights rather than groups may be missing".into(),
            });
        }
        if let Some(state) = &input.state {
            check_state(state)?;
            groups.retain(|g| g.state.eq_ignore_ascii_case(state));
        }
        groups
            .retain(|g| filter.matches(&g.group) && input.r#type.is_none_or(|t| t == g.group_type));
        groups.sort_by(|a, b| a.group.cmp(&b.group));
        let limit = page::limit(input.limit, 50);
        let (groups, page) = page::page(
            groups,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |g| g.group.clone(),
        )?;
        let mut members = HashMap::new();
        if input.detail == Some(Detail::Detailed) {
            let described = engine
                .describe_groups(&groups)
                .await?
                .into_value(&mut missing);
            members.extend(described.into_iter().map(|d| (d.group, d.members.len())));
        }
        let row = |g: GroupListing| Row {
            members: members.get(&g.group).copied(),
            group: g.group,
            group_type: g.group_type,
            state: g.state,
            protocol_type: g.protocol_type,
            coordinator: g.coordinator,
        };
        Ok(Output {
            groups: groups.into_iter().map(row).collect(),
            page,
            missing,
        })
    }
}

/// States of all group types. Kafka answers an unknown one with an empty list and no error.
const STATES: &[&str] = &[
    "Stable",
    "Empty",
    "Dead",
    "PreparingRebalance",
    "CompletingRebalance",
    "Assigning",
    "Reconciling",
    "NotReady",
    "Unknown",
];

fn check_state(state: &str) -> Result<(), Error> {
    if STATES.iter().any(|s| s.eq_ignore_ascii_case(state)) {
        return Ok(());
    }
    let near = kafkaweave_core::near::near(state, STATES.iter().copied(), 1)
        .into_iter()
        .map(String::from)
        .collect();
    let reason = format!("is {state:?}; allowed: one of {}", STATES.join(", "));
    Err(Error::Argument {
        path: "state".into(),
        reason,
        near,
    })
}

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = count(self.page.total, "group");
        let mut table = Table::new([
            "group",
            "type",
            "state",
            "protocol",
            "members",
            "coordinator",
        ]);
        for row in &self.groups {
            let kind = format!("{:?}", row.group_type).to_lowercase();
            let members = row.members.map(|m| m.to_string()).unwrap_or_default();
            table.row([
                row.group.clone(),
                kind,
                row.state.clone(),
                row.protocol_type.clone(),
                members,
                row.coordinator.to_string(),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        if let Some(line) = self.page.line("groups") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.groups.len()
    }

    fn keep(&mut self, count: usize) {
        self.groups.truncate(count);
        self.page.keep(&self.groups, |row| row.group.clone());
    }
}
