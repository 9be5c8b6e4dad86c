//! Faults on request: wrong answers, slow answers, no answers, lost connections, lost nodes.
//!
//! A [`Rule`] says which request it hits and how often. Rules are tried in the order they were added;
//! a delay lets later rules act too, anything else decides. Time is real time.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

/// What happens to a request that a [`Rule`] hits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answer with this Kafka error code, at the top level or in every item asked for. Nothing is changed.
    Error(i16),
    /// Wait before the request is handled.
    Delay(Duration),
    /// Close the connection without an answer.
    Drop,
    /// Handle the request, then close the connection before answering: the client cannot know.
    DropAfter,
    /// Never answer; the connection stays open.
    Silence,
}

/// How often a [`Rule`] acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    /// This many requests.
    N(u64),
    /// Until it is cleared.
    Forever,
}

/// Which requests fail, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// API key, or `None` for every API.
    pub api_key: Option<i16>,
    /// Node (1 to 3), or `None` for every node.
    pub node: Option<i32>,
    /// What happens.
    pub fault: Fault,
    /// How often.
    pub times: Times,
}

impl Rule {
    /// A rule for one API on every node, for ever.
    pub fn new(api_key: i16, fault: Fault) -> Self {
        Self {
            api_key: Some(api_key),
            node: None,
            fault,
            times: Times::Forever,
        }
    }

    /// The same rule on one node only.
    pub fn at(self, node: i32) -> Self {
        Self {
            node: Some(node),
            ..self
        }
    }

    /// The same rule for `count` requests only.
    pub fn times(self, count: u64) -> Self {
        Self {
            times: Times::N(count),
            ..self
        }
    }

    fn hits(&self, node: i32, api_key: i16) -> bool {
        self.node.is_none_or(|at| at == node) && self.api_key.is_none_or(|key| key == api_key)
    }
}

/// Names an added rule, to remove it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaultId(u64);

#[derive(Debug, Default)]
struct Rules {
    next: u64,
    rules: Vec<(u64, Rule, u64)>,
}

/// The fault hooks of one sandbox.
#[derive(Debug)]
pub struct Faults {
    rules: Mutex<Rules>,
    up: watch::Sender<[bool; 3]>,
}

/// What the rules decided for one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) delay: Duration,
    pub(crate) fault: Option<Fault>,
}

impl Faults {
    pub(crate) fn new() -> Self {
        Self {
            rules: Mutex::default(),
            up: watch::Sender::new([true; 3]),
        }
    }

    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rule; it acts from the next request on.
    pub fn inject(&self, rule: Rule) -> FaultId {
        let mut rules = self.rules();
        rules.next += 1;
        let id = rules.next;
        rules.rules.push((id, rule, 0));
        FaultId(id)
    }

    /// Removes one rule; one that is used up or gone is no error.
    pub fn remove(&self, id: FaultId) {
        self.rules().rules.retain(|(at, _, _)| *at != id.0);
    }

    /// Removes all rules and brings all nodes up.
    pub fn clear(&self) {
        self.rules().rules.clear();
        self.up.send_replace([true; 3]);
    }

    /// How many requests a rule that is still there has hit.
    pub fn hits(&self, id: FaultId) -> Option<u64> {
        self.rules()
            .rules
            .iter()
            .find(|(at, _, _)| *at == id.0)
            .map(|(_, _, hits)| *hits)
    }

    /// Takes a node (1 to 3) down: its listener closes, its connections drop, its leaders and
    /// coordinators move to other replicas. `false` if there is no such node.
    pub fn node_down(&self, node: i32) -> bool {
        self.set(node, false)
    }

    /// Brings a node (1 to 3) back on its old port; it rejoins the ISR. `false` if there is no such node.
    pub fn node_up(&self, node: i32) -> bool {
        self.set(node, true)
    }

    /// Whether a node (1 to 3) is meant to be up.
    pub fn is_up(&self, node: i32) -> bool {
        slot(node).is_some_and(|slot| self.up.borrow()[slot])
    }

    fn set(&self, node: i32, up: bool) -> bool {
        let Some(slot) = slot(node) else { return false };
        self.up
            .send_if_modified(|all| std::mem::replace(&mut all[slot], up) != up);
        true
    }

    pub(crate) fn watch(&self) -> watch::Receiver<[bool; 3]> {
        self.up.subscribe()
    }

    pub(crate) fn judge(&self, node: i32, api_key: i16) -> Verdict {
        let mut verdict = Verdict::default();
        let mut rules = self.rules();
        rules.rules.retain_mut(|(_, rule, hits)| {
            if verdict.fault.is_some() || !rule.hits(node, api_key) {
                return true;
            }
            match &rule.fault {
                Fault::Delay(delay) => verdict.delay += *delay,
                fault => verdict.fault = Some(fault.clone()),
            }
            *hits += 1;
            match &mut rule.times {
                Times::Forever => true,
                Times::N(left) => {
                    *left = left.saturating_sub(1);
                    *left > 0
                }
            }
        });
        verdict
    }
}

fn slot(node: i32) -> Option<usize> {
    usize::try_from(node)
        .ok()
        .and_then(|node| node.checked_sub(1))
        .filter(|slot| *slot < 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_hits_its_api_and_node_as_often_as_told() {
        let faults = Faults::new();
        faults.inject(Rule::new(3, Fault::Error(7)).at(2).times(2));
        let other = faults.inject(Rule::new(3, Fault::Delay(Duration::from_millis(5))));
        assert_eq!(
            faults.judge(1, 3),
            Verdict {
                delay: Duration::from_millis(5),
                fault: None
            }
        );
        assert_eq!(faults.judge(2, 18), Verdict::default());
        assert_eq!(faults.judge(2, 3).fault, Some(Fault::Error(7)));
        assert_eq!(faults.judge(2, 3).fault, Some(Fault::Error(7)));
        assert_eq!(faults.judge(2, 3).fault, None, "two times are used up");
        assert_eq!(
            faults.hits(other),
            Some(2),
            "the deciding rule came first twice"
        );
        faults.clear();
        assert_eq!(faults.judge(1, 3), Verdict::default());
    }

    #[test]
    fn only_nodes_one_to_three_can_go_down() {
        let faults = Faults::new();
        assert!(!faults.node_down(0) && !faults.node_down(4) && !faults.is_up(4));
        assert!(faults.node_down(3) && !faults.is_up(3) && faults.is_up(2));
        assert!(faults.node_up(3) && faults.is_up(3));
    }
}
