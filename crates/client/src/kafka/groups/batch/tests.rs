use super::*;
use kafkaweave_core::model::GroupType;

fn listing(group: &str, coordinator: i32) -> GroupListing {
    GroupListing {
        group: group.into(),
        group_type: GroupType::Classic,
        state: "Stable".into(),
        protocol_type: "consumer".into(),
        coordinator,
    }
}

fn refusal(code: i16) -> KafkaError {
    KafkaError::Broker {
        operation: "OffsetFetch".into(),
        subject: "group".into(),
        code,
        code_name: "X".into(),
        detail: None,
    }
}

fn timeout() -> KafkaError {
    KafkaError::Timeout {
        address: "10.0.0.2:9092".into(),
        operation: "OffsetFetch".into(),
        after_ms: 10_000,
    }
}

#[tokio::test]
async fn a_round_asks_each_coordinator_for_its_own_groups_many_at_a_time() {
    let groups: Vec<_> = (0..2 * GROUPS_PER_REQUEST + 50)
        .map(|i| listing(&format!("g{i:04}"), 1))
        .chain([listing("other", 2)])
        .collect();
    let ask = |broker: i32, names: Vec<String>| async move {
        Ok(vec![(
            names[0].clone(),
            Ok(((broker, names.len()), vec![])),
        )])
    };
    let mut sizes: Vec<(i32, usize)> = round(&groups, &ask)
        .await
        .into_iter()
        .flat_map(|(_, outcome)| outcome.unwrap())
        .map(|(_, answer)| answer.unwrap().0)
        .collect();
    sizes.sort();
    assert_eq!(
        sizes,
        [
            (1, 50),
            (1, GROUPS_PER_REQUEST),
            (1, GROUPS_PER_REQUEST),
            (2, 1)
        ]
    );
}

#[test]
fn what_moved_is_asked_again_and_what_failed_is_not() {
    let batch = ["ok", "moved", "loading", "denied", "forgotten"].map(|g| listing(g, 2));
    let answers = vec![
        ("ok".to_owned(), Ok((7, vec![]))),
        ("moved".to_owned(), Err(refusal(NOT_COORDINATOR))),
        ("loading".to_owned(), Err(refusal(COORDINATOR_LOADING))),
        ("denied".to_owned(), Err(refusal(30))),
    ];
    let (mut asked, mut moved) = (Asked::nothing(), Vec::new());
    sort(batch.into(), Ok(answers), &mut asked, &mut moved);
    let names = |failed: &[Failed]| -> Vec<String> {
        failed.iter().map(|f| f.listing.group.clone()).collect()
    };
    assert_eq!(asked.found, [7]);
    assert_eq!(names(&moved), ["moved", "loading"]);
    assert_eq!(names(&asked.failed), ["denied", "forgotten"]);
}

#[test]
fn groups_of_a_dead_coordinator_are_looked_up_again_and_of_a_slow_one_are_not() {
    let closed = KafkaError::Closed {
        address: "10.0.0.2:9092".into(),
        step: "OffsetFetch".into(),
    };
    for (error, again) in [(closed, 1), (timeout(), 0)] {
        let (mut asked, mut moved) = (Asked::<()>::nothing(), Vec::new());
        sort(vec![listing("g", 2)], Err(error), &mut asked, &mut moved);
        assert_eq!((moved.len(), asked.failed.len()), (again, 1 - again));
    }
}

#[test]
fn groups_of_one_failed_request_share_one_gap() {
    let (mut asked, mut moved) = (Asked::nothing(), Vec::new());
    let batch: Vec<_> = (0..7).map(|i| listing(&format!("g{i}"), 2)).collect();
    sort(batch, Err(timeout()), &mut asked, &mut moved);
    asked.found.push(());
    let partial = asked.into_partial("committed offsets").unwrap();
    assert_eq!(partial.missing.len(), 1);
    let gap = &partial.missing[0];
    assert_eq!(
        gap.what,
        "committed offsets of groups `g0`, `g1`, `g2`, `g3`, `g4` and 2 more"
    );
    assert_eq!(gap.broker, Some(2));
    assert!(gap.why.contains("10.0.0.2:9092"), "{}", gap.why);
}

#[test]
fn nothing_obtained_is_an_error_and_nothing_asked_is_not() {
    let (mut asked, mut moved) = (Asked::<()>::nothing(), Vec::new());
    sort(
        vec![listing("g", 2)],
        Err(timeout()),
        &mut asked,
        &mut moved,
    );
    assert_eq!(asked.into_partial("members").unwrap_err(), timeout());
    assert!(
        Asked::<()>::nothing()
            .into_partial("members")
            .unwrap()
            .value
            .is_empty()
    );
}
