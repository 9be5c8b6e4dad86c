//! Finding the broker that can answer: any live one, one by id, all, a partition's leader, a
//! group's coordinator.
//!
//! Connections are opened when first needed, shared, and replaced when they have ended, timed out
//! or reached the end of their session. A [`Router`] connects to nothing by itself and retries
//! nothing that a broker has refused; it does go round brokers that are dead or frozen.

mod coordinator;
mod leader;
mod nodes;
mod slot;
#[cfg(test)]
mod tests;

pub(crate) use coordinator::Keys;
#[cfg(test)]
pub(crate) use coordinator::find;
pub(crate) use leader::{NewLeader, TopicLeaders};
pub(crate) use nodes::{Node, Nodes, metadata};

use super::KafkaError;
use super::connection::{Connection, Dialer};
use super::error::Attempt;
use super::locked;
use crate::profile::Profile;
use futures::future::join_all;
use futures::stream::{FuturesUnordered, StreamExt};
use kafka_protocol::protocol::Request;
use slot::Slot;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Any broker can answer, and this one takes so long that another is asked beside it.
const HESITATION: Duration = Duration::from_secs(1);

/// How long an address has before the next is dialled beside it. A healthy broker needs less, and
/// then the others are spared a log-in that nobody would use.
const HEAD_START: Duration = Duration::from_millis(100);

/// Tries of a call that Kafka refuses for a passing reason.
pub(crate) const TRIES: usize = 3;

/// Pause before try `n` (from 1): 50 ms, 150 ms, 450 ms.
pub(crate) fn back_off(n: usize) -> Duration {
    Duration::from_millis(match n {
        0 | 1 => 50,
        2 => 150,
        _ => 450,
    })
}

/// Whether the broker, and not its answer, was the trouble: another broker may do better. One that
/// has left the metadata leads nothing any more, whatever memory says.
pub(crate) fn lost(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::Connect { .. }
            | KafkaError::ConnectTimeout { .. }
            | KafkaError::Resolve { .. }
            | KafkaError::Closed { .. }
            | KafkaError::Timeout { .. }
            | KafkaError::Unreachable { .. }
            | KafkaError::UnknownBroker { .. }
    )
}

/// Which connections a call may share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Those of all calls.
    Shared,
    /// One for what may wait for a controller.
    Aside,
}

/// The ways to one cluster. Clones share everything.
#[derive(Clone)]
pub(crate) struct Router(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    /// A connection to whichever broker answered first.
    first: Slot,
    /// For requests that the broker passes on to the controller, see [`Router::ask_controller`].
    aside: Slot,
    slots: Mutex<BTreeMap<i32, Arc<Slot>>>,
    nodes: Mutex<Option<Nodes>>,
    leaders: Mutex<HashMap<String, (Instant, TopicLeaders)>>,
    /// Those topics that coordinators need and that are known to exist, see [`Keys`].
    offsets_topic_exists: AtomicBool,
    transactions_topic_exists: AtomicBool,
}

impl Router {
    /// Connects to nothing.
    pub(crate) fn new(profile: Profile) -> Self {
        Self(Arc::new(Inner {
            dialer: Dialer::new(profile),
            first: Slot::default(),
            aside: Slot::default(),
            slots: Mutex::default(),
            nodes: Mutex::default(),
            leaders: Mutex::default(),
            offsets_topic_exists: AtomicBool::new(false),
            transactions_topic_exists: AtomicBool::new(false),
        }))
    }

    /// The cluster's profile.
    pub(crate) fn profile(&self) -> &Profile {
        self.0.dialer.profile()
    }

    /// Bound on one request.
    pub(crate) fn timeout(&self) -> Duration {
        self.profile().request_timeout
    }

    /// What its connections have sent.
    pub(crate) fn stats(&self) -> super::Stats {
        self.0.dialer.counters().stats()
    }

    /// A live connection to some broker. All known addresses are tried, soon side by side.
    ///
    /// # Errors
    /// `Unreachable` with every attempt; the error itself where it lies with the profile or the
    /// credentials.
    pub(crate) async fn any(&self) -> Result<Arc<Connection>, KafkaError> {
        match self.live("") {
            Some(connection) => Ok(connection),
            None => self.0.first.obtain(|| self.race("")).await,
        }
    }

    /// An open connection to any address but `except`.
    fn live(&self, except: &str) -> Option<Arc<Connection>> {
        let slots = locked(&self.0.slots);
        std::iter::once(&self.0.first)
            .chain(slots.values().map(Arc::as_ref))
            .filter_map(Slot::current)
            .find(|c| c.address() != except)
    }

    /// Dials all known addresses but `except`, each a little after the one before or when that has
    /// failed; the first that is ready wins.
    async fn race(&self, except: &str) -> Result<Connection, KafkaError> {
        let mut addresses = self.profile().bootstrap.clone();
        if let Some(nodes) = locked(&self.0.nodes).as_ref() {
            addresses.extend(nodes.brokers.values().map(Node::address));
        }
        let mut unique: Vec<String> = Vec::new();
        for address in addresses {
            if address != except && !unique.contains(&address) {
                unique.push(address);
            }
        }
        let mut waiting = unique.iter();
        let mut dials = FuturesUnordered::new();
        let mut attempts = Vec::new();
        loop {
            if let Some(address) = waiting.next() {
                dials.push(async { (address.clone(), self.0.dialer.open(address).await) });
            }
            let outcome = tokio::select! {
                outcome = dials.next() => outcome,
                () = tokio::time::sleep(HEAD_START), if waiting.len() > 0 => continue,
            };
            match outcome {
                Some((_, Ok(connection))) => return Ok(connection),
                Some((address, Err(error))) => attempts.push(Attempt { address, error }),
                None if waiting.len() == 0 => break,
                None => {}
            }
        }
        attempts.sort_by_key(|a| unique.iter().position(|u| *u == a.address));
        Err(match attempts.iter().find(|a| ours(&a.error)) {
            Some(decisive) => decisive.error.clone(),
            None => KafkaError::Unreachable {
                cluster: self.profile().name.clone(),
                attempts,
            },
        })
    }

    /// A connection to one broker.
    ///
    /// # Errors
    /// `UnknownBroker` when the metadata does not name it, or why it cannot be reached.
    pub(crate) async fn broker(&self, id: i32) -> Result<Arc<Connection>, KafkaError> {
        let slot = Arc::clone(locked(&self.0.slots).entry(id).or_default());
        if let Some(connection) = slot.current() {
            return Ok(connection);
        }
        let address = self.node(id).await?.address();
        let dial = |address: String| async move { self.0.dialer.open(&address).await };
        let outcome = slot.obtain(|| dial(address.clone())).await;
        match outcome {
            Err(error) if lost(&error) => {
                // It may have moved since the metadata was read.
                let moved = self.refreshed_node(id).await.map(|n| n.address());
                match moved {
                    Ok(new) if new != address => slot.obtain(|| dial(new.clone())).await,
                    _ => Err(error),
                }
            }
            outcome => outcome,
        }
    }

    /// A call to one broker, at the highest common version. A connection that turns out to be
    /// closed (idle for too long, broker restarted) is replaced once.
    pub(crate) async fn call<R: Request>(
        &self,
        broker: i32,
        build: impl Fn(i16) -> R + Sync,
    ) -> Result<(R::Response, i16), KafkaError> {
        let connection = self.broker(broker).await?;
        match connection.call(self.timeout(), &build).await {
            Err(KafkaError::Closed { .. }) => {
                let fresh = self.broker(broker).await?;
                fresh.call(self.timeout(), &build).await
            }
            outcome => outcome,
        }
    }

    /// A call that any broker can answer. A broker that hesitates or fails is passed by.
    pub(crate) async fn ask<R: Request>(
        &self,
        build: impl Fn(i16) -> R + Sync,
    ) -> Result<(R::Response, i16), KafkaError> {
        self.ask_by(Way::Shared, build).await
    }

    /// As [`Router::ask`], for a call that the broker passes on to the active controller. Without a
    /// controller it waits, and as a broker answers a connection's requests in order, all that came
    /// behind it would wait too: so it has a connection of its own.
    pub(crate) async fn ask_controller<R: Request>(
        &self,
        build: impl Fn(i16) -> R + Sync,
    ) -> Result<(R::Response, i16), KafkaError> {
        self.ask_by(Way::Aside, build).await
    }

    async fn ask_by<R: Request>(
        &self,
        way: Way,
        build: impl Fn(i16) -> R + Sync,
    ) -> Result<(R::Response, i16), KafkaError> {
        let timeout = self.timeout();
        let first = self.begin(way).await?;
        let mut one = std::pin::pin!(first.call(timeout, &build));
        let failed = tokio::select! {
            outcome = &mut one => match outcome {
                Err(error) if lost(&error) => Some(error),
                outcome => return outcome,
            },
            () = tokio::time::sleep(HESITATION) => None,
        };
        let second = async {
            let other = match &failed {
                // Closed while idle, perhaps: the same broker may well take a new connection.
                Some(KafkaError::Closed { .. }) => self.begin(way).await?,
                _ => self.other(way, first.address()).await?,
            };
            let answer = other.call(timeout, &build).await?;
            // Calls to come shall begin with the one that answers.
            self.slot(way).put(other);
            Ok(answer)
        };
        let mut two = std::pin::pin!(second);
        if let Some(error) = &failed {
            let or_first = |e| if lost(&e) { error.clone() } else { e };
            return two.await.map_err(or_first);
        }
        tokio::select! {
            outcome = &mut one => match outcome {
                Err(error) if lost(&error) => two.await.map_err(|_| error),
                outcome => outcome,
            },
            outcome = &mut two => match outcome {
                Ok(answer) => Ok(answer),
                Err(_) => one.await,
            },
        }
    }

    fn slot(&self, way: Way) -> &Slot {
        match way {
            Way::Shared => &self.0.first,
            Way::Aside => &self.0.aside,
        }
    }

    /// The connection to begin with.
    async fn begin(&self, way: Way) -> Result<Arc<Connection>, KafkaError> {
        match way {
            Way::Shared => self.any().await,
            Way::Aside => self.0.aside.obtain(|| self.race("")).await,
        }
    }

    /// A connection to any address but `except`.
    async fn other(&self, way: Way, except: &str) -> Result<Arc<Connection>, KafkaError> {
        match self.live(except) {
            Some(other) if way == Way::Shared => Ok(other),
            _ => Ok(Arc::new(self.race(except).await?)),
        }
    }

    /// The same request to every broker in parallel; each with its own outcome.
    ///
    /// # Errors
    /// Only when the list of brokers cannot be had.
    pub(crate) async fn each<R: Request, F: Fn(i16) -> R + Sync>(
        &self,
        build: F,
    ) -> Result<Vec<(i32, Result<(R::Response, i16), KafkaError>)>, KafkaError> {
        let build = &build;
        let calls = self
            .brokers()
            .await?
            .into_iter()
            .map(|id| async move { (id, self.call(id, build).await) });
        Ok(join_all(calls).await)
    }
}

/// Whether the fault is on our side, so that naming one address says it all.
fn ours(error: &KafkaError) -> bool {
    matches!(
        error,
        KafkaError::Secret { .. }
            | KafkaError::TlsSettings { .. }
            | KafkaError::Authentication { .. }
            | KafkaError::Mechanism { .. }
    )
}
