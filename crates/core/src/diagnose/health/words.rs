//! Spans, sizes and lists as evidence words them.

/// "45 s", "31 min", "7.5 h", "3.2 d".
pub(super) fn span(ms: i64) -> String {
    let seconds = ms.max(0) as f64 / 1_000.0;
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.1} d", s / 86_400.0),
    }
}

/// "812 B", "3.2 MiB", "1.50 GiB".
pub(super) fn size(bytes: i64) -> String {
    let bytes = bytes as f64;
    match bytes {
        b if b < 1_024.0 => format!("{b:.0} B"),
        b if b < 1_048_576.0 => format!("{:.1} KiB", b / 1_024.0),
        b if b < 1_073_741_824.0 => format!("{:.1} MiB", b / 1_048_576.0),
        b => format!("{:.2} GiB", b / 1_073_741_824.0),
    }
}

/// How many lines of evidence name examples.
const LINES: usize = 5;

/// The first lines, and how many more there are.
pub(super) fn lines(mut all: Vec<String>) -> Vec<String> {
    let more = all.len().saturating_sub(LINES);
    if more > 1 {
        all.truncate(LINES);
        all.push(format!("and {more} more"));
    }
    all
}

/// "1, 3, 4".
pub(super) fn ids(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    ids.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes_are_read_at_a_glance() {
        let spans = [
            (0, "0 s"),
            (45_400, "45 s"),
            (1_860_000, "31 min"),
            (27_000_000, "7.5 h"),
        ];
        for (ms, words) in spans {
            assert_eq!(span(ms), words);
        }
        assert_eq!(span(276_480_000), "3.2 d");
        let sizes = [(812, "812 B"), (1_536, "1.5 KiB"), (3_355_443, "3.2 MiB")];
        for (bytes, words) in sizes {
            assert_eq!(size(bytes), words);
        }
        assert_eq!(size(1_610_612_736), "1.50 GiB");
    }

    #[test]
    fn long_lists_are_cut_and_counted() {
        let all = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        assert_eq!(lines(all(6)).len(), 6);
        assert_eq!(lines(all(9))[5], "and 4 more");
    }
}
