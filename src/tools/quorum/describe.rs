//! kafka_quorum_describe: leader, voters and observers of the metadata quorum, and its majority.

use crate::problem::Error;
use crate::table::{Table, duration};
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::count;
use kafkaweave_core::diagnose::health::Thresholds;
use kafkaweave_core::diagnose::quorum::{age_ms, role, standing};
use kafkaweave_core::model::{Quorum, QuorumMember};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_quorum_describe.
pub struct DescribeQuorum;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// A node of the quorum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Node {
    id: i32,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    log_end_offset: Option<i64>,
    /// Records behind the leader.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag: Option<i64>,
    /// Since its last fetch, by the leader's clock.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_fetch_age_ms: Option<i64>,
    /// Since it last held everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    caught_up_age_ms: Option<i64>,
    /// Absent in a quorum of fixed voters.
    #[serde(skip_serializing_if = "Option::is_none")]
    directory_id: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    endpoints: Vec<String>,
}

/// The quorum.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    leader: Option<i32>,
    epoch: i32,
    high_watermark: i64,
    voters: usize,
    majority: usize,
    /// Voters that may fail before there is no majority.
    headroom: usize,
    /// Voters that do not fetch any more.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    silent: Vec<i32>,
    nodes: Vec<Node>,
    /// Nodes that an answer of this size has no room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    nodes_left_out: Option<usize>,
}

impl Tool for DescribeQuorum {
    const NAME: &'static str = "kafka_quorum_describe";
    const TITLE: &'static str = "Describe quorum";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "broker";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "KRaft metadata quorum: leader, voters and observers with lag and ages, majority and headroom."
    }

    async fn run(cx: &Context, _: Input) -> Result<Output, Error> {
        let quorum = cx.cluster()?.engine()?.quorum().await?;
        Ok(answer(&quorum, cx.now_ms))
    }
}

fn answer(quorum: &Quorum, now_ms: i64) -> Output {
    let standing = standing(quorum, Thresholds::default().voter_silent_ms, now_ms);
    let node = |member: &QuorumMember, observer| Node {
        id: member.id,
        role: role(quorum, member, observer),
        log_end_offset: member.log_end_offset,
        lag: member.lag,
        last_fetch_age_ms: age_ms(quorum, member.last_fetch_ms, now_ms),
        caught_up_age_ms: age_ms(quorum, member.last_caught_up_ms, now_ms),
        directory_id: member.directory_id.clone(),
        endpoints: member.endpoints.clone(),
    };
    let voters = quorum.voters.iter().map(|m| node(m, false));
    let observers = quorum.observers.iter().map(|m| node(m, true));
    Output {
        leader: quorum.leader_id,
        epoch: quorum.leader_epoch,
        high_watermark: quorum.high_watermark,
        voters: standing.voters,
        majority: standing.majority,
        headroom: standing.headroom,
        silent: standing.silent,
        nodes: voters.chain(observers).collect(),
        nodes_left_out: None,
    }
}

/// Observers in the text; in a cluster of separate roles every broker is one.
const SHOWN_OBSERVERS: usize = 10;

fn is_observer(node: &Node) -> bool {
    node.role == "observer"
}

impl Output {
    /// All voters, and the observers that are furthest behind; one of which nothing is known first.
    fn shown(&self) -> impl Iterator<Item = &Node> {
        let (mut observers, voters): (Vec<&Node>, Vec<&Node>) =
            self.nodes.iter().partition(|node| is_observer(node));
        if observers.len() > SHOWN_OBSERVERS {
            let behind = |node: &Node| {
                let all = i64::MAX;
                (
                    node.lag.unwrap_or(all),
                    node.caught_up_age_ms.unwrap_or(all),
                )
            };
            observers.sort_by_key(|node| std::cmp::Reverse(behind(node)));
            observers.truncate(SHOWN_OBSERVERS);
        }
        voters.into_iter().chain(observers)
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let leader = self
            .leader
            .map_or_else(|| "no leader".into(), |leader| format!("leader {leader}"));
        let following = self.voters - self.silent.len().min(self.voters);
        let standing = match (self.headroom, following < self.majority) {
            (_, true) => "no majority: nothing can be changed".into(),
            (0, false) => "none may fail".into(),
            (headroom, false) => format!("{headroom} may fail"),
        };
        let mut text = format!(
            "{leader}, epoch {}, high watermark {}; {} ({following} following, majority {}): {standing}",
            self.epoch,
            self.high_watermark,
            count(self.voters, "voter"),
            self.majority,
        );
        let mut table = Table::new([
            "node",
            "role",
            "log end",
            "lag",
            "last fetch",
            "caught up",
            "directory",
            "endpoints",
        ]);
        let number = |n: Option<i64>| n.map_or_else(|| "unknown".into(), |n| n.to_string());
        for node in self.shown() {
            let ago = |ms: Option<i64>| match ms {
                _ if node.role == "leader" => String::new(),
                Some(ms) => format!("{} ago", duration(ms)),
                None => "unknown".into(),
            };
            table.row([
                node.id.to_string(),
                node.role.into(),
                number(node.log_end_offset),
                number(node.lag),
                ago(node.last_fetch_age_ms),
                ago(node.caught_up_age_ms),
                node.directory_id.clone().unwrap_or_default(),
                node.endpoints.join(","),
            ]);
        }
        text.push_str(&format!("\n{}", table.render()));
        let observers = self.nodes.iter().filter(|node| is_observer(node)).count();
        if observers > SHOWN_OBSERVERS {
            text.push_str(&format!(
                "\n{observers} observers; the {SHOWN_OBSERVERS} furthest behind are shown"
            ));
        }
        if let Some(left_out) = self.nodes_left_out {
            text.push_str(&format!("\n{} left out for size", count(left_out, "node")));
        }
        text
    }

    fn rows(&self) -> usize {
        self.nodes.len()
    }

    fn keep(&mut self, count: usize) {
        let left_out = self.nodes_left_out.unwrap_or(0) + self.nodes.len().saturating_sub(count);
        self.nodes_left_out = Some(left_out).filter(|n| *n > 0);
        self.nodes.truncate(count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: i32, last_fetch_ms: Option<i64>) -> QuorumMember {
        QuorumMember {
            id,
            directory_id: None,
            log_end_offset: last_fetch_ms.map(|_| 90),
            lag: last_fetch_ms.map(|_| 10),
            last_fetch_ms,
            last_caught_up_ms: None,
            endpoints: vec![],
        }
    }

    #[test]
    fn what_is_silent_what_is_unknown_and_what_may_fail_is_said() {
        let quorum = Quorum {
            leader_id: Some(1),
            leader_epoch: 7,
            high_watermark: 90,
            voters: vec![
                member(1, Some(100_000)),
                member(2, Some(99_500)),
                member(3, Some(40_000)),
            ],
            observers: vec![member(9, None)],
        };
        let text = answer(&quorum, 0).text();
        for part in [
            "leader 1, epoch 7, high watermark 90; 3 voters (2 following, majority 2): none may fail",
            "500ms ago",
            "1m 00s ago",
            "observer",
            "unknown",
        ] {
            assert!(text.contains(part), "{part}\n{text}");
        }
        let mut lost = quorum;
        lost.voters[1].last_fetch_ms = Some(1);
        assert!(answer(&lost, 0).text().contains("no majority"));
    }

    #[test]
    fn of_many_observers_those_furthest_behind_are_shown() {
        let mut quorum = Quorum {
            leader_id: Some(1),
            leader_epoch: 7,
            high_watermark: 90,
            voters: vec![member(1, Some(100_000))],
            observers: (100..200).map(|id| member(id, Some(99_000))).collect(),
        };
        quorum.observers[50].lag = Some(5_000);
        quorum.observers[60].lag = None;
        let answer = answer(&quorum, 0);
        let text = answer.text();
        let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
        assert!(
            lines[3].starts_with("160 ") && lines[4].starts_with("150 "),
            "{text}"
        );
        assert_eq!(lines.len(), 2 + 1 + 10 + 1, "{text}");
        assert!(
            text.ends_with("100 observers; the 10 furthest behind are shown"),
            "{text}"
        );
        assert_eq!(answer.nodes.len(), 101);
    }
}
