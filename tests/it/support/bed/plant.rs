//! Known states to test against, planted by Kafka's own Java client: `testbed/java/testbed/Plant.java`.
//!
//! Each call costs some 50 ms whatever its size: plant all topics of a test in one.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Bed, Failed, Listener, Member, Process, tools};

const PLANT: &str = "testbed.Plant";
const PATIENCE: Duration = Duration::from_secs(600);
/// A share group's first member waits for the coordinator's own topic, some five seconds.
const JOIN: Duration = Duration::from_secs(60);

/// A topic to create.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TopicPlan {
    name: String,
    partitions: i32,
    replication: i16,
    #[serde(skip_serializing_if = "Option::is_none")]
    assignments: Option<Vec<Vec<i32>>>,
    config: BTreeMap<String, String>,
}

impl TopicPlan {
    /// Replicated to all three nodes.
    pub(crate) fn new(name: &str, partitions: i32) -> Self {
        Self {
            name: name.to_owned(),
            partitions,
            replication: 3,
            assignments: None,
            config: BTreeMap::new(),
        }
    }

    /// With this many replicas, wherever the controller puts them.
    pub(crate) fn replication(mut self, replicas: i16) -> Self {
        self.replication = replicas;
        self
    }

    /// One partition for each list of nodes; the first of a list leads.
    pub(crate) fn assigned(name: &str, partitions: &[&[i32]]) -> Self {
        let mut plan = Self::new(name, 0);
        plan.assignments = Some(partitions.iter().map(|p| p.to_vec()).collect());
        plan
    }

    /// With a topic setting.
    pub(crate) fn config(mut self, key: &str, value: &str) -> Self {
        self.config.insert(key.to_owned(), value.to_owned());
        self
    }
}

/// A record to produce. What is not said is left to the producer: partition by key, time of now, null.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct RecordPlan {
    #[serde(skip_serializing_if = "Option::is_none")]
    partition: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timestamp_ms: Option<i64>,
    key: Option<String>,
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value_base64: Option<String>,
    headers: Vec<(String, Option<String>)>,
}

impl RecordPlan {
    /// A record with a text value and no key.
    pub(crate) fn value(value: &str) -> Self {
        Self {
            value: Some(value.to_owned()),
            ..Self::default()
        }
    }

    /// A record without a value, as deletes a key in a compacted topic.
    pub(crate) fn tombstone(key: &str) -> Self {
        Self::default().key(key)
    }

    /// A record with any bytes as value, given in base64.
    pub(crate) fn value_base64(value: &str) -> Self {
        Self {
            value_base64: Some(value.to_owned()),
            ..Self::default()
        }
    }

    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    pub(crate) fn partition(mut self, partition: i32) -> Self {
        self.partition = Some(partition);
        self
    }

    /// Milliseconds since 1970.
    pub(crate) fn timestamp_ms(mut self, at: i64) -> Self {
        self.timestamp_ms = Some(at);
        self
    }

    /// One more header; names may repeat.
    pub(crate) fn header(mut self, name: &str, value: Option<&str>) -> Self {
        self.headers
            .push((name.to_owned(), value.map(str::to_owned)));
        self
    }
}

/// Offsets to commit for a group.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct CommitPlan {
    group: String,
    offsets: Vec<(String, i32, i64)>,
}

impl CommitPlan {
    pub(crate) fn new(group: &str) -> Self {
        Self {
            group: group.to_owned(),
            offsets: Vec::new(),
        }
    }

    /// With the next offset to be read in one more partition.
    pub(crate) fn at(mut self, topic: &str, partition: i32, offset: i64) -> Self {
        self.offsets.push((topic.to_owned(), partition, offset));
        self
    }
}

/// Where a produced record lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub(crate) struct Placed {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// A transaction that hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Hung {
    error: i16,
    pub(crate) producer_id: i64,
    pub(crate) epoch: i64,
    pub(crate) offset: i64,
}

/// The four types of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GroupKind {
    /// The protocol of old, assignment by a member.
    Classic,
    /// KIP-848, assignment by the coordinator.
    Consumer,
    /// KIP-932, a queue. Starts at the end of a topic unless the group's `share.auto.offset.reset` is `earliest`.
    Share,
    /// KIP-1071, a Kafka Streams application.
    Streams,
}

impl GroupKind {
    const fn word(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Consumer => "consumer",
            Self::Share => "share",
            Self::Streams => "streams",
        }
    }
}

fn lines<T: Serialize>(all: &[T]) -> String {
    let lines: Vec<_> = all
        .iter()
        .map(|one| serde_json::to_string(one).unwrap_or_default())
        .collect();
    lines.join("\n")
}

impl Bed {
    /// Creates topics, any number at once; returns when each partition has its leader and its whole ISR.
    /// A broker makes some hundred replicas a second: for thousands of partitions take a single replica.
    pub(crate) fn plant_topics(&self, topics: &[TopicPlan]) -> Result<(), Failed> {
        self.plant("topics", &[], &lines(topics)).map(drop)
    }

    /// Creates one topic with three replicas, and returns its name: `stem` made unique.
    pub(crate) fn plant_topic(&self, stem: &str, partitions: i32) -> Result<String, Failed> {
        let name = self.name(stem);
        self.plant_topics(&[TopicPlan::new(&name, partitions)])?;
        Ok(name)
    }

    /// Deletes topics. Worth it only for big ones: small ones go with the bed.
    pub(crate) fn drop_topics(&self, names: &[String]) -> Result<(), Failed> {
        let names: Vec<_> = names
            .iter()
            .map(|name| BTreeMap::from([("name", name)]))
            .collect();
        self.plant("drop", &[], &lines(&names)).map(drop)
    }

    /// Produces records with `acks=all`; returns where each one lies, in the same order.
    pub(crate) fn produce(
        &self,
        topic: &str,
        records: &[RecordPlan],
    ) -> Result<Vec<Placed>, Failed> {
        self.produce_with(topic, &[], records)
    }

    /// As [`Bed::produce`], with producer settings such as `compression.type=zstd`. `plant.batch.each=true` makes one
    /// batch of each record. With a `transactional.id`, `plant.end` says how the transaction ends: `commit`, `abort`,
    /// or `open` (never, until the coordinator loses its patience: `transaction.timeout.ms`).
    pub(crate) fn produce_with(
        &self,
        topic: &str,
        settings: &[(&str, &str)],
        records: &[RecordPlan],
    ) -> Result<Vec<Placed>, Failed> {
        let settings: Vec<_> = settings
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let mut args = vec![topic];
        args.extend(settings.iter().map(String::as_str));
        let output = self.plant("produce", &args, &lines(records))?;
        Ok(output
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect())
    }

    /// Plants a transaction of one record that hangs, see `testbed/hang.py`. While it does, brokers do not verify
    /// transactions, as a dynamic default that is taken back at the end.
    pub(crate) fn hang(&self, topic: &str, partition: i32, id: &str) -> Result<Hung, String> {
        const SETTING: &str = "transaction.partition.verification.enable";
        let alter = |args: &[&str]| {
            let words = ["--entity-type", "brokers", "--entity-default", "--alter"];
            let done = self.kafka("kafka.admin.ConfigCommand", &[&words[..], args].concat());
            done.map(drop).map_err(|e| e.error_output)
        };
        alter(&["--add-config", &format!("{SETTING}=false")])?;
        let until = Instant::now() + Duration::from_secs(30);
        let hung = loop {
            let bootstrap = self.address(1, Listener::Plaintext);
            let args = [&bootstrap, topic, &partition.to_string(), id];
            let said = self.python(include_str!("../../../../testbed/hang.py"), &args);
            let hung = said.and_then(|line| {
                serde_json::from_str::<Hung>(&line).map_err(|e| format!("{e}: {line}"))
            });
            // Each broker learns of the setting in its own time, and refuses until then.
            match &hung {
                Ok(one) if one.error != 0 && Instant::now() < until => {}
                _ => break hung,
            }
        };
        alter(&["--delete-config", SETTING])?;
        match hung {
            Ok(one) if one.error != 0 => Err(format!("refused: {one:?}")),
            other => other,
        }
    }

    /// Commits offsets for groups without live members, which also creates the groups. A coordinator
    /// hears of a new topic in its own time, so that is waited for.
    pub(crate) fn commit(&self, groups: &[CommitPlan]) -> Result<(), Failed> {
        let until = Instant::now() + Duration::from_secs(20);
        loop {
            match self.plant("commit", &[], &lines(groups)) {
                Err(failed) if failed.topic_went() && Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                outcome => return outcome.map(drop),
            }
        }
    }

    /// A live member of a group, with client settings such as `client.id` or `enable.auto.commit` (`false` if not said);
    /// `plant.stuck=true` makes a classic or consumer member hang when its partitions are revoked,
    /// `plant.pace.ms=N` slows it down to a record each N ms, and at `plant.poison=N` it does not get beyond that offset;
    /// these two commit every 100 ms. Returns once it has
    /// its first assignment (share: once it runs).
    pub(crate) fn join(
        &self,
        kind: GroupKind,
        topic: &str,
        group: &str,
        settings: &[(&str, &str)],
    ) -> Result<Member, Failed> {
        let member = self.knock(kind, topic, group, settings)?;
        member.await_output(JOIN, joined)?;
        Ok(member)
    }

    /// As [`Bed::join`], without waiting for an assignment: for a group that does not come to one.
    pub(crate) fn knock(
        &self,
        kind: GroupKind,
        topic: &str,
        group: &str,
        settings: &[(&str, &str)],
    ) -> Result<Member, Failed> {
        let words = self.member_words(kind, topic, group, settings);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        Member::start(self.endpoints.tools(), &words).map_err(|e| not_started(&e))
    }

    /// Produces so many records a second to partitions of a topic, until dropped.
    pub(crate) fn flow(&self, topic: &str, rates: &[(i32, u32)]) -> Result<Member, Failed> {
        let bootstrap = self.bootstrap(Listener::Plaintext);
        let rates: Vec<_> = rates
            .iter()
            .map(|(p, rate)| format!("{p}={rate}"))
            .collect();
        let mut words = vec![PLANT, "flow", &bootstrap, topic];
        words.extend(rates.iter().map(String::as_str));
        let flow = Member::start(self.endpoints.tools(), &words).map_err(|e| not_started(&e))?;
        flow.await_output(JOIN, joined)?;
        Ok(flow)
    }

    /// As [`Bed::join`], in its own process: killed when dropped, so it never leaves the group by itself.
    pub(crate) fn join_process(
        &self,
        kind: GroupKind,
        topic: &str,
        group: &str,
        settings: &[(&str, &str)],
    ) -> Result<Process, Failed> {
        let words = self.member_words(kind, topic, group, settings);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let mut process = self.spawn_java(&words).map_err(|e| not_started(&e))?;
        process
            .await_output(JOIN, joined)
            .map_err(|output| Failed {
                exit: None,
                output,
                error_output: String::new(),
            })?;
        Ok(process)
    }

    fn member_words(
        &self,
        kind: GroupKind,
        topic: &str,
        group: &str,
        settings: &[(&str, &str)],
    ) -> Vec<String> {
        let bootstrap = self.bootstrap(Listener::Plaintext);
        let mut words: Vec<String> = [PLANT, "member", &bootstrap, kind.word(), topic, group]
            .map(str::to_owned)
            .to_vec();
        if kind == GroupKind::Streams {
            // Beside each other, as two instances of an application on two machines would be.
            words.push(format!(
                "state.dir={}",
                self.dir.join("run").join(self.name("streams")).display()
            ));
        }
        words.extend(settings.iter().map(|(key, value)| format!("{key}={value}")));
        words
    }

    /// Patient: thousands of topics take minutes until the last replica is in sync.
    fn plant(&self, what: &str, args: &[&str], input: &str) -> Result<String, Failed> {
        let bootstrap = self.bootstrap(Listener::Plaintext);
        let mut words = vec![PLANT, what, &bootstrap];
        words.extend(args);
        tools::call(self.endpoints.tools(), &words, input, PATIENCE)
    }
}

fn joined(output: &str) -> bool {
    output.contains("assigned [") || output.contains("running")
}

fn not_started(e: &io::Error) -> Failed {
    Failed {
        exit: None,
        output: String::new(),
        error_output: e.to_string(),
    }
}
