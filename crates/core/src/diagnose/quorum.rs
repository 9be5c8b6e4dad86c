//! How the metadata quorum stands: who follows, what a majority is, how many may still fail.
//!
//! Ages are told by the leader's clock, which stamps its own row with the present, so that clocks
//! that differ do no harm. Whether a state is worth a finding is `health`'s matter.

use crate::model::{Quorum, QuorumMember};

/// What a member is.
pub fn role(quorum: &Quorum, member: &QuorumMember, observer: bool) -> &'static str {
    match (observer, quorum.leader_id == Some(member.id)) {
        (true, _) => "observer",
        (false, true) => "leader",
        (false, false) => "voter",
    }
}

/// The leader's own clock, epoch ms; `None` without a leader, or where it does not tell.
pub fn leader_clock_ms(quorum: &Quorum) -> Option<i64> {
    let leader = quorum.leader_id?;
    let own = quorum.voters.iter().find(|v| v.id == leader)?;
    own.last_fetch_ms.filter(|ms| *ms > 0)
}

/// Milliseconds since a moment that the leader has told; `now_ms` serves where the leader's clock
/// is not known.
pub fn age_ms(quorum: &Quorum, moment_ms: Option<i64>, now_ms: i64) -> Option<i64> {
    let now_ms = leader_clock_ms(quorum).unwrap_or(now_ms);
    moment_ms
        .filter(|ms| *ms > 0)
        .map(|ms| now_ms.saturating_sub(ms).max(0))
}

/// Votes and what may be lost of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Voters.
    pub voters: usize,
    /// How many make a majority.
    pub majority: usize,
    /// Voters that have not fetched for too long; they count for no majority.
    pub silent: Vec<i32>,
    /// Voters that may fail before the majority is gone; 0 also when it is gone already.
    pub headroom: usize,
}

/// Counts votes. A voter of which the last fetch is not known is not taken for silent.
pub fn standing(quorum: &Quorum, silent_ms: i64, now_ms: i64) -> Standing {
    let followers = quorum
        .voters
        .iter()
        .filter(|v| quorum.leader_id != Some(v.id));
    let silent: Vec<i32> = followers
        .filter(|v| age_ms(quorum, v.last_fetch_ms, now_ms).is_some_and(|age| age > silent_ms))
        .map(|v| v.id)
        .collect();
    let voters = quorum.voters.len();
    let majority = voters / 2 + 1;
    Standing {
        voters,
        majority,
        headroom: voters.saturating_sub(silent.len()).saturating_sub(majority),
        silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(id: i32, last_fetch_ms: Option<i64>) -> QuorumMember {
        QuorumMember {
            id,
            directory_id: None,
            log_end_offset: Some(10),
            lag: Some(0),
            last_fetch_ms,
            last_caught_up_ms: last_fetch_ms,
            endpoints: vec![],
        }
    }

    fn quorum(voters: Vec<QuorumMember>) -> Quorum {
        Quorum {
            leader_id: Some(1),
            leader_epoch: 3,
            high_watermark: 10,
            voters,
            observers: vec![member(9, Some(1))],
        }
    }

    #[test]
    fn ages_are_told_by_the_leaders_clock_where_it_tells() {
        let told = quorum(vec![member(1, Some(50_000)), member(2, Some(49_000))]);
        assert_eq!(age_ms(&told, Some(49_000), 900_000), Some(1_000));
        assert_eq!(age_ms(&told, Some(51_000), 900_000), Some(0));
        assert_eq!(age_ms(&told, None, 900_000), None);
        let untold = quorum(vec![member(1, None), member(2, Some(49_000))]);
        assert_eq!(age_ms(&untold, Some(49_000), 52_000), Some(3_000));
    }

    #[test]
    fn silent_voters_count_for_no_majority_and_observers_do_not_vote() {
        let fine = Some(50_000);
        for (fetches, silent, headroom) in [
            (vec![fine, fine, fine], vec![], 1),
            (vec![fine, Some(20_000), fine], vec![2], 0),
            (vec![fine, Some(20_000), Some(1)], vec![2, 3], 0),
            (vec![fine, None, fine], vec![], 1),
            (vec![fine; 5], vec![], 2),
            (vec![fine], vec![], 0),
        ] {
            let ids = 1..;
            let voters = ids.zip(&fetches).map(|(id, f)| member(id, *f)).collect();
            let found = standing(&quorum(voters), 10_000, 0);
            assert_eq!((found.silent, found.headroom), (silent, headroom));
            assert_eq!(found.voters, fetches.len());
        }
    }

    #[test]
    fn a_member_is_leader_voter_or_observer() {
        let of = quorum(vec![member(1, None), member(2, None)]);
        assert_eq!(role(&of, &of.voters[0], false), "leader");
        assert_eq!(role(&of, &of.voters[1], false), "voter");
        assert_eq!(role(&of, &of.observers[0], true), "observer");
    }
}
