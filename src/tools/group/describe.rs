//! kafka_group_describe: one group with its members and what each holds.

use crate::page::{self, Page};
use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{count, ids, missing_lines, one_group};
use kafkaweave_core::model::{GroupType, Member, Missing, StreamsTask, TopicPartitions};
use kafkaweave_core::payload::one_line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_group_describe.
pub struct DescribeGroup;

/// Arguments.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    group: String,
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
    cursor: Option<String>,
}

/// One member.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    member_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<String>,
    client_id: String,
    host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rack: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i32>,
    /// Absent when it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment: Option<Vec<TopicPartitions>>,
    /// What it shall hold, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    target: Option<Vec<TopicPartitions>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tasks: Vec<StreamsTask>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subscription: Vec<String>,
}

/// Source topics of a sub-topology.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Subtopology {
    id: String,
    topics: Vec<String>,
}

/// The group.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    group: String,
    #[serde(rename = "type")]
    group_type: GroupType,
    state: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    protocol_type: String,
    /// Empty while rebalancing or without members.
    assignor: String,
    coordinator: i32,
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignment_epoch: Option<i32>,
    members: Vec<Row>,
    #[serde(flatten)]
    page: Page,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subtopologies: Vec<Subtopology>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for DescribeGroup {
    const NAME: &'static str = "kafka_group_describe";
    const TITLE: &'static str = "Describe group";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "One group: state, coordinator, members with host and assigned partitions."
    }

    async fn run(cx: &Context, input: Input) -> Result<Output, Error> {
        let mut missing = Vec::new();
        let listing = one_group(cx, &input.group).await?;
        let described = cx
            .cluster()?
            .engine()?
            .describe_groups(std::slice::from_ref(&listing))
            .await?;
        let Some(group) = described.into_value(&mut missing).into_iter().next() else {
            return Err(Error::Incomplete {
                what: format!("group `{}`", input.group),
                missing,
            });
        };
        let mut members: Vec<Row> = group.members.into_iter().map(row).collect();
        members.sort_by(|a, b| (&a.client_id, &a.member_id).cmp(&(&b.client_id, &b.member_id)));
        let limit = page::limit(input.limit, 50);
        let (members, page) = page::page(
            members,
            page::question(&input),
            input.cursor.as_deref(),
            limit,
            |m| m.member_id.clone(),
        )?;
        Ok(Output {
            group: group.group,
            group_type: group.group_type,
            state: group.state,
            protocol_type: group.protocol_type,
            assignor: group.assignor,
            coordinator: group.coordinator,
            epoch: group.epoch,
            assignment_epoch: group.assignment_epoch,
            members,
            page,
            subtopologies: group
                .subtopologies
                .into_iter()
                .map(|(id, topics)| Subtopology { id, topics })
                .collect(),
            missing,
        })
    }
}

fn row(member: Member) -> Row {
    Row {
        member_id: member.member_id,
        instance_id: member.instance_id,
        client_id: member.client_id,
        host: member.host,
        rack: member.rack,
        epoch: member.epoch,
        assignment: member.assignment,
        target: member.target,
        tasks: member.tasks,
        subscription: member.subscription,
    }
}

/// `orders:0,1 payments:2`.
fn held(assignment: &[TopicPartitions]) -> String {
    assignment
        .iter()
        .map(|t| format!("{}:{}", t.topic, ids(&t.partitions)))
        .collect::<Vec<_>>()
        .join(" ")
}

impl Answer for Output {
    fn text(&self) -> String {
        let kind = format!("{:?}", self.group_type).to_lowercase();
        let mut text = format!(
            "{kind} group {}: {}, {}",
            one_line(&self.group),
            self.state,
            count(self.page.total, "member")
        );
        if !self.assignor.is_empty() {
            text.push_str(&format!(", assignor {}", self.assignor));
        }
        text.push_str(&format!(", coordinator {}", self.coordinator));
        if let Some(epoch) = self.epoch {
            text.push_str(&format!(", epoch {epoch}"));
        }
        if let Some(epoch) = self.assignment_epoch.filter(|e| Some(*e) != self.epoch) {
            text.push_str(&format!(" (assignment {epoch})"));
        }
        let mut table = Table::new([
            "client",
            "host",
            "instance",
            "epoch",
            "partitions",
            "assignment",
            "shall hold",
            "member",
        ]);
        for row in &self.members {
            let tasks = row
                .tasks
                .iter()
                .map(|t| format!("{} {}:{}", t.role, t.subtopology, ids(&t.partitions)));
            let (assignment, partitions): (String, String) =
                match (&row.assignment, row.tasks.is_empty()) {
                    (_, false) => (
                        tasks.collect::<Vec<_>>().join(" "),
                        row.tasks
                            .iter()
                            .map(|t| t.partitions.len())
                            .sum::<usize>()
                            .to_string(),
                    ),
                    (Some(own), true) => (
                        held(own),
                        own.iter()
                            .map(|t| t.partitions.len())
                            .sum::<usize>()
                            .to_string(),
                    ),
                    (None, true) => ("unknown".into(), String::new()),
                };
            table.row([
                row.client_id.clone(),
                row.host.clone(),
                row.instance_id.clone().unwrap_or_default(),
                row.epoch.map(|e| e.to_string()).unwrap_or_default(),
                partitions,
                assignment,
                row.target.as_deref().map(held).unwrap_or_default(),
                row.member_id.clone(),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        for sub in &self.subtopologies {
            text.push_str(&format!(
                "\nsub-topology {}: {}",
                sub.id,
                sub.topics.join(", ")
            ));
        }
        if let Some(line) = self.page.line("members") {
            text.push_str(&format!("\n{line}"));
        }
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.members.len()
    }

    fn keep(&mut self, count: usize) {
        self.members.truncate(count);
        self.page.keep(&self.members, |row| row.member_id.clone());
    }
}
