//! Conditions on offset and partition narrow what is read.

use super::*;
use crate::model::PartitionRange;

#[test]
fn conditions_on_offset_and_partition_narrow_what_is_read() {
    let ranges: Vec<PartitionRange> = (0..2)
        .map(|partition| PartitionRange {
            partition,
            start: 10,
            end: 20,
        })
        .collect();
    let narrowed = |conditions: &[&str]| {
        let list: Vec<String> = conditions.iter().map(|c| (*c).to_owned()).collect();
        let narrow = Predicate::parse(&list).unwrap().narrow(&ranges);
        narrow.iter().map(|r| (r.start, r.end)).collect::<Vec<_>>()
    };
    for (conditions, expected) in [
        (&[][..], [(10, 20), (10, 20)]),
        (&["offset >= 15"], [(15, 20), (15, 20)]),
        (&["offset > 12", "offset < 15"], [(13, 15), (13, 15)]),
        (&["offset <= 12"], [(10, 13), (10, 13)]),
        (&["offset = 12"], [(12, 13), (12, 13)]),
        (&["offset = 99"], [(20, 20), (20, 20)]),
        (
            &[
                "offset < 9223372036854775807",
                "offset > -9223372036854775808",
            ],
            [(10, 20), (10, 20)],
        ),
        (&["offset = 11 or offset = 13"], [(11, 14), (11, 14)]),
        (&["offset = 11 or offset = 99"], [(11, 12), (11, 12)]),
        (&["offset = 11 or key = k"], [(10, 20), (10, 20)]),
        (&["not (offset < 12 or offset > 15)"], [(12, 16), (12, 16)]),
        (&["not (offset = 11)"], [(10, 20), (10, 20)]),
        (
            &["partition = 0 and offset > 15 or partition = 1 and offset < 12"],
            [(16, 20), (10, 12)],
        ),
        (&["partition = 5 or offset = 99"], [(20, 20), (20, 20)]),
        (&["partition = 1"], [(10, 10), (10, 20)]),
        (&["partition < 1", "offset != 15"], [(10, 20), (10, 10)]),
        (
            &["partition != 1", "size = 3", "timestamp > 5"],
            [(10, 20), (10, 20)],
        ),
    ] {
        assert_eq!(narrowed(conditions), expected, "{conditions:?}");
    }
}
