//! Random records: nulls, empty parts, repeated headers, bytes that are no UTF-8, JSON of all kinds.

use super::generate::{HEADERS, NAMES, NUMBERS, Random, WORDS};
use crate::model::RecordView;

/// A record with its parts owned.
#[derive(Debug)]
pub(super) struct Sample {
    partition: i32,
    offset: i64,
    timestamp_ms: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(&'static str, Option<Vec<u8>>)>,
}

impl Sample {
    pub(super) fn random(random: &mut Random) -> Self {
        let headers = (0..random.below(4))
            .map(|_| (random.one_of(&HEADERS), payload(random)))
            .collect();
        Self {
            partition: random.below(4) as i32,
            offset: 90 + random.below(20) as i64,
            timestamp_ms: random.below(2_500) as i64 - 1,
            key: payload(random),
            value: if random.chance(45) {
                Some(json(random, 3).into_bytes())
            } else {
                payload(random)
            },
            headers,
        }
    }

    pub(super) fn headers(&self) -> Vec<(&[u8], Option<&[u8]>)> {
        let headers = self.headers.iter();
        headers.map(|(n, v)| (n.as_bytes(), v.as_deref())).collect()
    }

    pub(super) fn view<'a>(
        &'a self,
        headers: &'a [(&'a [u8], Option<&'a [u8]>)],
    ) -> RecordView<'a> {
        RecordView {
            partition: self.partition,
            offset: self.offset,
            timestamp_ms: self.timestamp_ms,
            key: self.key.as_deref(),
            value: self.value.as_deref(),
            headers,
        }
    }
}

fn payload(random: &mut Random) -> Option<Vec<u8>> {
    Some(match random.below(10) {
        0 => return None,
        1 => Vec::new(),
        2 => random.one_of(&NUMBERS).as_bytes().to_vec(),
        3 => [
            b"\xff\xfe".as_slice(),
            random.one_of(&WORDS).as_bytes(),
            b"\xc3",
        ]
        .concat(),
        4 => json(random, 2).into_bytes(),
        5 => [&[0, 0, 0, 0, 42], json(random, 2).as_bytes()].concat(),
        6 => random.one_of(&WORDS).as_bytes().to_vec(),
        _ => {
            let words: Vec<&str> = (0..1 + random.below(3))
                .map(|_| random.one_of(&WORDS))
                .collect();
            words.join(random.one_of(&["", " ", "\n"])).into_bytes()
        }
    })
}

fn json(random: &mut Random, depth: u64) -> String {
    let string = |random: &mut Random| {
        let both = [random.one_of(&WORDS), random.one_of(&NUMBERS)];
        let word = random.one_of(&both);
        serde_json::Value::from(word).to_string()
    };
    match random.below(if depth == 0 { 5 } else { 12 }) {
        0 => ["true", "false", "null"][random.below(3) as usize].into(),
        1 | 2 => string(random),
        3 | 4 => {
            let number = random.one_of(&NUMBERS).trim_start_matches(['+', '0']);
            if number.is_empty() {
                "0".into()
            } else {
                number.into()
            }
        }
        5 | 6 => {
            let items: Vec<String> = (0..random.below(3))
                .map(|_| json(random, depth - 1))
                .collect();
            format!("[{}]", items.join(", "))
        }
        _ => {
            let count = random.below(3) as usize + 1;
            let members: Vec<String> = NAMES[..count]
                .iter()
                .map(|name| format!("\"{name}\":{}", json(random, depth - 1)))
                .collect();
            format!("{{{}}}", members.join(","))
        }
    }
}
