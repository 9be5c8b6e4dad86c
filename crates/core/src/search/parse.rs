//! From the text of a condition to a [`Condition`].

use super::condition::{Bound, Condition, Field, NumberField, Test};
use super::error::ConditionFault;
use super::extent::{bare, ends, quoted_end};
use super::field::{SYMBOLS, field};
use super::operand::{Operand, time_ms};
use crate::near::near;
use memchr::memmem::Finder;
use regex::bytes::{Regex, RegexBuilder};

/// Bound on a compiled regular expression, bytes. Matching is linear whatever the expression.
const REGEX_BYTES: usize = 1 << 20;

const TEXT_OPERATORS: &str = "contains, icontains, =, !=, ~, !~, <, <=, >, >=, is null, is not null, not contains, not icontains";
const NODE_OPERATORS: &str = "contains, icontains, =, !=, ~, !~, <, <=, >, >=, is null, is not null, exists, not exists, not contains, not icontains";
const NUMBER_OPERATORS: &str = "=, !=, <, <=, >, >=";
const TIME_OPERATORS: &str = "=, !=, <, <=, >, >=, is null, is not null";

/// A condition that was read from the beginning of a text.
pub(super) struct Read {
    pub(super) condition: Condition,
    /// Bytes that it takes.
    pub(super) length: usize,
    /// As understood: the operand in quotes unless it is one plain word.
    pub(super) reading: String,
    /// Whether the operand has no quotes and holds `and` or `or`.
    pub(super) debatable: bool,
}

/// Fields by the operators that they know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Node,
    Number,
    Time,
}

impl Kind {
    fn of(field: &Field) -> Self {
        match field {
            Field::Text(_) => Self::Text,
            Field::Header(_) | Field::Path(..) => Self::Node,
            Field::Number(NumberField::Timestamp) => Self::Time,
            Field::Number(_) => Self::Number,
        }
    }

    fn operators(self) -> &'static str {
        match self {
            Self::Text => TEXT_OPERATORS,
            Self::Node => NODE_OPERATORS,
            Self::Number => NUMBER_OPERATORS,
            Self::Time => TIME_OPERATORS,
        }
    }

    fn knows(self, word: &str) -> bool {
        self.operators().split(", ").any(|known| known == word)
    }
}

/// Whether `text` begins with an operator that such a field knows, and with an operand when it
/// takes one.
pub(super) fn operator_follows(text: &str, kind: Kind) -> bool {
    let (word, rest) = operator_word(text.trim_start());
    kind.knows(&word) && (unary(&word).is_some() || !rest.trim_start().is_empty())
}

/// Parses the condition that `text` begins with; `grouped` inside of parentheses.
pub(super) fn condition(text: &str, grouped: bool) -> Result<Read, ConditionFault> {
    let (field, name, rest) = field(text)?;
    let (word, rest) = operator_word(rest.trim_start());
    let kind = Kind::of(&field);
    if word.is_empty() {
        return Err(ConditionFault::MissingOperator {
            example: example(&field, &name),
            field: name,
            allowed: kind.operators(),
        });
    }
    if !kind.knows(&word) {
        let example = example(&field, &name);
        return Err(ConditionFault::Operator {
            near: nearest_operator(&word, kind.operators()),
            field: name,
            word,
            allowed: kind.operators(),
            example,
        });
    }
    let rest = rest.trim_start();
    let pattern = matches!(word.as_str(), "~" | "!~");
    if let Some((negate, test)) = unary(&word) {
        if !ends(rest) {
            let (end, _) = bare(rest, grouped, pattern);
            return Err(ConditionFault::SurplusOperand {
                operator: word,
                operand: rest.get(..end).unwrap_or(rest).trim_end().to_owned(),
            });
        }
        return Ok(Read {
            condition: Condition {
                field,
                negate,
                test,
            },
            length: text.len() - rest.len(),
            reading: format!("{name} {word}"),
            debatable: false,
        });
    }
    let (operand, length, debatable) = operand(&word, rest, grouped)?;
    let shown = if operand.quoted || !plain(&operand.text) {
        serde_json::Value::from(operand.text.as_str()).to_string()
    } else {
        operand.text.clone()
    };
    let reading = format!("{name} {word} {shown}");
    let (negate, test) = test(&field, &word, operand)?;
    Ok(Read {
        condition: Condition {
            field,
            negate,
            test,
        },
        length: text.len() - rest.len() + length,
        reading,
        debatable,
    })
}

/// Whether an operand is clear without quotes.
fn plain(text: &str) -> bool {
    text.starts_with(['{', '['])
        || !text.contains(|c: char| c.is_whitespace() || "()\"".contains(c))
}

fn example(field: &Field, name: &str) -> String {
    match field {
        Field::Text(_) | Field::Header(_) => format!("{name} contains timeout"),
        Field::Path(..) => format!("{name} = \"FAILED\""),
        Field::Number(NumberField::Timestamp) => format!("{name} >= 2026-11-24T05:00:00Z"),
        Field::Number(_) => format!("{name} >= 100"),
    }
}

fn nearest_operator(word: &str, allowed: &'static str) -> Option<String> {
    let meant = match word {
        "<>" => "!=",
        "=~" | "matches" | "regex" | "like" => "~",
        "=>" => ">=",
        "=<" => "<=",
        "equals" | "is" | "eq" => "=",
        "has" | "includes" | "contain" => "contains",
        _ => "",
    };
    allowed
        .split(", ")
        .find(|operator| *operator == meant)
        .or_else(|| near(word, allowed.split(", "), 1).first().copied())
        .map(str::to_owned)
}

/// The operator in lower case, its words one blank apart, and the rest.
fn operator_word(text: &str) -> (String, &str) {
    let symbols = text
        .find(|c: char| !SYMBOLS.contains(&c))
        .unwrap_or(text.len());
    if symbols > 0 {
        let (word, rest) = text.split_at(symbols);
        let word = if word == "==" { "=" } else { word };
        return (word.to_owned(), rest);
    }
    let (first, rest) = next_word(text);
    let mut words = first.to_lowercase();
    let mut rest = rest;
    let continuations: &[&str] = match words.as_str() {
        "is" => &["null", "not null"],
        "not" => &["contains", "icontains", "exists"],
        _ => &[],
    };
    for continuation in continuations {
        let mut after = rest;
        let all = continuation.split(' ').all(|wanted| {
            let (word, next) = next_word(after.trim_start());
            after = next;
            word.eq_ignore_ascii_case(wanted)
        });
        if all {
            words.push(' ');
            words.push_str(continuation);
            rest = after;
            break;
        }
    }
    (words, rest)
}

fn next_word(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | ')') || SYMBOLS.contains(&c))
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The test of an operator that takes no operand, and whether it is turned round.
fn unary(word: &str) -> Option<(bool, Test)> {
    match word {
        "is null" => Some((false, Test::Null)),
        "is not null" => Some((false, Test::NotNull)),
        "exists" => Some((false, Test::Exists)),
        "not exists" => Some((true, Test::Exists)),
        _ => None,
    }
}

fn test(field: &Field, word: &str, operand: Operand) -> Result<(bool, Test), ConditionFault> {
    let operand = match field {
        Field::Number(number) => Operand::int(whole_number(*number, &operand.text)?),
        _ => operand,
    };
    Ok(match word {
        "contains" => (false, Test::Contains(finder(&operand))),
        "not contains" => (true, Test::Contains(finder(&operand))),
        "icontains" => (false, Test::Matches(ignoring_case(&operand)?)),
        "not icontains" => (true, Test::Matches(ignoring_case(&operand)?)),
        "~" => (
            false,
            Test::Matches(regex(&operand.text, &operand.text, false)?),
        ),
        "!~" => (
            true,
            Test::Matches(regex(&operand.text, &operand.text, false)?),
        ),
        "!=" => (true, Test::Equals(operand)),
        "<" => (false, Test::Compare(Bound::Less, operand)),
        "<=" => (false, Test::Compare(Bound::AtMost, operand)),
        ">" => (false, Test::Compare(Bound::Greater, operand)),
        ">=" => (false, Test::Compare(Bound::AtLeast, operand)),
        _ => (false, Test::Equals(operand)),
    })
}

/// The operand that `rest` begins with, its length, and whether its extent is debatable.
fn operand(
    operator: &str,
    rest: &str,
    grouped: bool,
) -> Result<(Operand, usize, bool), ConditionFault> {
    let (end, debatable) = bare(rest, grouped, matches!(operator, "~" | "!~"));
    let text = rest.get(..end).unwrap_or(rest).trim_end();
    if text.is_empty() {
        return Err(ConditionFault::MissingOperand {
            operator: operator.to_owned(),
        });
    }
    if !rest.starts_with('"') {
        return Ok((Operand::bare(text), end, debatable));
    }
    quoted_end(rest)
        .and_then(|end| {
            let (string, after) = rest.split_at_checked(end)?;
            let string = serde_json::from_str(string).ok()?;
            ends(after).then(|| (Operand::quoted(string), end, false))
        })
        .ok_or_else(|| ConditionFault::Quotes {
            quoted: serde_json::Value::from(text).to_string(),
        })
}

fn whole_number(field: NumberField, operand: &str) -> Result<i64, ConditionFault> {
    if field == NumberField::Timestamp {
        return Ok(time_ms(operand)?);
    }
    operand.parse().map_err(|_| ConditionFault::Number {
        field: field.name(),
        operand: operand.to_owned(),
    })
}

fn finder(operand: &Operand) -> Finder<'static> {
    Finder::new(operand.text.as_bytes()).into_owned()
}

fn ignoring_case(operand: &Operand) -> Result<Regex, ConditionFault> {
    regex(&regex::escape(&operand.text), &operand.text, true)
}

fn regex(pattern: &str, shown: &str, ignore_case: bool) -> Result<Regex, ConditionFault> {
    RegexBuilder::new(pattern)
        .case_insensitive(ignore_case)
        .size_limit(REGEX_BYTES)
        .dfa_size_limit(REGEX_BYTES)
        .build()
        .map_err(|error| ConditionFault::Regex {
            pattern: shown.to_owned(),
            reason: reason(&error),
        })
}

/// The last line of regex's message, which is drawn over several lines.
fn reason(error: &regex::Error) -> String {
    match error {
        regex::Error::CompiledTooBig(_) => {
            format!("too large when compiled (more than {REGEX_BYTES} bytes)")
        }
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default().trim();
            last.strip_prefix("error: ").unwrap_or(last).to_owned()
        }
    }
}
