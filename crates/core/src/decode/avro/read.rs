//! Avro's binary form, written as JSON while it is read.

use super::schema::{Id, Meaning, Schema, Type};
use crate::bytes::Reader;
use crate::decode::MAX_DEPTH;
use crate::decode::json::JsonText;
use crate::decode::uuid;

impl Schema {
    /// Writes one value of the root's type. `None` when the bytes end before it or do not fit it.
    pub(super) fn read(&self, reader: &mut Reader<'_>, json: &mut JsonText) -> Option<()> {
        self.value(self.root, reader, json, 0)
    }

    fn value(
        &self,
        id: Id,
        reader: &mut Reader<'_>,
        json: &mut JsonText,
        depth: usize,
    ) -> Option<()> {
        if depth > MAX_DEPTH || json.is_cut() {
            // What follows could not be shown; the caller sees that it is cut.
            json.cut();
            return Some(());
        }
        let node = self.nodes.get(id)?;
        match &node.kind {
            Type::Null => json.raw("null"),
            Type::Boolean => json.raw(match reader.u8()? {
                0 => "false",
                1 => "true",
                _ => return None,
            }),
            Type::Long => whole(reader.varlong()?, node.meaning, json),
            Type::Float => {
                let number = f32::from_le_bytes(reader.array()?);
                if number.is_finite() {
                    json.number(number);
                } else {
                    json.float(number.into());
                }
            }
            Type::Double => json.float(f64::from_le_bytes(reader.array()?)),
            Type::Bytes => bytes(reader.sized()?, node.meaning, json),
            Type::Fixed(size) => bytes(reader.take(*size)?, node.meaning, json),
            Type::Text => json.string(std::str::from_utf8(reader.sized()?).ok()?),
            Type::Enum(symbols) => {
                let index = usize::try_from(reader.varlong()?).ok()?;
                json.string(symbols.get(index)?);
            }
            Type::Union(branches) => {
                let index = usize::try_from(reader.varlong()?).ok()?;
                return self.value(*branches.get(index)?, reader, json, depth + 1);
            }
            Type::Record(fields) => {
                let mut first = true;
                json.raw("{");
                for (name, id) in fields {
                    if json.is_cut() {
                        return Some(());
                    }
                    json.comma(&mut first);
                    json.name(name);
                    self.value(*id, reader, json, depth + 1)?;
                }
                json.raw("}");
            }
            Type::Array(items) => {
                json.raw("[");
                self.items(*items, reader, json, depth, false)?;
                json.raw("]");
            }
            Type::Map(values) => {
                json.raw("{");
                self.items(*values, reader, json, depth, true)?;
                json.raw("}");
            }
        }
        Some(())
    }

    /// Blocks of values, each behind its name in a map.
    fn items(
        &self,
        id: Id,
        reader: &mut Reader<'_>,
        json: &mut JsonText,
        depth: usize,
        named: bool,
    ) -> Option<()> {
        let mut first = true;
        loop {
            let count = reader.varlong()?;
            if count == 0 {
                return Some(());
            }
            if count < 0 {
                // The size of the block follows, for those who want to step over it.
                reader.varlong()?;
            }
            for _ in 0..count.unsigned_abs() {
                if json.is_cut() {
                    return Some(());
                }
                json.comma(&mut first);
                if named {
                    json.name(std::str::from_utf8(reader.sized()?).ok()?);
                }
                self.value(id, reader, json, depth + 1)?;
            }
        }
    }
}

fn whole(number: i64, meaning: Option<Meaning>, json: &mut JsonText) {
    let time = match meaning {
        Some(Meaning::TimestampMillis) => jiff::Timestamp::from_millisecond(number).ok(),
        Some(Meaning::TimestampMicros) => jiff::Timestamp::from_microsecond(number).ok(),
        Some(Meaning::TimestampNanos) => jiff::Timestamp::from_nanosecond(number.into()).ok(),
        Some(Meaning::Date) => {
            let ms = number.checked_mul(86_400_000);
            let time = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
            if let Some(time) = time {
                let text = time.to_string();
                return json.string(text.split('T').next().unwrap_or_default());
            }
            None
        }
        _ => None,
    };
    match time {
        Some(time) => json.string(&time.to_string()),
        None => json.number(number),
    }
}

fn bytes(bytes: &[u8], meaning: Option<Meaning>, json: &mut JsonText) {
    match meaning {
        Some(Meaning::Decimal(scale)) => match decimal(bytes, scale) {
            Some(text) => json.raw(&text),
            None => json.bytes(bytes),
        },
        Some(Meaning::Uuid) => match bytes.try_into() {
            Ok(sixteen) => json.string(&uuid::text(sixteen)),
            Err(_) => json.bytes(bytes),
        },
        _ => json.bytes(bytes),
    }
}

/// Big-endian two's complement with `scale` digits behind the point.
fn decimal(bytes: &[u8], scale: u32) -> Option<String> {
    if bytes.is_empty() || bytes.len() > 16 {
        return None;
    }
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    let number = bytes
        .iter()
        .fold(sign, |number: i128, byte| number << 8 | i128::from(*byte));
    if scale == 0 {
        return Some(number.to_string());
    }
    let width = usize::try_from(scale).ok()? + 1;
    let digits = format!("{:0width$}", number.unsigned_abs());
    let (before, after) = digits.split_at_checked(digits.len().checked_sub(width - 1)?)?;
    let minus = if number < 0 { "-" } else { "" };
    Some(format!("{minus}{before}.{after}"))
}
