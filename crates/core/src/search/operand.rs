//! What a field is compared with: text, number, time.

use serde_json::Value;
use std::cmp::Ordering;
use thiserror::Error;

/// A number that compares exactly between integers and as `f64` otherwise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    /// A decimal number as people write it; no `inf`, no `nan`, no blanks inside.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let plain = text.len() <= 64
            && text.contains(|c: char| c.is_ascii_digit())
            && text
                .chars()
                .all(|c| c.is_ascii_digit() || matches!(c, '+' | '-' | '.' | 'e' | 'E'));
        if !plain {
            return None;
        }
        if let Ok(int) = text.parse::<i128>() {
            return Some(Self::Int(int));
        }
        text.parse::<f64>()
            .ok()
            .filter(|f| f.is_finite())
            .map(Self::Float)
    }

    pub(super) fn of(number: &serde_json::Number) -> Option<Self> {
        if let Some(int) = number.as_i64() {
            Some(Self::Int(int.into()))
        } else if let Some(int) = number.as_u64() {
            Some(Self::Int(int.into()))
        } else {
            number.as_f64().map(Self::Float)
        }
    }

    pub(super) fn order(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (a, b) => a.float().partial_cmp(&b.float()),
        }
    }

    fn float(self) -> f64 {
        match self {
            Self::Int(int) => int as f64,
            Self::Float(float) => float,
        }
    }
}

/// The right-hand side of a condition.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    /// As text, quotes taken off.
    pub(super) text: String,
    /// As a number; `None` when it is none, or was quoted and so is meant as text.
    pub(super) number: Option<Number>,
    /// As a JSON object or array, when it was written as one.
    pub(super) structure: Option<Value>,
    /// Whether it was in quotes: then it equals only JSON strings, not numbers or booleans.
    pub(super) quoted: bool,
}

impl Operand {
    pub(super) fn bare(text: &str) -> Self {
        let structure = text
            .starts_with(['{', '['])
            .then(|| serde_json::from_str(text).ok())
            .flatten();
        Self {
            text: text.to_owned(),
            number: Number::parse(text),
            structure,
            quoted: false,
        }
    }

    pub(super) fn quoted(text: String) -> Self {
        Self {
            text,
            number: None,
            structure: None,
            quoted: true,
        }
    }

    /// As a whole number of 64 bits.
    pub(super) fn as_i64(&self) -> Option<i64> {
        match self.number {
            Some(Number::Int(int)) => i64::try_from(int).ok(),
            _ => None,
        }
    }

    pub(super) fn int(value: i64) -> Self {
        Self {
            text: value.to_string(),
            number: Some(Number::Int(value.into())),
            structure: None,
            quoted: false,
        }
    }
}

/// A text that is no point in time.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TimeError {
    /// Neither a number nor RFC 3339.
    #[error(
        "`{text}` is no time; write RFC 3339 such as `2026-11-24T05:00:00Z`, a date such as `2026-11-24` (midnight UTC) or epoch milliseconds such as `1795496400000`"
    )]
    NotATime {
        /// As written.
        text: String,
    },
    /// A date and time of day in no zone.
    #[error("`{text}` has no time zone; write `{text}Z` for UTC or add an offset such as `+02:00`")]
    NoZone {
        /// As written.
        text: String,
    },
}

/// Epoch ms of a time written as epoch ms, RFC 3339, or a date (midnight UTC).
pub fn time_ms(text: &str) -> Result<i64, TimeError> {
    let text = text.trim();
    if let Ok(epoch_ms) = text.parse::<i64>() {
        return Ok(epoch_ms);
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    let is_date = text.len() == 10;
    if is_date && let Ok(time) = format!("{text}T00:00:00Z").parse::<jiff::Timestamp>() {
        return Ok(time.as_millisecond());
    }
    if !is_date && text.parse::<jiff::civil::DateTime>().is_ok() {
        return Err(TimeError::NoZone { text: text.into() });
    }
    Err(TimeError::NotATime { text: text.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_epoch_ms_rfc_3339_or_dates() {
        assert_eq!(time_ms("1795496400000"), Ok(1_795_496_400_000));
        assert_eq!(time_ms("2026-11-24T05:00:00Z"), Ok(1_795_496_400_000));
        assert_eq!(time_ms("2026-11-24T07:00:00+02:00"), Ok(1_795_496_400_000));
        assert_eq!(time_ms("2026-11-24"), Ok(1_795_478_400_000));
        assert_eq!(
            time_ms("2026-11-24T05:00:00"),
            Err(TimeError::NoZone {
                text: "2026-11-24T05:00:00".into()
            })
        );
        for wrong in ["", "yesterday", "2026-13-01", "5m"] {
            assert!(
                matches!(time_ms(wrong), Err(TimeError::NotATime { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn numbers_compare_exactly_beyond_what_a_float_holds() {
        let big = Number::parse("9007199254740993");
        let less = Number::parse("9007199254740992");
        assert_eq!(
            big.and_then(|a| less.and_then(|b| a.order(b))),
            Some(Ordering::Greater)
        );
        assert_eq!(
            Number::parse("1e3").and_then(|a| a.order(Number::Int(1000))),
            Some(Ordering::Equal)
        );
        for none in ["", "-", "nan", "inf", "0x10", "1 2", "e", "abc"] {
            assert_eq!(Number::parse(none), None, "{none}");
        }
    }
}
