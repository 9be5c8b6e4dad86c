//! Looks at groups between questions, so that an answer can say where a lag is going.
//!
//! One `Sampler` for each cluster. It begins with the first question, looks at the groups that were
//! asked about in requests that follow the number of brokers, over connections of its own so that no
//! call waits behind it, and ends when nobody has asked for a while; then all is forgotten. A look
//! that fails is a gap. Nothing is written to disk, and without serving there are no looks at all.
//! Judging what was seen is the core's business.

pub(crate) mod gather;
mod kept;
mod logged;
pub(crate) mod prospect;
#[cfg(test)]
mod tests;

use crate::config::SamplingConfig;
use crate::engines::connect;
use gather::{Facts, Members, gather};
use kafkaweave_client::kafka::Engine;
use kafkaweave_client::profile::Profile;
use kafkaweave_core::diagnose::lag::{GroupLag, History, Limits, Point};
use kafkaweave_core::model::GroupListing;
use kafkaweave_core::names::NameFilter;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::AbortHandle;
use tokio::time::{Instant, MissedTickBehavior};

/// How often to look, how much to remember, when to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Between two looks.
    pub interval: Duration,
    /// What is remembered.
    pub limits: Limits,
    /// Ends after so long without a question.
    pub idle: Duration,
}

impl Sampling {
    /// As configured; `None` when it is switched off.
    pub fn of(config: &SamplingConfig) -> Option<Self> {
        (!config.disabled).then_some(Self {
            interval: Duration::from_millis(config.interval_ms),
            limits: Limits {
                samples: config.samples,
                memory_bytes: config.memory_bytes,
            },
            idle: Duration::from_millis(config.idle_ms),
        })
    }
}

/// The looks at the groups of one cluster.
pub(crate) struct Sampler(Option<Arc<Shared>>);

struct Shared {
    profile: Profile,
    sampling: Sampling,
    state: Mutex<State>,
}

struct State {
    history: History,
    wanted: Wanted,
    asked: Instant,
    running: Option<AbortHandle>,
}

/// The groups that were asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Wanted {
    all: bool,
    groups: BTreeSet<String>,
}

impl Wanted {
    fn covers(&self, group: &str) -> bool {
        self.all || self.groups.contains(group)
    }
}

/// What a question was about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Asked<'a> {
    /// All groups, those to come included.
    All,
    /// These.
    These(&'a [GroupListing]),
}

impl Sampler {
    /// A sampler that has not begun; `None` is one that never will.
    pub(crate) fn new(profile: &Profile, sampling: Option<Sampling>) -> Self {
        Self(sampling.map(|sampling| {
            Arc::new(Shared {
                profile: profile.clone(),
                sampling,
                state: Mutex::new(State {
                    history: History::new(sampling.limits),
                    wanted: Wanted::default(),
                    asked: Instant::now(),
                    running: None,
                }),
            })
        }))
    }

    /// Takes a question, and its own look part by part, in; begins to look if that is not so yet.
    /// Needs a runtime.
    pub(crate) fn asked(
        &self,
        asked: Asked<'_>,
        at_ms: i64,
        seen: impl Iterator<Item = Vec<GroupLag>>,
    ) {
        let Some(shared) = &self.0 else { return };
        let mut state = shared.lock();
        state.asked = Instant::now();
        match asked {
            Asked::All => state.wanted.all = true,
            Asked::These(groups) => {
                let names = groups.iter().map(|g| g.group.clone());
                state.wanted.groups.extend(names);
                let names = groups.iter().map(|g| g.group.as_str());
                state.history.asked(at_ms, names);
            }
        }
        // Questions in a hurry must not push out what came before them.
        let interval_ms = i64::try_from(shared.sampling.interval.as_millis()).unwrap_or(i64::MAX);
        for mut part in seen {
            part.retain(|group| {
                let last = state.history.last_ms(&group.group);
                last.is_none_or(|last| at_ms.saturating_sub(last) >= interval_ms)
            });
            state.history.record(at_ms, &part);
        }
        if state.running.as_ref().is_none_or(AbortHandle::is_finished) {
            let task = tokio::spawn(look_on(Arc::clone(shared)));
            state.running = Some(task.abort_handle());
        }
    }

    /// What was seen of each partition of a group before `at_ms`, in the group's order.
    pub(crate) fn points(&self, group: &GroupLag, at_ms: i64) -> Vec<Vec<Point>> {
        let Some(shared) = &self.0 else {
            return vec![Vec::new(); group.partitions.len()];
        };
        let state = shared.lock();
        let of = |topic: &str, partition| {
            let mut points = state.history.points(&group.group, topic, partition);
            points.retain(|p| p.at_ms < at_ms);
            points
        };
        group
            .partitions
            .iter()
            .map(|row| of(&row.topic, row.partition))
            .collect()
    }

    /// Ends of the logs of a group's partitions, seen before `at_ms` for whatever group, in the
    /// group's order.
    pub(crate) fn ends(&self, group: &GroupLag, at_ms: i64) -> Vec<Vec<Point>> {
        let Some(shared) = &self.0 else {
            return Vec::new();
        };
        let state = shared.lock();
        let of = |topic: &str, partition| {
            state
                .history
                .log_ends(topic, partition)
                .map(|(log_end, at_ms)| Point {
                    at_ms,
                    committed: None,
                    owned: None,
                    log_end: Some(log_end),
                })
                .filter(|p| p.at_ms < at_ms)
                .collect()
        };
        group
            .partitions
            .iter()
            .map(|row| of(&row.topic, row.partition))
            .collect()
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        if let Some(running) = self.0.iter().find_map(|s| s.lock().running.take()) {
            running.abort();
        }
    }
}

impl Shared {
    /// A panic elsewhere leaves samples behind, and those are as good as before.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to look at; `None`, with all forgotten, when nobody has asked for too long.
    fn wanted(&self) -> Option<Wanted> {
        let mut state = self.lock();
        if state.asked.elapsed() < self.sampling.idle {
            return Some(state.wanted.clone());
        }
        state.history = History::new(self.sampling.limits);
        state.wanted = Wanted::default();
        state.running = None;
        None
    }

    fn take(&self, look: Look) {
        let mut state = self.lock();
        for part in look.facts.in_parts(&look.groups) {
            state.history.record(look.facts.at_ms, &part);
        }
        // Only a whole list tells that a group is gone.
        if let Some(names) = look.names {
            state.history.retain(|name| names.contains(name));
            state.wanted.groups.retain(|name| names.contains(name));
        }
    }
}

/// One look.
struct Look {
    facts: Facts,
    groups: Vec<GroupListing>,
    /// All groups of the cluster, when every broker listed its own.
    names: Option<BTreeSet<String>>,
}

/// Looks until nobody asks any more. The first look is an interval away: the question was one.
async fn look_on(shared: Arc<Shared>) {
    let engine = match connect(&shared.profile) {
        Ok(engine) => engine,
        Err(error) => {
            tracing::debug!(%error, "no samples");
            return;
        }
    };
    let mut ticks = tokio::time::interval(shared.sampling.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks.tick().await;
    loop {
        ticks.tick().await;
        let Some(wanted) = shared.wanted() else {
            return;
        };
        match look(engine.as_ref(), &wanted).await {
            Ok(look) => shared.take(look),
            Err(error) => tracing::debug!(%error, "a look at groups failed"),
        }
    }
}

async fn look(engine: &dyn Engine, wanted: &Wanted) -> Result<Look, crate::problem::Error> {
    let mut missing = Vec::new();
    let listed = engine.groups().await?.into_value(&mut missing);
    let names = missing
        .is_empty()
        .then(|| listed.iter().map(|g| g.group.clone()).collect());
    let groups: Vec<GroupListing> = listed
        .into_iter()
        .filter(|g| wanted.covers(&g.group))
        .collect();
    let facts = gather(
        engine,
        &groups,
        &NameFilter::parse(None)?,
        Members::Now,
        missing,
    )
    .await?;
    Ok(Look {
        facts,
        groups,
        names,
    })
}
