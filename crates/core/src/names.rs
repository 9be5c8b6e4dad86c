//! Filters over names: a glob, a regular expression between slashes, or a part of the name.

use globset::{GlobBuilder, GlobMatcher};
use regex::{Regex, RegexBuilder};
use thiserror::Error;

/// A filter over names of topics, groups or keys.
#[derive(Clone, Debug)]
pub struct NameFilter(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Any,
    Part(String),
    Glob(GlobMatcher),
    Regex(Regex),
}

/// A filter that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is no {kind}: {reason}")]
pub struct NameFilterError {
    /// As given.
    pub text: String,
    /// `glob` or `regular expression`.
    pub kind: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl NameFilter {
    /// Reads a filter: `ord*` is a glob over the whole name, `/^ord/` a regular expression,
    /// anything without `*`, `?`, `[` or `{` matches names that contain it. `None` and the empty
    /// text match all.
    ///
    /// # Errors
    /// [`NameFilterError`] for a broken glob or expression, or an expression whose automaton would
    /// exceed 1 MiB.
    pub fn parse(text: Option<&str>) -> Result<Self, NameFilterError> {
        let Some(text) = text.filter(|t| !t.is_empty()) else {
            return Ok(Self(Kind::Any));
        };
        let error = |kind, reason: String| NameFilterError {
            text: text.into(),
            kind,
            reason,
        };
        if text.len() > 2 && text.starts_with('/') && text.ends_with('/') {
            let regex = RegexBuilder::new(&text[1..text.len() - 1])
                .size_limit(1 << 20)
                .build();
            return regex
                .map(|r| Self(Kind::Regex(r)))
                .map_err(|e| error("regular expression", first_line(&e)));
        }
        if text.contains(['*', '?', '[', '{']) {
            let glob = GlobBuilder::new(text).literal_separator(false).build();
            return glob
                .map(|g| Self(Kind::Glob(g.compile_matcher())))
                .map_err(|e| error("glob", e.kind().to_string()));
        }
        Ok(Self(Kind::Part(text.into())))
    }

    /// Whether a name fits.
    pub fn matches(&self, name: &str) -> bool {
        match &self.0 {
            Kind::Any => true,
            Kind::Part(part) => name.contains(part.as_str()),
            Kind::Glob(glob) => glob.is_match(name),
            Kind::Regex(regex) => regex.is_match(name),
        }
    }

    /// Whether the filter lets everything pass.
    pub fn is_any(&self) -> bool {
        matches!(self.0, Kind::Any)
    }
}

fn first_line(error: &regex::Error) -> String {
    let text = error.to_string();
    text.lines()
        .last()
        .unwrap_or_default()
        .trim_start_matches("error: ")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::NameFilter;

    #[test]
    fn a_filter_is_a_part_a_glob_or_an_expression() {
        let table = [
            (None, "anything", true),
            (Some(""), "anything", true),
            (Some("ord"), "eu.orders", true),
            (Some("orders"), "order", false),
            (Some("ord*"), "orders", true),
            (Some("ord*"), "eu.orders", false),
            (Some("*.v?"), "orders.v2", true),
            (Some("{a,b}-*"), "b-1", true),
            (Some("/^o.*s$/"), "orders", true),
            (Some("/^rd/"), "orders", false),
            (Some("/"), "a/b", true),
        ];
        for (filter, name, expected) in table {
            assert_eq!(
                NameFilter::parse(filter).unwrap().matches(name),
                expected,
                "{filter:?} {name}"
            );
        }
    }

    #[test]
    fn a_broken_filter_says_what_is_wrong() {
        let error = NameFilter::parse(Some("/(/")).unwrap_err().to_string();
        assert_eq!(error, "`/(/` is no regular expression: unclosed group");
        let error = NameFilter::parse(Some("[a")).unwrap_err().to_string();
        assert!(
            error.starts_with("`[a` is no glob: unclosed character class"),
            "{error}"
        );
    }
}
