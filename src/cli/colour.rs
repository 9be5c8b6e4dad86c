//! Colour for a terminal, nothing for a pipe.

use std::io::IsTerminal;

/// Words that deserve an eye, with their ANSI colour.
const WORDS: &[(&str, &str)] = &[
    ("critical", "31;1"),
    ("warning", "33"),
    ("degraded", "33;1"),
    ("healthy", "32;1"),
    ("missing:", "33;1"),
    ("damaged:", "31"),
    ("fenced", "31"),
    ("offline", "31"),
    ("expired", "31"),
    ("unknown", "33"),
];

/// Whether standard output is a terminal that wants colour (`NO_COLOR` is honoured).
pub(super) fn wanted() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Paints an answer: its first line bold, words that deserve an eye in colour.
pub(super) fn paint(text: &str) -> String {
    let mut painted = String::with_capacity(text.len() + 64);
    for (index, line) in text.lines().enumerate() {
        if index > 0 {
            painted.push('\n');
        }
        let first = line.split_whitespace().next().unwrap_or_default();
        let colour = WORDS
            .iter()
            .find(|(word, _)| first == *word || first == format!("{word}:"))
            .map(|(_, c)| *c);
        match (index, colour) {
            (_, Some(colour)) => {
                let rest = line.trim_start().strip_prefix(first).unwrap_or_default();
                painted.push_str(&format!("\x1b[{colour}m{first}\x1b[0m{rest}"));
            }
            (0, None) => painted.push_str(&format!("\x1b[1m{line}\x1b[0m")),
            _ => painted.push_str(line),
        }
    }
    painted
}
