//! UUIDs (RFC 9562): sixteen bytes, or their text.

use super::Decoded;
use crate::payload::Confidence::{Guess, Likely};
use crate::payload::PayloadEncoding::Uuid;
use std::fmt::Write as _;

/// 2010 to 2040, epoch ms.
const PLAUSIBLE_MS: std::ops::Range<u64> = 1_262_304_000_000..2_208_988_800_000;
/// From 1582-10-15, where times of versions 1 and 6 begin, to 1970, in units of 100 ns.
const GREGORIAN: u64 = 0x01b2_1dd2_1381_4000;

/// Sixteen bytes whose version and variant are those of a UUID. The ones that hold a time of our
/// days are likely, of the others one in thirty random payloads is one.
pub(super) fn binary(bytes: &[u8]) -> Option<Decoded> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    let number = u128::from_be_bytes(bytes);
    let version = (number >> 76) & 0xf;
    if (number >> 62) & 0b11 != 0b10 || !(1..=8).contains(&version) {
        return None;
    }
    let high = u64::try_from(number >> 64).ok()?;
    let since_1582 = |ticks: u64| ticks.checked_sub(GREGORIAN).map(|t| t / 10_000);
    let made_ms = match version {
        1 => since_1582((high & 0xfff) << 48 | (high >> 16 & 0xffff) << 32 | high >> 32),
        6 => since_1582((high >> 16) << 12 | high & 0xfff),
        7 => Some(high >> 16),
        _ => None,
    };
    let confidence = match made_ms {
        Some(ms) if PLAUSIBLE_MS.contains(&ms) => Likely,
        _ => Guess,
    };
    Some(Decoded::plain(Uuid, confidence, text(bytes)))
}

/// The usual text.
pub(super) fn text(bytes: [u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (index, byte) in bytes.iter().enumerate() {
        if matches!(index, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Whether text is a UUID as it is usually written.
pub(crate) fn is_text(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}
