//! One round of a classic group: from the first join to the assignment.

use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::oneshot;

use super::{Classic, Joined, Later, Phase, Sync, Synced, unsynced};
use crate::wire::code;

impl Classic {
    /// Asks all members to join again.
    pub(super) fn begin_round(&mut self, now: Instant) {
        if self.state == Phase::Preparing {
            return;
        }
        self.state = Phase::Preparing;
        let longest = self
            .members
            .values()
            .map(|member| member.rebalance)
            .max()
            .unwrap_or(Duration::ZERO);
        self.rebalance_until = Some(now + longest);
        for member in self.members.values_mut() {
            if let Some(sender) = member.syncing.take() {
                drop(sender.send(unsynced(code::REBALANCE_IN_PROGRESS)));
            }
        }
    }

    /// Ends the gathering once everybody is there.
    pub(super) fn end_round_if_all_joined(&mut self, now: Instant) {
        let waiting = self.members.values().any(|member| member.joining.is_none());
        if self.state == Phase::Preparing && !waiting && self.pending.is_empty() {
            self.end_round(now);
        }
    }

    fn end_round(&mut self, now: Instant) {
        self.generation += 1;
        self.rebalance_until = None;
        if self.members.is_empty() {
            self.state = Phase::Empty;
            (self.protocol, self.leader) = (None, None);
            return;
        }
        self.state = Phase::Completing;
        self.protocol = self.elect_protocol();
        if self
            .leader
            .as_ref()
            .is_none_or(|leader| !self.members.contains_key(leader))
        {
            self.leader = self.members.keys().next().cloned();
        }
        let ids: Vec<String> = self.members.keys().cloned().collect();
        for id in ids {
            let place = self.place_of(&id);
            let Some(member) = self.members.get_mut(&id) else {
                continue;
            };
            member.assignment = Bytes::new();
            if let Some(sender) = member.joining.take() {
                member.deadline = now + member.session;
                drop(sender.send(place)); // who has hung up will fall silent and expire
            }
        }
    }

    /// The protocol that all members have and most prefer.
    fn elect_protocol(&self) -> Option<String> {
        let has = |protocol: &str, of: &super::Member| {
            of.protocols.iter().any(|(name, _)| name == protocol)
        };
        let candidates: Vec<&str> = self
            .members
            .values()
            .next()?
            .protocols
            .iter()
            .map(|(name, _)| name.as_str())
            .filter(|name| self.members.values().all(|member| has(name, member)))
            .collect();
        let votes = |candidate: &str| {
            let choice = |member: &super::Member| {
                member
                    .protocols
                    .iter()
                    .map(|(name, _)| name.as_str())
                    .find(|name| candidates.contains(name))
                    == Some(candidate)
            };
            self.members
                .values()
                .filter(|member| choice(member))
                .count()
        };
        let mut best: Option<(&str, usize)> = None;
        for &candidate in &candidates {
            let count = votes(candidate);
            if best.is_none_or(|(_, most)| count > most) {
                best = Some((candidate, count));
            }
        }
        best.map(|(name, _)| name.to_owned())
    }

    /// A member's place in the present generation.
    pub(super) fn place_of(&self, id: &str) -> Joined {
        let leads = self.leader.as_deref() == Some(id);
        let protocol = self.protocol.as_deref().unwrap_or_default();
        Joined {
            error: 0,
            generation: self.generation,
            protocol_type: Some(self.protocol_type.clone()),
            protocol: self.protocol.clone(),
            leader: self.leader.clone().unwrap_or_default(),
            member_id: id.to_owned(),
            members: if leads {
                self.members
                    .values()
                    .map(|member| {
                        (
                            member.id.clone(),
                            member.instance_id.clone(),
                            member.metadata(protocol),
                        )
                    })
                    .collect()
            } else {
                Vec::new()
            },
        }
    }

    /// A member asks for its assignment; the leader brings everybody's.
    pub(crate) fn sync(
        &mut self,
        member_id: &str,
        assignments: Vec<(String, Bytes)>,
        now: Instant,
    ) -> Sync {
        self.touch(member_id, now);
        match self.state {
            Phase::Empty => Later::Now(unsynced(code::UNKNOWN_MEMBER_ID)),
            Phase::Preparing => Later::Now(unsynced(code::REBALANCE_IN_PROGRESS)),
            Phase::Stable => Later::Now(self.synced(member_id)),
            Phase::Completing => {
                let (sender, receiver) = oneshot::channel();
                if let Some(member) = self.members.get_mut(member_id) {
                    member.syncing = Some(sender);
                }
                if self.leader.as_deref() == Some(member_id) {
                    for (id, assignment) in assignments {
                        if let Some(member) = self.members.get_mut(&id) {
                            member.assignment = assignment;
                        }
                    }
                    self.state = Phase::Stable;
                    let ids: Vec<String> = self.members.keys().cloned().collect();
                    for id in ids {
                        let answer = self.synced(&id);
                        if let Some(sender) = self
                            .members
                            .get_mut(&id)
                            .and_then(|member| member.syncing.take())
                        {
                            drop(sender.send(answer));
                        }
                        self.touch(&id, now);
                    }
                }
                Later::Wait(receiver)
            }
        }
    }

    fn synced(&self, id: &str) -> Synced {
        Synced {
            error: 0,
            protocol_type: Some(self.protocol_type.clone()),
            protocol: self.protocol.clone(),
            assignment: self
                .members
                .get(id)
                .map(|member| member.assignment.clone())
                .unwrap_or_default(),
        }
    }

    /// Takes a member out and lets the others share its work.
    pub(super) fn remove(&mut self, id: &str, now: Instant) {
        let Some(mut member) = self.members.shift_remove(id) else {
            return;
        };
        if let Some(instance) = &member.instance_id
            && self
                .statics
                .get(instance)
                .is_some_and(|current| current == id)
        {
            self.statics.remove(instance);
        }
        if let Some(sender) = member.syncing.take() {
            drop(sender.send(unsynced(code::UNKNOWN_MEMBER_ID)));
        }
        self.begin_round(now);
        self.end_round_if_all_joined(now);
    }

    /// Looks at all deadlines.
    pub(crate) fn expire(&mut self, now: Instant) {
        self.pending.retain(|_, until| *until > now);
        let silent: Vec<String> = self
            .members
            .values()
            .filter(|member| {
                member.joining.is_none() && member.syncing.is_none() && member.deadline <= now
            })
            .map(|member| member.id.clone())
            .collect();
        for id in silent {
            self.remove(&id, now);
        }
        if self.rebalance_until.is_some_and(|until| until <= now) {
            // Static members keep their place until their session ends (KIP-345).
            let late: Vec<String> = self
                .members
                .values()
                .filter(|member| member.joining.is_none() && member.instance_id.is_none())
                .map(|member| member.id.clone())
                .collect();
            for id in late {
                self.members.shift_remove(&id);
            }
            self.pending.clear();
            if self.state == Phase::Preparing {
                self.end_round(now);
            }
        }
        self.end_round_if_all_joined(now);
    }
}
