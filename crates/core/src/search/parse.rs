//! From the text of a condition to a [`Condition`].

use super::condition::{Bound, Condition, Field, NumberField, Test};
use super::error::ConditionFault;
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

/// Parses one condition.
pub(super) fn condition(text: &str) -> Result<Condition, ConditionFault> {
    let text = text.trim();
    if text.is_empty() {
        return Err(ConditionFault::Empty);
    }
    let (field, name, rest) = field(text)?;
    let (word, rest) = operator_word(rest.trim_start());
    let allowed = allowed(&field);
    if word.is_empty() {
        return Err(ConditionFault::MissingOperator {
            example: example(&field, &name),
            field: name,
            allowed,
        });
    }
    let known = allowed.split(", ").any(|operator| operator == word);
    if !known {
        let example = example(&field, &name);
        return Err(ConditionFault::Operator {
            near: nearest_operator(&word, allowed),
            field: name,
            word,
            allowed,
            example,
        });
    }
    let (negate, test) = test(&field, &word, rest.trim())?;
    Ok(Condition {
        field,
        negate,
        test,
    })
}

fn allowed(field: &Field) -> &'static str {
    match field {
        Field::Text(_) => TEXT_OPERATORS,
        Field::Header(_) | Field::Path(..) => NODE_OPERATORS,
        Field::Number(NumberField::Timestamp) => TIME_OPERATORS,
        Field::Number(_) => NUMBER_OPERATORS,
    }
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
        .find(|c: char| c.is_whitespace() || c == '"' || SYMBOLS.contains(&c))
        .unwrap_or(text.len());
    text.split_at(end)
}

fn test(field: &Field, word: &str, rest: &str) -> Result<(bool, Test), ConditionFault> {
    let plain = match word {
        "is null" => Some((false, Test::Null)),
        "is not null" => Some((false, Test::NotNull)),
        "exists" => Some((false, Test::Exists)),
        "not exists" => Some((true, Test::Exists)),
        _ => None,
    };
    if let Some(test) = plain {
        if rest.is_empty() {
            return Ok(test);
        }
        return Err(ConditionFault::SurplusOperand {
            operator: word.to_owned(),
            operand: rest.to_owned(),
        });
    }
    let operand = operand(word, rest)?;
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

fn operand(operator: &str, rest: &str) -> Result<Operand, ConditionFault> {
    if rest.is_empty() {
        return Err(ConditionFault::MissingOperand {
            operator: operator.to_owned(),
        });
    }
    if !rest.starts_with('"') {
        return Ok(Operand::bare(rest));
    }
    serde_json::from_str(rest)
        .map(Operand::quoted)
        .map_err(|_| ConditionFault::Quotes {
            quoted: serde_json::Value::from(rest).to_string(),
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
