//! Defaults, types and documentation texts of configuration keys.

use kafkaweave_core::model::{ConfigSource, ConfigSynonym};

/// Kafka's own default, from the end of the chain of synonyms.
///
/// The synonym may have another unit than the key: the default of a topic's `retention.ms` is told
/// as `log.retention.hours` = 168.
pub fn default(key: &str, synonyms: &[ConfigSynonym]) -> Option<String> {
    let default = synonyms
        .iter()
        .rev()
        .find(|s| s.source == ConfigSource::Default)?;
    let value = default.value.clone()?;
    let ms_each: i64 = match unit(&default.name) {
        "hours" => 3_600_000,
        "minutes" => 60_000,
        _ => return Some(value),
    };
    if unit(key) != "ms" {
        return Some(value);
    }
    let number: i64 = value.parse().ok()?;
    // -1 means "no limit" in any unit.
    if number < 0 {
        return Some(value);
    }
    number.checked_mul(ms_each).map(|ms| ms.to_string())
}

fn unit(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}

/// Kafka's names of configuration types; `None` for none and for one that is newer than us.
pub(super) fn type_name(number: i8) -> Option<&'static str> {
    Some(match number {
        1 => "boolean",
        2 => "string",
        3 => "int",
        4 => "short",
        5 => "long",
        6 => "double",
        7 => "list",
        8 => "class",
        9 => "password",
        _ => return None,
    })
}

/// Documentation without its HTML: tags go, a list item becomes a dash, entities become letters.
pub(super) fn plain(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut rest = html;
    while let Some(open) = rest.find('<') {
        let (before, from) = rest.split_at(open);
        text.push_str(before);
        let Some(end) = tag_end(from) else {
            // A lone "<" is a less-than.
            text.push('<');
            rest = from.get(1..).unwrap_or_default();
            continue;
        };
        let (tag, after) = from.split_at(end);
        match tag.trim_matches(['<', '>', '/']).split(' ').next() {
            Some("li") if !tag.starts_with("</") => text.push_str(" - "),
            Some("br" | "p" | "ul" | "ol" | "li") => text.push(' '),
            _ => {}
        }
        rest = after;
    }
    text.push_str(rest);
    let text = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&nbsp;", " "),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text, |text, (entity, letter)| text.replace(entity, letter));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Length of the tag at the start, when it is one.
fn tag_end(from: &str) -> Option<usize> {
    let named = from
        .trim_start_matches(['<', '/'])
        .starts_with(|c: char| c.is_ascii_alphabetic());
    let end = from.find('>')?;
    let inner = from.get(1..end)?;
    (named && !inner.contains('<')).then_some(end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synonym(name: &str, value: &str, source: ConfigSource) -> ConfigSynonym {
        ConfigSynonym {
            name: name.into(),
            value: Some(value.into()),
            source,
        }
    }

    #[test]
    fn a_default_told_in_hours_is_given_in_the_unit_of_the_key() {
        let topic = synonym("retention.ms", "1000", ConfigSource::Topic);
        let hours = synonym("log.retention.hours", "168", ConfigSource::Default);
        let found = default("retention.ms", &[topic, hours.clone()]);
        assert_eq!(found.as_deref(), Some("604800000"));
        let found = default("log.retention.hours", &[hours]);
        assert_eq!(found.as_deref(), Some("168"));
        let none = synonym("log.retention.hours", "-1", ConfigSource::Default);
        assert_eq!(default("retention.ms", &[none]).as_deref(), Some("-1"));
        let only_set = synonym("retention.ms", "1000", ConfigSource::Topic);
        assert_eq!(default("retention.ms", &[only_set]), None);
    }

    #[test]
    fn documentation_loses_its_html_and_nothing_else() {
        for (html, text) in [
            ("Use <code>a</code> if x &lt; y.", "Use a if x < y."),
            ("One:<ul><li>b</li><li>c</li></ul>end", "One: - b - c end"),
            ("see <a href=\"#x\">here</a><br/>now", "see here now"),
            ("a < b and c > d", "a < b and c > d"),
            ("broken <code", "broken <code"),
            ("&amp;lt; stays", "&lt; stays"),
        ] {
            assert_eq!(plain(html), text, "{html}");
        }
    }
}
