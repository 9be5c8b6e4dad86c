//! What a health judgement says.

use super::rule::{Area, Rule};
use super::since::Comparison;
use crate::model::TopicPartition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How bad a finding is; worst first.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Reads or writes fail now, or the next small thing makes them.
    Critical,
    /// Redundancy is lost, or a limit is near.
    Warning,
    /// Worth knowing.
    Info,
}

/// One thing that is wrong, with everything in the same trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// What was looked for.
    pub rule: Rule,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about, e.g. "12 partitions, e.g. orders-3, orders-7" or "broker 3".
    pub subject: String,
    /// Numbers and names behind it.
    pub evidence: Vec<String>,
    /// What it means for those who use the cluster.
    pub meaning: String,
    /// What mends it.
    pub remedy: String,
    /// The tool that shows more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_tool: Option<String>,
    /// The brokers behind all of it, where there are such.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brokers: Vec<i32>,
    /// All partitions concerned, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partitions: Vec<TopicPartition>,
    /// All topics concerned, sorted, where the trouble is the topic's and not a partition's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<String>,
    /// All groups concerned, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<String>,
}

impl Finding {
    /// A finding about nothing yet.
    pub(super) fn new(rule: Rule, severity: Severity, subject: impl Into<String>) -> Self {
        Self {
            rule,
            severity,
            subject: subject.into(),
            evidence: vec![],
            meaning: String::new(),
            remedy: String::new(),
            next_tool: None,
            brokers: vec![],
            partitions: vec![],
            topics: vec![],
            groups: vec![],
        }
    }

    /// How many things are concerned: partitions, else topics, groups or brokers, else one.
    pub fn extent(&self) -> usize {
        [
            self.partitions.len(),
            self.topics.len(),
            self.groups.len(),
            self.brokers.len(),
        ]
        .into_iter()
        .find(|count| *count > 0)
        .unwrap_or(1)
    }
}

/// The judgement in one word.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything works and is as redundant as it is set up to be.
    Healthy,
    /// Everything works, with less redundancy or room than it should have.
    Degraded,
    /// Something does not work, or is about to stop.
    Critical,
    /// Nothing critical was seen, but too much could not be seen to say that everything works.
    Unknown,
}

/// The judgement in a number, with its derivation.
///
/// One critical finding takes more than all warnings together can; risks take little, and notes
/// nothing. An area that could not be judged earns nothing, so that the best that can be reached is
/// less than 100.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Score {
    /// What is left of `out_of`, at least 0.
    pub points: u8,
    /// The best that could be reached: 100, less the weight of what was not judged.
    pub out_of: u8,
    /// What was taken away, by which finding; their sum is what lacks (as far as there was any).
    pub deductions: Vec<Deduction>,
    /// Areas not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_judged: Vec<Area>,
}

/// Points that one finding takes away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deduction {
    /// The finding's rule.
    pub rule: Rule,
    /// The finding's severity.
    pub severity: Severity,
    /// Points; 0 where others have taken all that this severity can take.
    pub points: u8,
}

/// A judged snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// In one word.
    pub verdict: Verdict,
    /// The sentence that says why.
    pub why: String,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// What could not be judged, and why.
    pub unchecked: Vec<String>,
    /// The judgement in a number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<Score>,
    /// What changed since the earlier snapshot, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Comparison>,
    /// Brokers online.
    pub brokers_online: usize,
    /// Brokers that should be there: registered ones and missing ones.
    pub brokers_expected: usize,
    /// Topics looked at; `None` when they could not be had.
    pub topics: Option<usize>,
    /// Partitions looked at; `None` when they could not be had.
    pub partitions: Option<usize>,
}

/// How many examples a subject names.
const EXAMPLES: usize = 3;

/// "1 partition orders-3", "12 partitions, e.g. orders-3, orders-7, orders-9".
pub(super) fn count<T: std::fmt::Display>(things: &[T], one: &str, many: &str) -> String {
    let names: Vec<String> = things.iter().take(EXAMPLES).map(T::to_string).collect();
    match things.len() {
        1 => format!("{one} {}", names.join(", ")),
        n if n <= EXAMPLES => format!("{n} {many} {}", names.join(", ")),
        n => format!("{n} {many}, e.g. {}", names.join(", ")),
    }
}
