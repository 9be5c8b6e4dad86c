//! The classic group protocol: JoinGroup gathers members, the leader assigns, SyncGroup hands out.
//!
//! A member that joins or syncs gets a channel; it is answered when the round is complete. Deadlines
//! are looked at by a tick from outside, so nothing here waits.

mod call;
mod round;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use bytes::Bytes;
use indexmap::IndexMap;
use tokio::sync::oneshot;

pub(crate) use call::{Applicant, Join, Joined, Later, Sync, Synced};
use call::{refusal, unsynced};

use super::MAX_MEMBERS;
use crate::wire::code;

/// Where a group stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Phase {
    #[default]
    Empty,
    /// Waits for members to join.
    Preparing,
    /// Waits for the leader's assignment.
    Completing,
    Stable,
}

impl Phase {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Empty => "Empty",
            Self::Preparing => "PreparingRebalance",
            Self::Completing => "CompletingRebalance",
            Self::Stable => "Stable",
        }
    }
}

/// A member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) id: String,
    pub(crate) instance_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    session: Duration,
    rebalance: Duration,
    protocols: Vec<(String, Bytes)>,
    pub(crate) assignment: Bytes,
    deadline: Instant,
    joining: Option<oneshot::Sender<Joined>>,
    syncing: Option<oneshot::Sender<Synced>>,
}

impl Member {
    /// What the member sent for a protocol.
    pub(crate) fn metadata(&self, protocol: &str) -> Bytes {
        self.protocols
            .iter()
            .find(|(name, _)| name == protocol)
            .map(|(_, data)| data.clone())
            .unwrap_or_default()
    }
}

/// Members of a classic group.
#[derive(Debug, Default)]
pub(crate) struct Classic {
    pub(crate) state: Phase,
    pub(crate) protocol_type: String,
    pub(crate) protocol: Option<String>,
    generation: i32,
    leader: Option<String>,
    pub(crate) members: IndexMap<String, Member>,
    /// Ids handed out and not used yet, with their deadline.
    pending: BTreeMap<String, Instant>,
    statics: BTreeMap<String, String>,
    rebalance_until: Option<Instant>,
}

impl Classic {
    /// A member joins, again or for the first time.
    pub(crate) fn join(&mut self, applicant: Applicant, now: Instant) -> Join {
        let refused = |error| refusal(error, &applicant.member_id);
        if applicant.protocols.is_empty()
            || applicant.protocol_type.is_empty()
            || !self.accepts(&applicant)
        {
            return refused(code::INCONSISTENT_GROUP_PROTOCOL);
        }
        let known = self.members.contains_key(&applicant.member_id);
        if !known && self.members.len() + self.pending.len() >= MAX_MEMBERS {
            return refused(code::GROUP_MAX_SIZE_REACHED);
        }
        let current = applicant
            .instance_id
            .as_ref()
            .and_then(|instance| self.statics.get(instance))
            .cloned();
        if applicant.member_id.is_empty() {
            return match (&applicant.instance_id, current) {
                (Some(_), Some(old)) => self.replace_static(&old, applicant, now),
                (None, _) if applicant.must_know_id => {
                    let id = fresh_id(&applicant.client_id);
                    self.pending.insert(id.clone(), now + applicant.session);
                    refusal(code::MEMBER_ID_REQUIRED, &id)
                }
                (instance, _) => {
                    let id = fresh_id(instance.as_deref().unwrap_or(&applicant.client_id));
                    self.enter(
                        Applicant {
                            member_id: id,
                            ..applicant
                        },
                        now,
                    )
                }
            };
        }
        match current {
            Some(id) if id != applicant.member_id => return refused(code::FENCED_INSTANCE_ID),
            None if applicant.instance_id.is_some() => return refused(code::UNKNOWN_MEMBER_ID),
            _ => {}
        }
        if self.pending.remove(&applicant.member_id).is_some() {
            return self.enter(applicant, now);
        }
        if !known {
            return refused(code::UNKNOWN_MEMBER_ID);
        }
        self.rejoin(applicant, now)
    }

    /// Whether a protocol remains that all members would have.
    fn accepts(&self, applicant: &Applicant) -> bool {
        let others: Vec<&Member> = self
            .members
            .values()
            .filter(|member| member.id != applicant.member_id)
            .collect();
        others.is_empty()
            || (self.protocol_type == applicant.protocol_type
                && applicant.protocols.iter().any(|(name, _)| {
                    others
                        .iter()
                        .all(|member| member.protocols.iter().any(|(other, _)| other == name))
                }))
    }

    /// A new member: always a rebalance.
    fn enter(&mut self, applicant: Applicant, now: Instant) -> Join {
        if self.members.is_empty() {
            self.protocol_type.clone_from(&applicant.protocol_type);
        }
        if let Some(instance) = &applicant.instance_id {
            self.statics
                .insert(instance.clone(), applicant.member_id.clone());
        }
        let (sender, receiver) = oneshot::channel();
        let member = Member {
            id: applicant.member_id.clone(),
            instance_id: applicant.instance_id,
            client_id: applicant.client_id,
            client_host: applicant.client_host,
            session: applicant.session,
            rebalance: applicant.rebalance,
            protocols: applicant.protocols,
            assignment: Bytes::new(),
            deadline: now + applicant.session,
            joining: Some(sender),
            syncing: None,
        };
        self.members.insert(applicant.member_id, member);
        self.begin_round(now);
        self.end_round_if_all_joined(now);
        Later::Wait(receiver)
    }

    /// A known member joins again: a rebalance if it leads or offers something new, else its present place.
    fn rejoin(&mut self, applicant: Applicant, now: Instant) -> Join {
        let leads = self.leader.as_deref() == Some(&applicant.member_id);
        let Some(member) = self.members.get_mut(&applicant.member_id) else {
            return refusal(code::UNKNOWN_MEMBER_ID, &applicant.member_id);
        };
        let same = member.protocols == applicant.protocols;
        member.deadline = now + applicant.session;
        (member.session, member.rebalance) = (applicant.session, applicant.rebalance);
        if same && (self.state == Phase::Completing || (self.state == Phase::Stable && !leads)) {
            return Later::Now(self.place_of(&applicant.member_id));
        }
        member.protocols = applicant.protocols;
        let (sender, receiver) = oneshot::channel();
        // A second join of the same member takes the place of the first.
        member.joining = Some(sender);
        self.begin_round(now);
        self.end_round_if_all_joined(now);
        Later::Wait(receiver)
    }

    /// A static member comes back without its id: it takes over under a new one (KIP-345).
    fn replace_static(&mut self, old: &str, applicant: Applicant, now: Instant) -> Join {
        let id = fresh_id(
            applicant
                .instance_id
                .as_deref()
                .unwrap_or(&applicant.client_id),
        );
        let Some((slot, _, mut member)) = self.members.shift_remove_full(old) else {
            return self.enter(
                Applicant {
                    member_id: id,
                    ..applicant
                },
                now,
            );
        };
        fence(&mut member);
        let same = member.protocols == applicant.protocols;
        if let Some(instance) = &applicant.instance_id {
            self.statics.insert(instance.clone(), id.clone());
        }
        let led = self.leader.as_deref() == Some(old);
        if led {
            self.leader = Some(id.clone());
        }
        member.id.clone_from(&id);
        (member.client_id, member.client_host) = (applicant.client_id, applicant.client_host);
        (member.session, member.rebalance) = (applicant.session, applicant.rebalance);
        member.protocols = applicant.protocols;
        member.deadline = now + member.session;
        self.members
            .shift_insert(slot.min(self.members.len()), id.clone(), member);
        if same && self.state == Phase::Stable {
            let mut place = self.place_of(&id);
            if led {
                // Named as leader it would assign anew: let it believe that its old self still leads.
                place.leader = old.to_owned();
                place.members.clear();
            }
            return Later::Now(place);
        }
        let (sender, receiver) = oneshot::channel();
        if let Some(member) = self.members.get_mut(&id) {
            member.joining = Some(sender);
        }
        self.begin_round(now);
        self.end_round_if_all_joined(now);
        Later::Wait(receiver)
    }

    /// Error for a call by a member, or 0.
    pub(crate) fn check(&self, member_id: &str, instance_id: Option<&str>, generation: i32) -> i16 {
        if let Some(current) = instance_id.and_then(|instance| self.statics.get(instance))
            && current != member_id
        {
            return code::FENCED_INSTANCE_ID;
        }
        if !self.members.contains_key(member_id) {
            return code::UNKNOWN_MEMBER_ID;
        }
        if generation != self.generation {
            code::ILLEGAL_GENERATION
        } else {
            0
        }
    }

    /// A member lives.
    pub(crate) fn heartbeat(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        generation: i32,
        now: Instant,
    ) -> i16 {
        let error = self.check(member_id, instance_id, generation);
        if error != 0 {
            return error;
        }
        self.touch(member_id, now);
        if self.state == Phase::Preparing {
            code::REBALANCE_IN_PROGRESS
        } else {
            0
        }
    }

    pub(crate) fn touch(&mut self, member_id: &str, now: Instant) {
        if let Some(member) = self.members.get_mut(member_id) {
            member.deadline = now + member.session;
        }
    }

    /// A member leaves, named by its id or its instance id.
    pub(crate) fn leave(
        &mut self,
        member_id: &str,
        instance_id: Option<&str>,
        now: Instant,
    ) -> i16 {
        let id = match instance_id {
            Some(instance) => match self.statics.get(instance) {
                Some(current) if member_id.is_empty() || current == member_id => current.clone(),
                Some(_) => return code::FENCED_INSTANCE_ID,
                None => return code::UNKNOWN_MEMBER_ID,
            },
            None => member_id.to_owned(),
        };
        if self.pending.remove(&id).is_some() {
            self.end_round_if_all_joined(now);
            return 0;
        }
        if !self.members.contains_key(&id) {
            return code::UNKNOWN_MEMBER_ID;
        }
        self.remove(&id, now);
        0
    }

    #[cfg(test)]
    fn generation(&self) -> i32 {
        self.generation
    }
}

/// Tells the former holder of a static membership that it is out.
fn fence(member: &mut Member) {
    if let Some(sender) = member.joining.take()
        && let Later::Now(place) = refusal(code::FENCED_INSTANCE_ID, &member.id)
    {
        drop(sender.send(place));
    }
    if let Some(sender) = member.syncing.take() {
        drop(sender.send(unsynced(code::FENCED_INSTANCE_ID)));
    }
}

fn fresh_id(prefix: &str) -> String {
    format!("{prefix}-{}", uuid::Uuid::new_v4())
}

#[cfg(test)]
mod tests;
