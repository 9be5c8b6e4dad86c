//! Lag in time, and where to look for it.

use super::*;

#[test]
fn time_lag_is_the_age_of_the_first_unread_record_or_a_reason() {
    let skewed = NOW_MS + CLOCK_SKEW_MS;
    type Case<'a> = (
        Option<Result<i64, &'a str>>,
        Option<i64>,
        Option<i64>,
        Result<i64, &'a str>,
    );
    let table: [Case<'_>; 8] = [
        (Some(Ok(NOW_MS - 90_000)), Some(NOW_MS), None, Ok(90_000)),
        (
            Some(Ok(NOW_MS - 90_000)),
            None,
            Some(NOW_MS - 30_000),
            Ok(60_000),
        ),
        (Some(Ok(NOW_MS - 90_000)), None, None, Err("newest record")),
        (Some(Ok(skewed)), Some(NOW_MS), None, Ok(0)),
        (
            Some(Ok(skewed + 1)),
            Some(NOW_MS),
            None,
            Err("in the future"),
        ),
        (Some(Ok(-1)), Some(NOW_MS), None, Err("no timestamp")),
        (
            Some(Err("leader not available")),
            Some(NOW_MS),
            None,
            Err("leader not available"),
        ),
        (None, Some(NOW_MS), None, Err("not asked for")),
    ];
    for (answer, now_ms, newest_ms, expected) in table {
        let mut world = World::one(&[("orders", 0, 90)], &[("orders", 0, 0, 100)]);
        world.now_ms = now_ms;
        let partition = TopicPartition::new("orders", 0);
        if let Some(answer) = answer {
            let answer = answer.map_err(str::to_owned);
            world.first_unread.insert((partition.clone(), 90), answer);
        }
        world.newest_ms.extend(newest_ms.map(|ms| (partition, ms)));
        let group = world.only();
        let row = &group.partitions[0];
        match expected {
            Ok(ms) => assert_eq!(row.time_lag_ms, Some(ms), "{answer:?} {:?}", row.time_why),
            Err(part) => {
                assert_eq!(row.time_lag_ms, None, "{answer:?}");
                assert!(
                    row.time_why.as_deref().unwrap().contains(part),
                    "{:?}",
                    row.time_why
                );
            }
        }
        assert_eq!(group.totals.max_time_lag_ms, expected.ok());
        assert_eq!(group.totals.time_is_lower_bound, expected.is_err());
    }
}

#[test]
fn first_unread_records_are_asked_for_once_and_from_the_log_start_when_expired() {
    let mut world = World::one(
        &[
            ("a", 0, 5),
            ("b", 0, 5),
            ("c", 0, 5),
            ("d", 0, 5),
            ("e", 0, 5),
        ],
        &[
            ("a", 0, 0, 9),
            ("b", 0, 7, 9),
            ("c", 0, 0, 5),
            ("d", 0, 9, 9),
            ("e", 0, 0, 3),
        ],
    );
    world
        .groups
        .push(listing("twin", GroupType::Classic, "Empty"));
    world.committed.push(commits("twin", &[("a", 0, 5)]));
    let positions: Vec<_> = unread_positions(&world.lag())
        .into_iter()
        .map(|(p, offset)| (p.to_string(), offset))
        .collect();
    assert_eq!(positions, [("a-0".to_owned(), 5), ("b-0".to_owned(), 7)]);
    let d = &world.lag()[0].partitions[3];
    assert!(d.time_why.as_deref().unwrap().contains("deleted"), "{d:?}");
    assert_eq!(d.time_lag_ms, None);
}
