//! Where partitions and groups live.

/// Replicas for `partitions` partitions over `nodes`, `factor` each, starting at node `first`: leaders
/// go round, and followers shift each round, as Kafka spreads them.
pub(crate) fn spread(
    partitions: usize,
    factor: usize,
    first: usize,
    nodes: &[i32],
) -> Vec<Vec<i32>> {
    let count = nodes.len();
    if count == 0 {
        return Vec::new();
    }
    (0..partitions)
        .map(|partition| {
            let leader = (first + partition) % count;
            let shift = partition / count;
            let mut replicas = vec![nodes[leader]];
            replicas.extend((0..factor.min(count) - 1).map(|follower| {
                let step = 1 + (shift + follower) % (count - 1);
                nodes[(leader + step) % count]
            }));
            replicas
        })
        .collect()
}

/// Java's `String.hashCode`: decides the partition of `__consumer_offsets` that holds a group.
pub(super) fn java_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| {
        hash.wrapping_mul(31).wrapping_add(i32::from(unit))
    })
}

/// Kafka's rule for topic names: 1 to 249 of `[a-zA-Z0-9._-]`, not `.` or `..`.
pub(crate) fn is_valid_topic_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 249
        && name != "."
        && name != ".."
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replicas_of_a_partition_are_distinct_and_leaders_even() {
        for factor in 1..=3 {
            let all = spread(12, factor, 1, &[1, 2, 3]);
            for replicas in &all {
                let mut sorted = replicas.clone();
                sorted.sort_unstable();
                sorted.dedup();
                assert_eq!(sorted.len(), factor, "{replicas:?}");
            }
            for node in 1..=3 {
                assert_eq!(all.iter().filter(|replicas| replicas[0] == node).count(), 4);
            }
        }
        assert!(spread(3, 1, 0, &[]).is_empty());
        assert_eq!(spread(2, 1, 0, &[7]), vec![vec![7], vec![7]]);
    }

    #[test]
    fn the_hash_is_that_of_java() {
        assert_eq!(java_hash(""), 0);
        assert_eq!(java_hash("billing"), -109_829_509);
        assert_eq!(
            java_hash("\u{e9}\u{1f600}"),
            233 * 961 + 0xd83d * 31 + 0xde00
        );
    }

    #[test]
    fn topic_names_follow_kafka() {
        let long = "x".repeat(250);
        for (name, valid) in [
            ("orders", true),
            ("a.b_c-9", true),
            ("", false),
            (".", false),
            ("..", false),
            ("a b", false),
            ("é", false),
            (&long[..], false),
            (&long[1..], true),
        ] {
            assert_eq!(is_valid_topic_name(name), valid, "{name}");
        }
    }
}
