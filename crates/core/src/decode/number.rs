//! Numbers as Kafka's own serializers write them: four or eight bytes, big-endian.
//!
//! Any such bytes are a number of each kind, so what decides is how likely the value is: integers
//! that count or tell a time, fractions with few digits. Of random bytes fewer than one in fifty
//! thousand is called likely.

use super::Decoded;
use crate::payload::Confidence::{self, Guess, Likely};
use crate::payload::PayloadEncoding::{Double, Float, Int32, Int64};

pub(super) fn number(bytes: &[u8]) -> Option<Decoded> {
    let (encoding, confidence, text) = match bytes.len() {
        4 => {
            let bytes: [u8; 4] = bytes.try_into().ok()?;
            let (whole, real) = (i32::from_be_bytes(bytes), f32::from_be_bytes(bytes));
            if let Some(confidence) = whole32(whole) {
                (Int32, confidence, whole.to_string())
            } else {
                (Float, real32(real)?, real.to_string())
            }
        }
        8 => {
            let bytes: [u8; 8] = bytes.try_into().ok()?;
            let (whole, real) = (i64::from_be_bytes(bytes), f64::from_be_bytes(bytes));
            if let Some(confidence) = whole64(whole) {
                (Int64, confidence, whole.to_string())
            } else {
                (Double, real64(real)?, real.to_string())
            }
        }
        _ => return None,
    };
    Some(Decoded::plain(encoding, confidence, text))
}

fn whole32(value: i32) -> Option<Confidence> {
    match value {
        0..0x7fff => Some(Likely),
        -0xff_ffff..=0xff_ffff => Some(Guess),
        _ => None,
    }
}

fn whole64(value: i64) -> Option<Confidence> {
    match value {
        // Up to here a Confluent header would hold the schema id 0. Above, ids of a few and times
        // in milliseconds of the years 2001 to 2039 are told apart.
        -0x7fff_ffff..=0xff_ffff => Some(Likely),
        1_000_000_000_000..=2_199_023_255_551 => Some(Likely),
        -0x1f_ffff_ffff_ffff..=0x1f_ffff_ffff_ffff => Some(Guess),
        _ => None,
    }
}

/// Significant decimal digits of the shortest text that reads back as the same number.
fn digits(shortest: &str) -> usize {
    let mantissa = shortest.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len()
}

fn real32(value: f32) -> Option<Confidence> {
    if !(1e-3..1e7).contains(&value.abs()) {
        return None;
    }
    match digits(&format!("{value:e}")) {
        0..=3 => Some(Likely),
        4..=6 => Some(Guess),
        _ => None,
    }
}

fn real64(value: f64) -> Option<Confidence> {
    let size = value.abs();
    if (1e-9..1e15).contains(&size) && digits(&format!("{value:e}")) <= 10 {
        return Some(Likely);
    }
    (1e-3..1e9).contains(&size).then_some(Guess)
}
