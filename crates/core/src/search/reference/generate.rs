//! Random trees of conditions, written as text.

/// A linear congruential generator: the same sequence on every machine.
pub(super) struct Random(u64);

impl Random {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    pub(super) fn one_of<'a, T: ?Sized>(&mut self, all: &[&'a T]) -> &'a T {
        all[self.below(all.len() as u64) as usize]
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

#[derive(Clone, Debug)]
pub(super) enum Field {
    Key,
    Value,
    Header(&'static str),
    Path { key: bool, steps: Vec<Step> },
    Offset,
    Partition,
    Timestamp,
    Size,
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Name(&'static str),
    Index(i64),
    Wild,
    Descend(&'static str),
    Has(&'static str),
    Above(&'static str, i64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Op {
    Contains,
    Icontains,
    Equals,
    Matches,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Null,
    NotNull,
    Exists,
}

#[derive(Clone, Debug)]
pub(super) enum Tree {
    Leaf {
        field: Field,
        op: Op,
        /// `!=`, `!~`, `not contains`, ...
        negate: bool,
        operand: String,
        quoted: bool,
    },
    Not(Box<Tree>),
    And(Vec<Tree>),
    Or(Vec<Tree>),
}

pub(super) const NAMES: [&str; 3] = ["a", "b", "c"];
pub(super) const HEADERS: [&str; 3] = ["h", "trace-id", "my header"];
pub(super) const NUMBERS: [&str; 12] = [
    "0",
    "7",
    "-7",
    "7.0",
    "12",
    "12.5",
    "1e1",
    "9007199254740993",
    "9007199254740992",
    "18446744073709551616",
    "007",
    "+7",
];
pub(super) const WORDS: [&str; 12] = [
    "a", "ab", "fail", "FAIL", "Timeout", "x and y", "or", "true", "null", "\u{e4}b", "\u{c4}",
    "f(x)",
];
const PATTERNS: [&str; 12] = [
    "a",
    "^a",
    "b$",
    "a.b",
    "a*b",
    "^[0-9]+$",
    "^.*$",
    "x?y+",
    "[ab]+[0-9]",
    "^$",
    ".i",
    "T.*t",
];
const ORDERS: [Op; 4] = [Op::Less, Op::AtMost, Op::Greater, Op::AtLeast];

impl Tree {
    pub(super) fn random(random: &mut Random, depth: u64) -> Self {
        let kind = if depth == 0 { 0 } else { random.below(10) };
        let some = |random: &mut Random| {
            (0..2 + random.below(2))
                .map(|_| Self::random(random, depth - 1))
                .collect()
        };
        match kind {
            6 => Self::Not(Box::new(Self::random(random, depth - 1))),
            7 => Self::And(some(random)),
            8 | 9 => Self::Or(some(random)),
            _ => Self::leaf(random),
        }
    }

    fn leaf(random: &mut Random) -> Self {
        let field = Field::random(random);
        let numeric = matches!(
            field,
            Field::Offset | Field::Partition | Field::Timestamp | Field::Size
        );
        let node = matches!(field, Field::Header(_) | Field::Path { .. });
        let op = match random.below(if numeric { 2 } else { 12 }) {
            0 => Op::Equals,
            1 => ORDERS[random.below(4) as usize],
            2 | 3 => Op::Contains,
            4 => Op::Icontains,
            5 => Op::Matches,
            6 if node => Op::Exists,
            7 => Op::Null,
            8 => Op::NotNull,
            9 => ORDERS[random.below(4) as usize],
            _ => Op::Equals,
        };
        let negate = random.chance(25)
            && matches!(
                op,
                Op::Contains | Op::Icontains | Op::Equals | Op::Matches | Op::Exists
            )
            && !(numeric && op != Op::Equals);
        let operand = match (&field, op) {
            (Field::Offset, _) => (95 + random.below(12)).to_string(),
            (Field::Partition, _) => random.below(4).to_string(),
            (Field::Size, _) => random.below(30).to_string(),
            (Field::Timestamp, _) => random
                .one_of(&[
                    "1000",
                    "1970-01-01T00:00:01Z",
                    "1970-01-01T00:00:01.5+00:00",
                    "1970-01-01",
                ])
                .to_owned(),
            (_, Op::Matches) => random.one_of(&PATTERNS).to_owned(),
            _ if random.chance(40) => random.one_of(&NUMBERS).to_owned(),
            (Field::Path { .. }, Op::Equals) if random.chance(10) => random
                .one_of(&["{\"a\":7}", "[7,\"ab\"]", "[]", "{\"a\": [ ]}"])
                .to_owned(),
            _ => random.one_of(&WORDS).to_owned(),
        };
        Self::Leaf {
            quoted: random.chance(30) || (operand == "f(x)" && random.chance(50)),
            field,
            op,
            negate,
            operand,
        }
    }

    /// As text; parentheses where they are needed and now and then where they are not.
    pub(super) fn text(&self, random: &mut Random) -> String {
        match self {
            Self::Leaf {
                field,
                op,
                negate,
                operand,
                quoted,
            } => {
                let text = leaf(&field.text(), *op, *negate, operand, *quoted);
                if random.chance(10) {
                    format!("( {text} )")
                } else {
                    text
                }
            }
            Self::Not(inner) => {
                let word = random.one_of(&["not", "NOT", "Not"]);
                match **inner {
                    Self::Leaf { .. } | Self::Not(_) if random.chance(50) => {
                        format!("{word} {}", inner.text(random))
                    }
                    _ => format!("{word}({})", inner.text(random)),
                }
            }
            Self::And(all) => {
                let parts: Vec<String> = all
                    .iter()
                    .map(|part| match part {
                        Self::Or(_) => format!("({})", part.text(random)),
                        _ => part.text(random),
                    })
                    .collect();
                parts.join(random.one_of(&[" and ", " AND ", "\tand  "]))
            }
            Self::Or(any) => {
                let parts: Vec<String> = any.iter().map(|part| part.text(random)).collect();
                parts.join(random.one_of(&[" or ", " OR ", "  or\n"]))
            }
        }
    }
}

fn leaf(field: &str, op: Op, negate: bool, operand: &str, quoted: bool) -> String {
    let word = match (op, negate) {
        (Op::Contains, false) => "contains",
        (Op::Contains, true) => "not contains",
        (Op::Icontains, false) => "icontains",
        (Op::Icontains, true) => "not icontains",
        (Op::Equals, false) => "=",
        (Op::Equals, true) => "!=",
        (Op::Matches, false) => "~",
        (Op::Matches, true) => "!~",
        (Op::Less, _) => "<",
        (Op::AtMost, _) => "<=",
        (Op::Greater, _) => ">",
        (Op::AtLeast, _) => ">=",
        (Op::Null, _) => return format!("{field} is null"),
        (Op::NotNull, _) => return format!("{field} is not null"),
        (Op::Exists, false) => return format!("{field} exists"),
        (Op::Exists, true) => return format!("{field} not exists"),
    };
    if quoted {
        format!("{field} {word} {}", serde_json::Value::from(operand))
    } else {
        format!("{field} {word} {operand}")
    }
}

impl Field {
    fn random(random: &mut Random) -> Self {
        match random.below(14) {
            0 | 1 => Self::Key,
            2..=4 => Self::Value,
            5 | 6 => Self::Header(random.one_of(&HEADERS)),
            7 => Self::Offset,
            8 => Self::Partition,
            9 => Self::Timestamp,
            10 => Self::Size,
            _ => Self::Path {
                key: random.chance(15),
                steps: steps(random),
            },
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Key => "key".into(),
            Self::Value => "value".into(),
            Self::Header("my header") => "header.\"my header\"".into(),
            Self::Header(name) => format!("header.{name}"),
            Self::Path { key, steps } => {
                let steps: String = steps.iter().map(Step::text).collect();
                format!("{}${steps}", if *key { "key." } else { "" })
            }
            Self::Offset => "offset".into(),
            Self::Partition => "partition".into(),
            Self::Timestamp => "timestamp".into(),
            Self::Size => "size".into(),
        }
    }
}

fn steps(random: &mut Random) -> Vec<Step> {
    let mut descended = false;
    let count = 1 + random.below(3);
    (0..count)
        .map(|_| {
            let name = random.one_of(&NAMES);
            match random.below(10) {
                0 => Step::Index(random.below(3) as i64 - 1),
                1 => Step::Wild,
                2 if !std::mem::replace(&mut descended, true) => Step::Descend(name),
                3 => Step::Has(name),
                4 => Step::Above(name, random.below(10) as i64),
                _ => Step::Name(name),
            }
        })
        .collect()
}

impl Step {
    fn text(&self) -> String {
        match self {
            Self::Name(name) => format!(".{name}"),
            Self::Index(index) => format!("[{index}]"),
            Self::Wild => "[*]".into(),
            Self::Descend(name) => format!("..{name}"),
            Self::Has(name) => format!("[?@.{name}]"),
            Self::Above(name, bound) => format!("[?@.{name} > {bound}]"),
        }
    }
}
