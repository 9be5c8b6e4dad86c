//! The nearest known name to a mistyped one.

/// Longest text that near names are looked for, bytes: Kafka's longest topic name, and some.
const LONGEST: usize = 512;

/// Known names close to `wanted`, nearest first, `count` at most: those that contain it or are
/// contained in it, or whose edit distance is at most a third of their length.
pub fn near<'a>(
    wanted: &str,
    known: impl IntoIterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    // Longer than any name of Kafka's is no typing error, and the distance to it costs its length.
    if wanted.len() > LONGEST {
        return Vec::new();
    }
    let lower = wanted.to_lowercase();
    let mut found: Vec<(usize, &str)> = known
        .into_iter()
        .filter_map(|name| {
            let other = name.to_lowercase();
            let distance = strsim::osa_distance(&lower, &other);
            let allowed = lower.chars().count().max(other.chars().count()).div_ceil(3);
            let inside = lower.len() >= 3
                && (other.contains(&lower) || (other.len() >= 3 && lower.contains(&other)));
            (distance <= allowed || inside).then_some((distance, name))
        })
        .collect();
    found.sort();
    found
        .into_iter()
        .take(count)
        .map(|(_, name)| name)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::near;

    #[test]
    fn a_typing_error_finds_its_name() {
        let known = ["orders", "payments", "customers"];
        assert_eq!(near("ordres", known, 3), ["orders"]);
        assert_eq!(near("Payment", known, 3), ["payments"]);
        assert!(near("zzz", known, 3).is_empty());
    }

    #[test]
    fn megabytes_are_near_to_nothing() {
        assert!(near(&"x".repeat(10 << 20), ["orders"], 3).is_empty());
    }

    #[test]
    fn a_part_of_a_name_finds_it() {
        assert_eq!(
            near("order", ["eu.orders.v2", "clicks"], 3),
            ["eu.orders.v2"]
        );
    }
}
