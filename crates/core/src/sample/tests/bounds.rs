//! What is read and what is kept has its bounds.

use super::*;
use crate::model::PartitionRange;

#[test]
fn slices_are_spread_evenly_take_in_the_newest_and_never_overlap() {
    let range = |partition, start, end| PartitionRange {
        partition,
        start,
        end,
    };
    let rounds = slices(
        &[range(0, 100, 1_000_100), range(1, 0, 10), range(2, 5, 5)],
        1000,
    );
    assert_eq!(rounds.len(), 8);
    assert_eq!(
        rounds[0].iter().map(|r| r.partition).collect::<Vec<_>>(),
        [0, 1]
    );
    assert_eq!(rounds[0][1], range(1, 0, 10));
    let large: Vec<_> = rounds.iter().map(|round| round[0]).collect();
    assert_eq!((large[0].end, large[7].start), (1_000_100, 100));
    assert!(large.iter().all(|slice| slice.end - slice.start == 990 / 8));
    let steps: Vec<i64> = large
        .windows(2)
        .map(|two| two[0].start - two[1].start)
        .collect();
    assert!(
        steps.iter().all(|step| (142_800..=142_900).contains(step)),
        "{steps:?}"
    );
    // Whatever is asked, ranges lie inside, do not overlap and are about as many as asked for.
    for records in [1, 2, 7, 8, 100, 5000] {
        for partitions in [1, 3, 100, 1000] {
            let ranges: Vec<_> = (0..partitions)
                .map(|p| range(p, 7, 7 + i64::from(p) * 13 % 400))
                .collect();
            let rounds = slices(&ranges, records);
            let mut all: Vec<PartitionRange> = rounds.into_iter().flatten().collect();
            let total: i64 = all.iter().map(|r| r.end - r.start).sum();
            assert!(
                total <= records as i64,
                "{records} of {partitions}: {total}"
            );
            all.sort_by_key(|r| (r.partition, r.start));
            for slice in &all {
                let whole = ranges[slice.partition as usize];
                assert!(
                    slice.start >= whole.start && slice.end <= whole.end && slice.start < slice.end
                );
            }
            assert!(
                all.windows(2)
                    .all(|two| two[0].partition != two[1].partition || two[0].end <= two[1].start)
            );
        }
    }
    assert!(slices(&[], 10).is_empty());
}

#[test]
fn what_strangers_write_is_bounded() {
    let wide = values(30, |n| {
        let fields: Vec<String> = (0..400)
            .map(|f| format!("\"f{n}-{f}\":\"{}\"", "x".repeat(100)))
            .collect();
        format!("{{{}}}", fields.join(",")).into_bytes()
    });
    assert_eq!(wide.values.paths.len(), 200);
    assert!(wide.values.paths_total > 200);
    assert!(
        wide.values
            .paths
            .iter()
            .all(|p| p.path.chars().count() <= 121 && p.values.iter().all(|v| v.text.len() <= 60))
    );
    let deep = values(10, |_| {
        [b"{\"a\":".repeat(100), b"1".to_vec(), b"}".repeat(100)].concat()
    });
    assert_eq!(deep.values.paths.len(), 8);
    // Three bytes that stand for a million nulls.
    let schema = "{\"type\":\"array\",\"items\":\"null\"}";
    let bomb = [
        &b"Obj\x01\x02\x16avro.schema"[..],
        &[schema.len() as u8 * 2],
        schema.as_bytes(),
        &[0; 17],
        &[2, 8, 0x80, 0x89, 0x7a, 0],
        &[0; 16],
    ]
    .concat();
    let bombs = values(10, |_| bomb.clone());
    assert_eq!((bombs.values.cut, bombs.values.paths.len()), (10, 0));
    let hostile = values(10, |_| "{\"a\\nb\\u202e\":\"x\\ny\"}".into());
    assert_eq!(hostile.values.paths[0].path, "$['a\\nb\\u202e']");
    assert_eq!(hostile.values.paths[0].values[0].text, "x\\ny");
}
