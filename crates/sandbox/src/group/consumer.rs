//! The group protocol of KIP-848: members send heartbeats, the broker assigns.
//!
//! A change raises the group's epoch and gives every member a target. A member first gives up what it
//! has to, tells so with a heartbeat, then gets what the others have given up. Left out: topic
//! patterns (`subscribed_topic_regex`) and the wait for a static member that says it comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::MAX_MEMBERS;
use crate::cluster::Topic;
use crate::wire::code;

/// A set of partitions by topic id.
pub(crate) type Target = BTreeSet<(Uuid, i32)>;

/// A member.
#[derive(Debug, Clone)]
pub(crate) struct ConsumerMember {
    pub(crate) instance_id: Option<String>,
    pub(crate) rack_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) epoch: i32,
    pub(crate) topics: BTreeSet<String>,
    pub(crate) assigned: Target,
    pub(crate) revoking: Target,
    pub(crate) target: Target,
    deadline: Instant,
}

/// Members of a KIP-848 group.
#[derive(Debug)]
pub(crate) struct Consumer {
    pub(crate) epoch: i32,
    pub(crate) assignor: &'static str,
    pub(crate) members: BTreeMap<String, ConsumerMember>,
    /// Partition counts at the last assignment, to notice growth.
    seen: BTreeMap<String, usize>,
}

impl Default for Consumer {
    fn default() -> Self {
        Self {
            epoch: 0,
            assignor: "uniform",
            members: BTreeMap::new(),
            seen: BTreeMap::new(),
        }
    }
}

/// What a heartbeat says.
#[derive(Debug, Clone)]
pub(crate) struct Beat {
    pub(crate) member_id: String,
    pub(crate) epoch: i32,
    pub(crate) instance_id: Option<String>,
    pub(crate) rack_id: Option<String>,
    pub(crate) client_id: String,
    pub(crate) client_host: String,
    pub(crate) topics: Option<BTreeSet<String>>,
    pub(crate) assignor: Option<String>,
    pub(crate) owned: Option<Target>,
    pub(crate) session: Duration,
}

/// What a heartbeat is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Beaten {
    pub(crate) member_id: String,
    pub(crate) epoch: i32,
    /// `None` if the member has been told already.
    pub(crate) assignment: Option<Target>,
}

impl Consumer {
    /// State as Kafka names it.
    pub(crate) fn state(&self) -> &'static str {
        if self.members.is_empty() {
            "Empty"
        } else if self
            .members
            .values()
            .all(|member| member.epoch == self.epoch && member.assigned == member.target)
        {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    /// Error for an offset commit or fetch by a member, or 0.
    pub(crate) fn check(&self, member_id: &str, epoch: i32) -> i16 {
        match self.members.get(member_id) {
            None => code::UNKNOWN_MEMBER_ID,
            Some(member) if member.epoch != epoch => code::STALE_MEMBER_EPOCH,
            Some(_) => 0,
        }
    }

    /// A heartbeat: join, leave, or live on.
    pub(crate) fn beat(
        &mut self,
        beat: Beat,
        now: Instant,
        topics: &BTreeMap<String, Topic>,
    ) -> Result<Beaten, i16> {
        if beat.epoch < 0 {
            return self.leave(&beat, topics);
        }
        if let Some(assignor) = &beat.assignor {
            self.assignor = match assignor.as_str() {
                "uniform" => "uniform",
                "range" => "range",
                _ => return Err(code::UNSUPPORTED_ASSIGNOR),
            };
        }
        let joins = beat.epoch == 0;
        let id = if beat.member_id.is_empty() {
            Uuid::new_v4().to_string()
        } else {
            beat.member_id.clone()
        };
        let mut changed = false;
        if joins {
            if self.members.len() >= MAX_MEMBERS {
                return Err(code::GROUP_MAX_SIZE_REACHED);
            }
            let wanted = beat.topics.clone().ok_or(code::INVALID_REQUEST)?;
            let twin = beat.instance_id.as_ref().and_then(|instance| {
                self.members
                    .iter()
                    .find(|(_, member)| member.instance_id.as_ref() == Some(instance))
                    .map(|(id, _)| id.clone())
            });
            if let Some(twin) = twin.filter(|twin| *twin != id) {
                self.members.remove(&twin);
            }
            changed = true;
            self.members.insert(
                id.clone(),
                ConsumerMember {
                    instance_id: beat.instance_id.clone(),
                    rack_id: beat.rack_id.clone(),
                    client_id: beat.client_id.clone(),
                    client_host: beat.client_host.clone(),
                    epoch: 0,
                    topics: wanted,
                    assigned: Target::new(),
                    revoking: Target::new(),
                    target: Target::new(),
                    deadline: now + beat.session,
                },
            );
        } else {
            let member = self.members.get_mut(&id).ok_or(code::UNKNOWN_MEMBER_ID)?;
            // A repeated heartbeat may carry the epoch before the last answer, if it owns nothing else.
            let repeats = beat.epoch == member.epoch - 1
                && beat
                    .owned
                    .as_ref()
                    .is_some_and(|owned| owned.is_subset(&member.assigned));
            if beat.epoch != member.epoch && !repeats {
                return Err(code::FENCED_MEMBER_EPOCH);
            }
            member.deadline = now + beat.session;
            if let Some(wanted) = &beat.topics {
                changed = *wanted != member.topics;
                member.topics.clone_from(wanted);
            }
        }
        if changed || self.has_grown(topics) {
            self.assign(topics);
        }
        let told = self.reconcile(&id, beat.owned.as_ref());
        let epoch = self.members.get(&id).map_or(0, |member| member.epoch);
        let full = joins || beat.topics.is_some();
        let assignment = if told || full {
            self.members.get(&id).map(|member| member.assigned.clone())
        } else {
            None
        };
        Ok(Beaten {
            member_id: id,
            epoch,
            assignment,
        })
    }

    fn leave(&mut self, beat: &Beat, topics: &BTreeMap<String, Topic>) -> Result<Beaten, i16> {
        self.members
            .remove(&beat.member_id)
            .ok_or(code::UNKNOWN_MEMBER_ID)?;
        self.assign(topics);
        Ok(Beaten {
            member_id: beat.member_id.clone(),
            epoch: beat.epoch,
            assignment: None,
        })
    }

    /// Moves one member towards its target; `true` if there is something to tell it.
    fn reconcile(&mut self, id: &str, owned: Option<&Target>) -> bool {
        let group_epoch = self.epoch;
        let taken: Target = self
            .members
            .iter()
            .filter(|(other, _)| *other != id)
            .flat_map(|(_, member)| {
                member
                    .assigned
                    .union(&member.revoking)
                    .copied()
                    .collect::<Vec<_>>()
            })
            .collect();
        let Some(member) = self.members.get_mut(id) else {
            return false;
        };
        if !member.revoking.is_empty()
            && owned.is_some_and(|owned| owned.is_disjoint(&member.revoking))
        {
            member.revoking.clear();
        }
        if !member.revoking.is_empty() {
            return false;
        }
        let surplus: Target = member
            .assigned
            .difference(&member.target)
            .copied()
            .collect();
        if !surplus.is_empty() {
            member
                .assigned
                .retain(|partition| !surplus.contains(partition));
            member.revoking = surplus;
            return true;
        }
        let before = (member.epoch, member.assigned.len());
        member.epoch = group_epoch;
        let free = member.target.difference(&taken).copied();
        member.assigned.extend(free);
        before != (member.epoch, member.assigned.len())
    }

    fn has_grown(&self, topics: &BTreeMap<String, Topic>) -> bool {
        let wanted: BTreeSet<&String> = self
            .members
            .values()
            .flat_map(|member| &member.topics)
            .collect();
        wanted.into_iter().any(|name| {
            topics.get(name).map(|topic| topic.partitions.len()) != self.seen.get(name).copied()
        })
    }

    /// Gives every member a new target under a new epoch, moving as little as it can.
    fn assign(&mut self, topics: &BTreeMap<String, Topic>) {
        self.epoch += 1;
        self.seen.clear();
        let wanted: BTreeSet<String> = self
            .members
            .values()
            .flat_map(|member| member.topics.iter().cloned())
            .collect();
        let held: BTreeMap<String, Target> = self
            .members
            .iter()
            .map(|(id, member)| (id.clone(), member.target.clone()))
            .collect();
        self.members
            .values_mut()
            .for_each(|member| member.target.clear());
        for name in wanted {
            let Some(topic) = topics.get(&name) else {
                continue;
            };
            self.seen.insert(name.clone(), topic.partitions.len());
            let ids: Vec<String> = self
                .members
                .iter()
                .filter(|(_, member)| member.topics.contains(&name))
                .map(|(id, _)| id.clone())
                .collect();
            let (count, share) = (
                topic.partitions.len(),
                topic.partitions.len().div_ceil(ids.len().max(1)),
            );
            let mut quota: BTreeMap<&String, usize> = BTreeMap::new();
            let mut left: Vec<(Uuid, i32)> = Vec::new();
            let full = if count % ids.len().max(1) == 0 {
                ids.len()
            } else {
                count % ids.len()
            };
            for index in (0..).take(count) {
                let partition = (topic.id, index);
                let keeper = ids
                    .iter()
                    .find(|id| held.get(*id).is_some_and(|held| held.contains(&partition)));
                // Only so many members may hold the larger share.
                let fits = |id: &&String| {
                    let now = quota.get(*id).copied().unwrap_or(0);
                    now + 1 < share
                        || (now < share
                            && quota.values().filter(|held| **held >= share).count() < full)
                };
                match keeper.filter(|id| self.assignor == "uniform" && fits(id)) {
                    Some(id) => {
                        *quota.entry(id).or_insert(0) += 1;
                        if let Some(member) = self.members.get_mut(id) {
                            member.target.insert(partition);
                        }
                    }
                    None => left.push(partition),
                }
            }
            let ranged = self.assignor == "range";
            for (slot, partition) in left.into_iter().enumerate() {
                let chosen = if ranged {
                    range_owner(&ids, count, slot)
                } else {
                    ids.iter()
                        .min_by_key(|id| quota.get(*id).copied().unwrap_or(0))
                };
                let Some(id) = chosen else { continue };
                *quota.entry(id).or_insert(0) += 1;
                if let Some(member) = self.members.get_mut(id) {
                    member.target.insert(partition);
                }
            }
        }
    }

    /// Puts out members that have been silent too long.
    pub(crate) fn expire(&mut self, now: Instant, topics: &BTreeMap<String, Topic>) {
        let before = self.members.len();
        self.members.retain(|_, member| member.deadline > now);
        if self.members.len() != before {
            self.assign(topics);
        }
    }
}

/// Owner of the `slot`-th of `count` partitions when each member takes one run of them.
fn range_owner(ids: &[String], count: usize, slot: usize) -> Option<&String> {
    let members = ids.len().max(1);
    let (each, extra) = (count / members, count % members);
    let large = extra * (each + 1);
    ids.get(if slot < large {
        slot / (each + 1)
    } else {
        extra + (slot - large) / each.max(1)
    })
}

#[cfg(test)]
mod tests;
