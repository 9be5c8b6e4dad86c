//! Counting by group: from batch headers where they tell, from records where they do not.

use super::*;
use kafkaweave_core::search::Group;

fn counting(conditions: &[&str], by: &str) -> Wanted {
    let mut wanted = wanted(conditions, ScanOrder::Earliest, None);
    wanted.predicate = wanted.predicate.filter(|_| !conditions.is_empty());
    wanted.count_by = Some(CountBy::parse(by).unwrap());
    wanted
}

fn groups(found: &Found) -> Vec<(String, u64)> {
    let named = |(group, count)| match group {
        Group::Bytes { head, .. } => (String::from_utf8(head).unwrap(), count),
        other => (format!("{other:?}"), count),
    };
    let tally = found.tally.as_ref().unwrap();
    let groups: Vec<_> = tally.groups().into_iter().map(named).collect();
    assert_eq!(tally.total(), groups.iter().map(|g| g.1).sum::<u64>());
    groups
}

fn owned(groups: &[(&str, u64)]) -> Vec<(String, u64)> {
    groups.iter().map(|(g, n)| ((*g).to_owned(), *n)).collect()
}

#[test]
fn matches_are_counted_and_none_is_kept() {
    for (compression, pack) in PACKS {
        let mut records = texts(10..40);
        records[3].key = None;
        records[4].key = Some("key-10".into());
        let bytes = batch_of(&records, compression, pack);
        let found = run(
            &chunk(bytes.clone(), 0, 100),
            &counting(&["offset < 15"], "key"),
        );
        assert_eq!(
            groups(&found),
            owned(&[("key-10", 2), ("key-11", 1), ("key-12", 1), ("Null", 1)]),
            "{compression:?}"
        );
        assert!(found.matches.is_empty() && found.cut.is_none());
        assert_eq!(found.records, 30);
        let found = run(
            &chunk(bytes, 0, 100),
            &counting(&["value ~ [0-3]$ or key is null"], "header.trace"),
        );
        assert_eq!(groups(&found), owned(&[("t1", 12)]), "{compression:?}");
    }
}

#[test]
fn a_batch_inside_of_the_range_is_counted_by_its_header_and_one_across_its_edge_by_records() {
    // Compaction left gaps: offsets 10 to 19 hold four records.
    let sparse: Vec<_> = [10, 13, 17, 19].map(|o| record(o, "x")).into();
    let bytes = [plain(&texts(0..10)), plain(&sparse), plain(&texts(20..30))].concat();
    for (start, end, expected) in [
        (0, 30, 24),
        (5, 30, 19),
        (13, 19, 2),
        (14, 22, 4),
        (11, 13, 0),
        (30, 40, 0),
    ] {
        let counted = |wanted: &Wanted| {
            let found = run(&chunk(bytes.clone(), start, end), wanted);
            assert_eq!(found.damaged, []);
            (found.tally.unwrap().total(), found.records)
        };
        for by in ["total", "partition"] {
            let by_header = counted(&counting(&[], by));
            assert_eq!(by_header, (expected, expected), "{by} {start} to {end}");
            // The same with every record looked at.
            assert_eq!(counted(&counting(&["offset >= 0"], by)), by_header);
        }
        assert_eq!(counted(&counting(&[], "key")).0, expected);
    }
}

#[test]
fn a_batch_that_is_counted_by_its_header_is_not_even_decompressed() {
    let garbage: Pack = |_| b"no zstd at all".to_vec();
    let bytes = batch_of(&texts(0..10), codec::Compression::Zstd, garbage);
    let total = run(&chunk(bytes.clone(), 0, 10), &counting(&[], "total"));
    assert_eq!(groups(&total), owned(&[("Total", 10)]));
    assert_eq!(total.damaged, []);
    for wanted in [counting(&[], "key"), counting(&["size > 0"], "total")] {
        let found = run(&chunk(bytes.clone(), 0, 10), &wanted);
        assert_eq!((found.damaged.len(), groups(&found)), (1, Vec::new()));
    }
    // The checksum is looked at all the same.
    let mut flawed = bytes;
    let last = flawed.len() - 1;
    flawed[last] ^= 1;
    let found = run(&chunk(flawed, 0, 10), &counting(&[], "total"));
    assert_eq!((found.damaged.len(), groups(&found)), (1, Vec::new()));
}
