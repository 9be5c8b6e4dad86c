//! What is wrong with a condition, precisely enough to mend it without the manual.

use super::operand::TimeError;
use thiserror::Error;

/// All fields, as errors list them.
pub(super) const FIELDS: &str =
    "key, value, header.NAME, $.path, value.$.path, key.$.path, offset, partition, timestamp, size";

/// A condition that cannot be used. `number` counts conditions from 1.
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
    /// A condition longer than allowed.
    #[error("condition {number} is {size_bytes} bytes long; at most {max_bytes}")]
    TooLong {
        /// Which.
        number: usize,
        /// Its size.
        size_bytes: usize,
        /// Allowed.
        max_bytes: usize,
    },
    /// Nothing but blanks.
    #[error(
        "condition {number} is empty; write FIELD OPERATOR OPERAND, e.g. `value contains timeout`"
    )]
    Empty {
        /// Which.
        number: usize,
    },
    /// The first word is no field.
    #[error(
        "condition {number} `{condition}`: unknown field `{word}`{}; fields are {FIELDS}; e.g. `value contains timeout`",
        nearest(near)
    )]
    UnknownField {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The word that is no field.
        word: String,
        /// The nearest field.
        near: Option<String>,
    },
    /// `header` without a name.
    #[error(
        "condition {number} `{condition}`: a header needs a name, e.g. `header.trace-id = abc` or `header.\"my header\" exists`"
    )]
    HeaderName {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
    },
    /// The JSON path cannot be parsed.
    #[error(
        "condition {number} `{condition}`: `{path}` is no JSON path (RFC 9535): {reason}; e.g. `$.order.items[0].price`, `$.items[?@.price > 10]`, `$['two words']`"
    )]
    Path {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The path.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A field and nothing else.
    #[error(
        "condition {number} `{condition}`: an operator is missing after `{field}`; allowed here: {allowed}"
    )]
    MissingOperator {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The field.
        field: String,
        /// Operators for this field.
        allowed: &'static str,
    },
    /// The second word is no operator, or none for this field.
    #[error(
        "condition {number} `{condition}`: `{word}` is no operator for `{field}`{}; allowed here: {allowed}; e.g. `{example}`",
        nearest(near)
    )]
    Operator {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
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
    #[error(
        "condition {number} `{condition}`: an operand is missing after `{operator}` (for an empty one write \"\")"
    )]
    MissingOperand {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The operator.
        operator: String,
    },
    /// Text after an operator that takes none.
    #[error(
        "condition {number} `{condition}`: `{operator}` takes no operand, `{operand}` is too much"
    )]
    SurplusOperand {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The operator.
        operator: String,
        /// What is too much.
        operand: String,
    },
    /// Begins with a quote and is not one JSON string.
    #[error(
        "condition {number} `{condition}`: the operand begins with a quote but is not one quoted string; to mean it literally write {quoted}"
    )]
    Quotes {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The operand in quotes, inner ones escaped.
        quoted: String,
    },
    /// The regular expression cannot be used.
    #[error("condition {number} `{condition}`: regular expression `{pattern}`: {reason}")]
    Regex {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The expression.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The field is a number and the operand is none.
    #[error(
        "condition {number} `{condition}`: `{field}` is compared with a whole number, and `{operand}` is none; e.g. `{field} >= 100`"
    )]
    Number {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// The field.
        field: &'static str,
        /// The operand.
        operand: String,
    },
    /// The operand of `timestamp` is no time.
    #[error("condition {number} `{condition}`: {error}")]
    Time {
        /// Which.
        number: usize,
        /// As written.
        condition: String,
        /// What is wrong with it.
        error: TimeError,
    },
}

fn nearest(near: &Option<String>) -> String {
    near.as_deref()
        .map(|near| format!(", did you mean `{near}`"))
        .unwrap_or_default()
}
