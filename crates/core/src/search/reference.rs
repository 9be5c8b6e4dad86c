//! The condition language once more, slowly and obviously, and a hundred thousand random records
//! and predicates on which both must agree.
//!
//! The reference is written from the documentation of [`Predicate`]: substrings by trying every
//! place, regular expressions by backtracking, JSON paths by walking values. It shares no code with
//! what it checks, and it never parses conditions: random trees are written out as text.

mod generate;
mod judge;
mod sample;

use super::{Predicate, Verdict};
use crate::model::{PartitionRange, RecordView};
use generate::{Random, Tree};
use sample::Sample;

/// The record as it lies in a batch: lengths and parts one behind the other.
fn encoded(record: &RecordView<'_>) -> Vec<u8> {
    let mut bytes = vec![0x55; 7];
    let parts = [record.key, record.value];
    let headers = record.headers.iter().flat_map(|(n, v)| [Some(*n), *v]);
    for part in parts.into_iter().chain(headers) {
        let part = part.unwrap_or_default();
        bytes.push(part.len() as u8);
        bytes.extend_from_slice(part);
    }
    bytes
}

fn parse(entries: &[String]) -> Predicate {
    Predicate::parse(entries).unwrap_or_else(|e| panic!("{entries:?}: {e}"))
}

#[test]
fn random_predicates_judge_random_records_as_the_reference_does() {
    let mut random = Random::new(20_261_124);
    let (mut verdicts, mut ruled_out, mut cut) = ([0u32; 3], 0u32, 0u32);
    for _ in 0..5_000 {
        let trees: Vec<Tree> = (0..=random.below(2))
            .map(|_| Tree::random(&mut random, 3))
            .collect();
        let entries: Vec<String> = trees.iter().map(|t| t.text(&mut random)).collect();
        let predicate = parse(&entries);
        let again = parse(predicate.readings());
        for _ in 0..20 {
            let sample = Sample::random(&mut random);
            let headers = sample.headers();
            let record = sample.view(&headers);
            let expected = judge::all(&trees, &record);
            let found = predicate.evaluate(&record);
            assert_eq!(found, expected, "{entries:?}\n{trees:?}\n{sample:?}");
            if predicate.readings().len() == entries.len() {
                assert_eq!(
                    again.evaluate(&record),
                    expected,
                    "{:?}",
                    predicate.readings()
                );
            }
            verdicts[match found {
                Verdict::Match => 0,
                Verdict::NoMatch => 1,
                Verdict::NotJson => 2,
            }] += 1;
            // A batch that the prefilter rules out and offsets that are cut off hold nothing wanted,
            // and nothing that would have been counted as not to be judged.
            let may = predicate
                .prefilter()
                .is_none_or(|p| p.may_hold(&encoded(&record)));
            ruled_out += u32::from(!may);
            assert!(
                may || expected == Verdict::NoMatch,
                "prefilter: {entries:?}\n{sample:?}"
            );
            let range = PartitionRange {
                partition: record.partition,
                start: record.offset - random.below(5) as i64,
                end: record.offset + 1 + random.below(5) as i64,
            };
            let narrowed = predicate.narrow(&[range])[0];
            assert!(range.start <= narrowed.start && narrowed.end <= range.end);
            let kept = (narrowed.start..narrowed.end).contains(&record.offset);
            cut += u32::from(!kept);
            assert!(
                kept || expected == Verdict::NoMatch,
                "narrow: {entries:?}\n{sample:?}"
            );
        }
    }
    // The sample is worth something: every outcome occurs often.
    assert_eq!(verdicts.iter().sum::<u32>(), 100_000);
    assert!(verdicts.iter().all(|count| *count > 4_000), "{verdicts:?}");
    assert!(ruled_out > 4_000 && cut > 1_000, "{ruled_out} {cut}");
}
