//! What is wrong with a condition, precisely enough to mend it without the manual.

use super::operand::TimeError;
use thiserror::Error;

/// All fields, as errors list them.
const FIELDS: &str =
    "key, value, header.NAME, $.path, value.$.path, key.$.path, offset, partition, timestamp, size";

/// Conditions that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SearchError {
    /// More conditions than a search takes.
    #[error("{count} conditions are too many; at most {max}")]
    TooMany {
        /// Given.
        count: usize,
        /// Allowed.
        max: usize,
    },
    /// One condition cannot be used.
    #[error(
        "condition {number} `{condition}`{}: {fault}{}",
        place(at),
        grammar(at)
    )]
    Condition {
        /// Which, from 1.
        number: usize,
        /// As written, at most 200 characters of it.
        condition: String,
        /// Where in it, when it is several joined by `and`, `or` and `not`.
        at: Option<Place>,
        /// What is wrong with it.
        fault: Box<ConditionFault>,
    },
}

/// A place in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which character, from 1.
    pub position: usize,
    /// What stands there, at most 40 characters of it; empty at the end.
    pub text: String,
}

fn place(at: &Option<Place>) -> String {
    match at {
        Some(at) if at.text.is_empty() => ", at its end".into(),
        Some(at) => format!(", at character {} `{}`", at.position, at.text),
        None => String::new(),
    }
}

fn grammar(at: &Option<Place>) -> &'static str {
    if at.is_some() {
        "; conditions are joined by `and`, `or`, `not` and parentheses (`not` first, then `and`); put an operand that holds these in quotes"
    } else {
        ""
    }
}

/// What is wrong with a condition.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ConditionFault {
    /// Longer than allowed.
    #[error("{size_bytes} bytes are too long; at most {max_bytes}")]
    TooLong {
        /// Its size.
        size_bytes: usize,
        /// Allowed.
        max_bytes: usize,
    },
    /// Nothing but blanks.
    #[error("empty; write FIELD OPERATOR OPERAND, e.g. `value contains timeout`")]
    Empty,
    /// More than a predicate may hold.
    #[error("more than {max} {what} in all")]
    TooMany {
        /// Allowed.
        max: usize,
        /// Of what.
        what: &'static str,
    },
    /// A condition is complete, and something else than `and` or `or` follows.
    #[error("expected `and`, `or` or the end, found `{found}`{}", nearest(near))]
    Joint {
        /// What follows.
        found: String,
        /// The nearest word that may stand there.
        near: Option<String>,
    },
    /// Nothing follows where a condition must.
    #[error("a condition is missing after `{after}`")]
    MissingCondition {
        /// What was before.
        after: &'static str,
    },
    /// A `)` without a `(`.
    #[error("this `)` closes nothing")]
    NothingToClose,
    /// A `(` without a `)`.
    #[error("this `(` is not closed")]
    NotClosed,
    /// Too many parentheses inside of each other.
    #[error("parentheses nest deeper than {max}")]
    TooDeep {
        /// Allowed.
        max: usize,
    },
    /// The first word is no field.
    #[error(
        "unknown field `{word}`{}; fields are {FIELDS}; e.g. `value contains timeout`",
        nearest(near)
    )]
    UnknownField {
        /// The word that is no field.
        word: String,
        /// The nearest field.
        near: Option<String>,
    },
    /// `header` without a name.
    #[error("a header needs a name, e.g. `header.trace-id = abc` or `header.\"my header\" exists`")]
    HeaderName,
    /// The JSON path cannot be parsed.
    #[error(
        "`{path}` is no JSON path (RFC 9535): {reason}; e.g. `$.order.items[0].price`, `$.items[?@.price > 10]`, `$['two words']`"
    )]
    Path {
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A field and nothing else.
    #[error("an operator is missing after `{field}`; allowed here: {allowed}; e.g. `{example}`")]
    MissingOperator {
        /// The field.
        field: String,
        /// Operators for this field.
        allowed: &'static str,
        /// A condition that would do.
        example: String,
    },
    /// The second word is no operator, or none for this field.
    #[error(
        "`{word}` is no operator for `{field}`{}; allowed here: {allowed}; e.g. `{example}`",
        nearest(near)
    )]
    Operator {
        /// The field.
        field: String,
        /// The word.
        word: String,
        /// The nearest operator that is allowed.
        near: Option<String>,
        /// Operators for this field.
        allowed: &'static str,
        /// A condition that would do.
        example: String,
    },
    /// Nothing to compare with.
    #[error("an operand is missing after `{operator}` (for an empty one write \"\")")]
    MissingOperand {
        /// The operator.
        operator: String,
    },
    /// Text after an operator that takes none.
    #[error("`{operator}` takes no operand, `{operand}` is too much")]
    SurplusOperand {
        /// The operator.
        operator: String,
        /// What is too much.
        operand: String,
    },
    /// Begins with a quote and is not one JSON string.
    #[error(
        "the operand begins with a quote but is not one quoted string; to mean it literally write {quoted}"
    )]
    Quotes {
        /// The operand in quotes, inner ones escaped.
        quoted: String,
    },
    /// The regular expression cannot be used.
    #[error("regular expression `{pattern}`: {reason}")]
    Regex {
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The field is a number and the operand is none.
    #[error(
        "`{field}` is compared with a whole number, and `{operand}` is none; e.g. `{field} >= 100`"
    )]
    Number {
        /// The field.
        field: &'static str,
        /// The operand.
        operand: String,
    },
    /// The operand of `timestamp` is no time.
    #[error(transparent)]
    Time(#[from] TimeError),
}

fn nearest(near: &Option<String>) -> String {
    near.as_deref()
        .map(|near| format!(", did you mean `{near}`"))
        .unwrap_or_default()
}

impl ConditionFault {
    /// Something else than `and` or `or` where only these may stand.
    pub(super) fn joint(found: &str) -> Self {
        let word: String = found
            .chars()
            .take_while(|c| !c.is_whitespace())
            .take(40)
            .collect();
        let near = match word.as_str() {
            "&" | "&&" | "," | ";" => Some("and".to_owned()),
            "|" | "||" => Some("or".to_owned()),
            _ => None,
        };
        Self::Joint { found: word, near }
    }
}
