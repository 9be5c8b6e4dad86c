//! Aligned text tables for answers.
//!
//! Two blanks between columns, numbers to the right, no borders: cheap in tokens, readable in a
//! terminal.

use kafkaweave_core::payload::one_line;

/// Cells are aligned up to this width; longer ones stick out.
const WIDEST: usize = 40;

/// A table under construction.
pub struct Table {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these column heads.
    pub fn new<const N: usize>(head: [&str; N]) -> Self {
        Self {
            head: head.map(String::from).to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells beyond the heads are dropped. A cell stays in its line: strangers choose the
    /// names of groups and clients, and such a name must not pass for a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows
            .push(cells.iter().map(|cell| one_line(cell)).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Renders head and rows; nothing at all without rows. Columns without any value are left out.
    pub fn render(&self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let columns: Vec<usize> = (0..self.head.len())
            .filter(|&c| {
                self.rows
                    .iter()
                    .any(|r| r.get(c).is_some_and(|cell| !cell.is_empty()))
            })
            .collect();
        let width = |c: usize| {
            let cells = self.rows.iter().filter_map(|r| r.get(c));
            let lengths = cells
                .chain([&self.head[c]])
                .map(|cell| cell.chars().count());
            // One long cell shall not fill all other lines with blanks.
            lengths.filter(|l| *l <= WIDEST).max().unwrap_or(WIDEST)
        };
        let right = |c: usize| {
            let mut cells = self
                .rows
                .iter()
                .filter_map(|r| r.get(c))
                .filter(|cell| !cell.is_empty())
                .peekable();
            cells.peek().is_some()
                && cells.all(|cell| {
                    cell.starts_with(|x: char| x.is_ascii_digit() || x == '-' || x == '+')
                })
        };
        let shape: Vec<(usize, usize, bool)> =
            columns.iter().map(|&c| (c, width(c), right(c))).collect();
        let mut text = String::new();
        for row in std::iter::once(&self.head).chain(&self.rows) {
            let mut line = String::new();
            for &(column, width, right) in &shape {
                let cell = row.get(column).map_or("", String::as_str);
                if !line.is_empty() {
                    line.push_str("  ");
                }
                let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
                if right {
                    line.push_str(&pad);
                }
                line.push_str(cell);
                if !right {
                    line.push_str(&pad);
                }
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(line.trim_end());
        }
        text
    }
}

/// Bytes with a binary unit and at most one decimal, e.g. `1.4 GiB`.
pub fn bytes(count: i64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if count.abs() < 1024 {
        return format!("{count} B");
    }
    #[expect(clippy::cast_precision_loss, reason = "one decimal is shown")]
    let mut value = count as f64 / 1024.0;
    let mut unit = 0;
    while value.abs() >= 1023.95 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS[unit])
}

/// A duration in its two largest units, e.g. `3h 05m`, `12.4s`, `850ms`.
pub fn duration(ms: i64) -> String {
    let seconds = ms / 1000;
    match ms {
        ..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}.{}s", seconds, (ms % 1000) / 100),
        60_000..3_600_000 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        3_600_000..86_400_000 => format!("{}h {:02}m", seconds / 3600, seconds / 60 % 60),
        _ => format!("{}d {:02}h", seconds / 86_400, seconds / 3600 % 24),
    }
}

/// Epoch milliseconds as UTC, e.g. `2026-11-24T05:21:21.000Z`; the number itself when out of range.
pub fn time(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |t| format!("{t:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_empty_ones_vanish() {
        let mut table = Table::new(["topic", "rack", "lag"]);
        table.row(["orders".into(), String::new(), "12".into()]);
        table.row(["x".into(), String::new(), "3400".into()]);
        assert_eq!(table.render(), "topic    lag\norders    12\nx       3400");
    }

    #[test]
    fn units() {
        let sizes = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (5_368_709_120, "5.0 GiB"),
        ];
        for (count, text) in sizes {
            assert_eq!(bytes(count), text);
        }
        let spans = [
            (0, "0ms"),
            (999, "999ms"),
            (12_345, "12.3s"),
            (65_000, "1m 05s"),
            (11_100_000, "3h 05m"),
            (90_000_000, "1d 01h"),
        ];
        for (ms, text) in spans {
            assert_eq!(duration(ms), text);
        }
        assert_eq!(time(0), "1970-01-01T00:00:00.000Z");
    }
}
