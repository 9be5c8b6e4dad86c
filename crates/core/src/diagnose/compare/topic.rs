//! Two topics, of one cluster or of two.

use super::value::{is_set, resolve_local, same, shown};
use super::{ABSENT, Comparison, Difference, Weight, key};
use crate::model::{ConfigEntry, ConfigSource, Missing, Topic};
use std::collections::{BTreeMap, BTreeSet};

/// What is known of one of two topics.
#[derive(Clone, Copy, Debug)]
pub struct TopicSide<'a> {
    /// Partitions and their replicas.
    pub topic: &'a Topic,
    /// All keys with the values in force; `None` when they could not be had.
    pub configs: Option<&'a [ConfigEntry]>,
    /// Rack by broker; brokers without one are left out.
    pub racks: &'a BTreeMap<i32, String>,
    /// Ends minus beginnings over all partitions; `None` when not asked, or not wholly known.
    pub offsets_held: Option<i64>,
}

impl Comparison {
    /// Sorts topics by presence: gives back those on both sides, in order of their names, and adds
    /// a difference for each that one side alone has. A topic that the other side could not tell of
    /// (a gap names it) counts as unknown.
    pub fn presence<'a>(
        &mut self,
        (left, left_missing): (&'a [Topic], &[Missing]),
        (right, right_missing): (&'a [Topic], &[Missing]),
    ) -> Vec<(&'a Topic, &'a Topic)> {
        let by_name = |topics: &'a [Topic]| -> BTreeMap<&'a str, &'a Topic> {
            topics.iter().map(|t| (t.name.as_str(), t)).collect()
        };
        let (left, right) = (by_name(left), by_name(right));
        let both = left
            .iter()
            .filter_map(|(name, l)| right.get(name).map(|r| (*l, *r)))
            .collect();
        let alone = |own: &BTreeMap<&'a str, &'a Topic>, other: &BTreeMap<&'a str, &'a Topic>| {
            own.values()
                .filter(|t| !other.contains_key(t.name.as_str()))
                .copied()
                .collect::<Vec<_>>()
        };
        for topic in alone(&left, &right) {
            if untold(&topic.name, right_missing) {
                self.topics.unknown += 1;
                continue;
            }
            self.topics.only_left += 1;
            self.one_sided(topic, (extent(topic), ABSENT.into()));
        }
        for topic in alone(&right, &left) {
            if untold(&topic.name, left_missing) {
                self.topics.unknown += 1;
                continue;
            }
            self.topics.only_right += 1;
            self.one_sided(topic, (ABSENT.into(), extent(topic)));
        }
        both
    }

    fn one_sided(&mut self, topic: &Topic, sides: (String, String)) {
        let subject = format!("topic {}", topic.name);
        let why = "on one side alone";
        self.fact(Weight::Matters, (&subject, "topic"), sides, why);
    }

    /// Compares two topics of one cluster: their placement by broker too. `subject` names the pair
    /// in the differences.
    pub fn topics_of_one_cluster(
        &mut self,
        subject: &str,
        left: &TopicSide<'_>,
        right: &TopicSide<'_>,
    ) {
        self.settle(left, right, |own| {
            own.shape(subject, left, right);
            own.placement(subject, left.topic, right.topic);
            own.configs(subject, left, right, false);
        });
    }

    /// Compares two topics of two clusters. Of many pairs (`many`), what no topic sets itself but
    /// broker settings make differ becomes one difference for all.
    pub fn topics_of_two_clusters(
        &mut self,
        subject: &str,
        left: &TopicSide<'_>,
        right: &TopicSide<'_>,
        many: bool,
    ) {
        self.settle(left, right, |own| {
            own.shape(subject, left, right);
            own.configs(subject, left, right, many);
        });
    }

    fn settle(
        &mut self,
        left: &TopicSide<'_>,
        right: &TopicSide<'_>,
        compare: impl FnOnce(&mut Self),
    ) {
        let count = |own: &Self| {
            own.differences.len() + own.inherited.values().map(|i| i.topics).sum::<usize>()
        };
        let before = count(self);
        compare(self);
        if count(self) > before {
            self.topics.differ += 1;
        } else if left.configs.is_none() || right.configs.is_none() {
            self.topics.unknown += 1;
        } else {
            self.topics.equal += 1;
        }
    }

    /// Partitions, copies, spread over racks, offsets.
    fn shape(&mut self, subject: &str, left: &TopicSide<'_>, right: &TopicSide<'_>) {
        let mut fact = |weight, key: &str, sides: (String, String), why: &str| {
            if sides.0 == sides.1 {
                self.equal_values += 1;
            } else {
                self.fact(weight, (subject, key), sides, why);
            }
        };
        let both = |of: fn(&Topic) -> String| (of(left.topic), of(right.topic));
        fact(
            Weight::Matters,
            "partitions",
            both(|t| t.partitions.len().to_string()),
            "keys fall into other partitions; how many can read at once",
        );
        fact(
            Weight::Matters,
            "replication factor",
            both(replication),
            "how many brokers may be lost",
        );
        if !left.racks.is_empty() && !right.racks.is_empty() {
            fact(
                Weight::Matters,
                "rack spread",
                (spread(left), spread(right)),
                "one lost rack takes more copies",
            );
        }
        if let (Some(l), Some(r)) = (left.offsets_held, right.offsets_held) {
            fact(
                Weight::Note,
                "offsets held",
                (l.to_string(), r.to_string()),
                "how much each holds, not how it is set up",
            );
        }
    }

    /// Which brokers hold it: says something within one cluster only.
    fn placement(&mut self, subject: &str, left: &Topic, right: &Topic) {
        let pairs = left.partitions.iter().filter_map(|l| {
            let r = right
                .partitions
                .iter()
                .find(|r| r.partition == l.partition)?;
            Some((&l.replicas, &r.replicas))
        });
        let set = |replicas: &Vec<i32>| replicas.iter().copied().collect::<BTreeSet<_>>();
        let (mut moved, mut turned, mut shared) = (0_usize, 0_usize, 0_usize);
        for (l, r) in pairs {
            shared += 1;
            if set(l) != set(r) {
                moved += 1;
            } else if l.first() != r.first() {
                turned += 1;
            }
        }
        for (count, key, why) in [
            (moved, "replica placement", "other brokers hold the copies"),
            (turned, "preferred leaders", "other brokers lead"),
        ] {
            if count > 0 {
                let right = format!("{count} of {shared} partitions otherwise");
                self.fact(Weight::Note, (subject, key), ("as placed", right), why);
            }
        }
    }

    fn configs(&mut self, subject: &str, left: &TopicSide<'_>, right: &TopicSide<'_>, many: bool) {
        let (Some(left_configs), Some(right_configs)) = (left.configs, right.configs) else {
            return;
        };
        let by_key = |configs: &[ConfigEntry]| {
            let by_key = configs.iter().map(|e| (e.name.clone(), e.clone()));
            by_key.collect::<BTreeMap<_, _>>()
        };
        let resolved = |configs: &[ConfigEntry]| {
            let mut configs = configs.to_vec();
            resolve_local(&mut configs);
            by_key(&configs)
        };
        let (raw_lefts, raw_rights) = (by_key(left_configs), by_key(right_configs));
        let (lefts, rights) = (resolved(left_configs), resolved(right_configs));
        let keys: BTreeSet<&String> = lefts.keys().chain(rights.keys()).collect();
        for name in keys {
            let (l, r) = (lefts.get(name), rights.get(name));
            // Both "like the topic's retention" are alike, whatever that is: it has its own row.
            let raw = (raw_lefts.get(name), raw_rights.get(name));
            let alike = |pair| matches!(pair, (Some(l), Some(r)) if same(l, r));
            if let (Some(l), Some(r)) = (l, r)
                && (alike((Some(l), Some(r))) || alike(raw))
            {
                self.equal_values += 1;
                if own(l) != own(r) {
                    self.set_on_one_side += 1;
                }
                continue;
            }
            // A key that one version does not know, at its default on the other, changes nothing.
            if (l.is_none() || r.is_none()) && !l.or(r).is_some_and(is_set) {
                continue;
            }
            let (weight, why) = key::of_topic(name);
            let text = |side: Option<&ConfigEntry>| side.map_or_else(|| ABSENT.into(), shown);
            let difference = Difference {
                weight,
                subject: subject.into(),
                key: name.clone(),
                left: text(l),
                right: text(r),
                left_source: l.map(|e| e.source),
                right_source: r.map(|e| e.source),
                why: why.into(),
            };
            if many && !l.is_some_and(own) && !r.is_some_and(own) {
                self.inherit(&left.topic.name, difference);
            } else {
                self.differences.push(difference);
            }
        }
    }
}

/// Set on the topic itself.
fn own(entry: &ConfigEntry) -> bool {
    entry.source == ConfigSource::Topic
}

/// Whether a gap says that this topic could not be told of.
fn untold(topic: &str, missing: &[Missing]) -> bool {
    let name = format!("topic `{topic}`");
    missing.iter().any(|gap| gap.what == name)
}

fn extent(topic: &Topic) -> String {
    let count = topic.partitions.len();
    let plural = if count == 1 { "" } else { "s" };
    let copies = replication(topic);
    format!("{count} partition{plural}, replication factor {copies}")
}

/// `3`, or `1 to 3` where partitions differ.
fn replication(topic: &Topic) -> String {
    let counts = || topic.partitions.iter().map(|p| p.replicas.len());
    match (counts().min(), counts().max()) {
        (Some(least), Some(most)) if least < most => format!("{least} to {most}"),
        (Some(all), _) => all.to_string(),
        _ => "none".into(),
    }
}

/// Partitions whose copies are in fewer racks than their number and the racks would allow.
fn spread(side: &TopicSide<'_>) -> String {
    let racks: BTreeSet<&String> = side.racks.values().collect();
    let crowded = |replicas: &[i32]| {
        let used: BTreeSet<_> = replicas.iter().filter_map(|b| side.racks.get(b)).collect();
        // Replicas on brokers of unknown rack may be anywhere.
        let known = replicas.iter().all(|b| side.racks.contains_key(b));
        known && used.len() < replicas.len().min(racks.len())
    };
    let all = side.topic.partitions.len();
    let count = side
        .topic
        .partitions
        .iter()
        .filter(|p| crowded(&p.replicas))
        .count();
    match count {
        0 => "as wide as it can be".into(),
        _ if count == all => "all partitions crowded".into(),
        _ => format!("{count} of {all} partitions crowded"),
    }
}
