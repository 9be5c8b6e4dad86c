use super::*;

fn applicant(id: &str, instance: Option<&str>) -> Applicant {
    Applicant {
        member_id: id.into(),
        instance_id: instance.map(Into::into),
        client_id: "c".into(),
        client_host: "/127.0.0.1".into(),
        session: Duration::from_secs(10),
        rebalance: Duration::from_secs(60),
        protocol_type: "consumer".into(),
        protocols: vec![("range".into(), Bytes::from_static(b"m"))],
        must_know_id: true,
    }
}

fn now_of(join: Join) -> Joined {
    match join {
        Later::Now(place) => place,
        Later::Wait(mut receiver) => receiver.try_recv().unwrap(),
    }
}

/// A first dynamic member, joined and synced.
fn with_leader(now: Instant) -> (Classic, String) {
    let mut group = Classic::default();
    let first = now_of(group.join(applicant("", None), now));
    assert_eq!(first.error, code::MEMBER_ID_REQUIRED);
    let place = now_of(group.join(applicant(&first.member_id, None), now));
    assert_eq!(
        (place.error, place.generation, &place.leader),
        (0, 1, &first.member_id)
    );
    assert_eq!(place.members.len(), 1);
    drop(group.sync(
        &first.member_id,
        vec![(first.member_id.clone(), Bytes::from_static(b"all"))],
        now,
    ));
    assert_eq!(group.state, Phase::Stable);
    (group, first.member_id)
}

#[test]
fn a_second_member_makes_the_first_join_again() {
    let now = Instant::now();
    let (mut group, first) = with_leader(now);
    let second = now_of(group.join(applicant("", None), now)).member_id;
    let Later::Wait(mut waiting) = group.join(applicant(&second, None), now) else {
        panic!("must wait")
    };
    assert_eq!(
        group.heartbeat(&first, None, 1, now),
        code::REBALANCE_IN_PROGRESS
    );
    assert!(waiting.try_recv().is_err());
    let leader = now_of(group.join(applicant(&first, None), now));
    assert_eq!((leader.generation, leader.members.len()), (2, 2));
    assert_eq!(
        waiting.try_recv().unwrap().members.len(),
        0,
        "only the leader sees the members"
    );
    let Later::Wait(mut follower) = group.sync(&second, vec![], now) else {
        panic!("must wait")
    };
    let shares = vec![
        (first.clone(), Bytes::from_static(b"1")),
        (second.clone(), Bytes::from_static(b"2")),
    ];
    drop(group.sync(&first, shares, now));
    assert_eq!(
        follower.try_recv().unwrap().assignment,
        Bytes::from_static(b"2")
    );
    assert_eq!(group.heartbeat(&second, None, 2, now), 0);
    assert_eq!(
        group.heartbeat(&second, None, 1, now),
        code::ILLEGAL_GENERATION
    );
    assert_eq!(group.leave(&second, None, now), 0);
    assert_eq!(group.state, Phase::Preparing);
    assert_eq!(group.leave(&second, None, now), code::UNKNOWN_MEMBER_ID);
}

#[test]
fn silence_puts_a_member_out() {
    let now = Instant::now();
    let (mut group, first) = with_leader(now);
    group.expire(now + Duration::from_secs(9));
    assert_eq!(group.state, Phase::Stable);
    group.expire(now + Duration::from_secs(10));
    assert_eq!(
        (group.state, group.members.len(), group.generation()),
        (Phase::Empty, 0, 2)
    );
    assert_eq!(
        group.heartbeat(&first, None, 1, now),
        code::UNKNOWN_MEMBER_ID
    );
}

#[test]
fn a_round_ends_without_those_who_do_not_come_back() {
    let now = Instant::now();
    let (mut group, first) = with_leader(now);
    let second = now_of(group.join(applicant("", None), now)).member_id;
    let Later::Wait(mut waiting) = group.join(applicant(&second, None), now) else {
        panic!("must wait")
    };
    // The first keeps its heart beating but never joins.
    for second in (0..60).step_by(5) {
        group.heartbeat(&first, None, 1, now + Duration::from_secs(second));
        group.expire(now + Duration::from_secs(second));
    }
    group.expire(now + Duration::from_secs(60));
    let place = waiting.try_recv().unwrap();
    assert_eq!((place.leader, place.members.len()), (second, 1));
}

#[test]
fn a_static_member_comes_back_without_a_rebalance_and_fences_its_old_self() {
    let now = Instant::now();
    let mut group = Classic::default();
    let old = now_of(group.join(applicant("", Some("i")), now)).member_id;
    drop(group.sync(&old, vec![(old.clone(), Bytes::from_static(b"all"))], now));
    let back = now_of(group.join(applicant("", Some("i")), now));
    assert_eq!(
        (back.error, back.generation, group.state),
        (0, 1, Phase::Stable)
    );
    assert_ne!(back.member_id, old);
    assert_eq!(
        group.heartbeat(&old, Some("i"), 1, now),
        code::FENCED_INSTANCE_ID
    );
    let Later::Now(synced) = group.sync(&back.member_id, vec![], now) else {
        panic!("must not wait")
    };
    assert_eq!(synced.assignment, Bytes::from_static(b"all"));
    assert_eq!(group.leave("", Some("i"), now), 0);
    assert_eq!(group.state, Phase::Empty);
}

#[test]
fn members_without_a_common_protocol_are_refused() {
    let now = Instant::now();
    let (mut group, _) = with_leader(now);
    let mut other = applicant("", None);
    other.protocols = vec![("sticky".into(), Bytes::new())];
    assert_eq!(
        now_of(group.join(other, now)).error,
        code::INCONSISTENT_GROUP_PROTOCOL
    );
    let mut other = applicant("", None);
    other.protocol_type = "connect".into();
    assert_eq!(
        now_of(group.join(other, now)).error,
        code::INCONSISTENT_GROUP_PROTOCOL
    );
    assert_eq!(
        now_of(group.join(applicant("who", None), now)).error,
        code::UNKNOWN_MEMBER_ID
    );
}
