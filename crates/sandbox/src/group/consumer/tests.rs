use super::*;
use crate::cluster::{NODES, spread};

fn topics(partitions: usize) -> BTreeMap<String, Topic> {
    BTreeMap::from([(
        "t".to_owned(),
        Topic::new("t", spread(partitions, 1, 0, &NODES)),
    )])
}

fn beat(id: &str, epoch: i32, owned: Option<Target>) -> Beat {
    Beat {
        member_id: id.into(),
        epoch,
        instance_id: None,
        rack_id: None,
        client_id: "c".into(),
        client_host: "/127.0.0.1".into(),
        topics: (epoch == 0).then(|| BTreeSet::from(["t".to_owned()])),
        assignor: None,
        owned,
        session: Duration::from_secs(45),
    }
}

#[test]
fn a_second_member_gets_partitions_only_after_the_first_gave_them_up() {
    let (topics, now) = (topics(4), Instant::now());
    let mut group = Consumer::default();
    let first = group
        .beat(beat("a", 0, Some(Target::new())), now, &topics)
        .unwrap();
    assert_eq!((first.epoch, first.assignment.unwrap().len()), (1, 4));
    assert_eq!(group.state(), "Stable");
    let second = group
        .beat(beat("b", 0, Some(Target::new())), now, &topics)
        .unwrap();
    assert_eq!(
        (
            second.epoch,
            second.assignment.unwrap().len(),
            group.state()
        ),
        (2, 0, "Reconciling")
    );
    let revoked = group.beat(beat("a", 1, None), now, &topics).unwrap();
    let kept = revoked.assignment.unwrap();
    assert_eq!((revoked.epoch, kept.len()), (1, 2));
    assert_eq!(
        group
            .beat(beat("b", 2, None), now, &topics)
            .unwrap()
            .assignment,
        None,
        "still held"
    );
    assert_eq!(
        group
            .beat(beat("a", 1, Some(kept)), now, &topics)
            .unwrap()
            .epoch,
        2
    );
    assert_eq!(
        group
            .beat(beat("b", 2, None), now, &topics)
            .unwrap()
            .assignment
            .unwrap()
            .len(),
        2
    );
    assert_eq!(group.state(), "Stable");
    assert_eq!(
        group.beat(beat("b", 7, None), now, &topics),
        Err(code::FENCED_MEMBER_EPOCH)
    );
    assert_eq!(
        group.beat(beat("x", 2, None), now, &topics),
        Err(code::UNKNOWN_MEMBER_ID)
    );
    group.beat(beat("b", -1, None), now, &topics).unwrap();
    assert_eq!(
        group
            .beat(beat("a", 2, None), now, &topics)
            .unwrap()
            .assignment
            .unwrap()
            .len(),
        4
    );
}

#[test]
fn targets_are_even_whatever_the_assignor() {
    for assignor in ["uniform", "range"] {
        for (partitions, members) in [(6, 4), (3, 5), (7, 3), (1, 1)] {
            let (topics, now) = (topics(partitions), Instant::now());
            let mut group = Consumer::default();
            for member in 0..members {
                let join = Beat {
                    assignor: Some(assignor.into()),
                    ..beat(&format!("m{member}"), 0, None)
                };
                group.beat(join, now, &topics).unwrap();
            }
            let sizes: Vec<usize> = group
                .members
                .values()
                .map(|member| member.target.len())
                .collect();
            assert_eq!(
                sizes.iter().sum::<usize>(),
                partitions,
                "{assignor} {sizes:?}"
            );
            assert!(
                sizes.iter().max().unwrap() - sizes.iter().min().unwrap() <= 1,
                "{assignor} {sizes:?}"
            );
        }
    }
}

#[test]
fn silent_members_and_new_partitions_change_the_targets() {
    let now = Instant::now();
    let mut group = Consumer::default();
    let few = topics(2);
    group.beat(beat("a", 0, None), now, &few).unwrap();
    let mut grown = topics(5);
    grown.get_mut("t").unwrap().id = few["t"].id;
    assert_eq!(
        group
            .beat(beat("a", 1, None), now, &grown)
            .unwrap()
            .assignment
            .unwrap()
            .len(),
        5
    );
    group.expire(now + Duration::from_secs(45), &grown);
    assert_eq!(group.state(), "Empty");
}
