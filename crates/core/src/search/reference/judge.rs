//! The reference: what a tree of conditions says of a record.

use super::generate::{Field, Op, Step, Tree};
use crate::model::RecordView;
use crate::search::Verdict;
use serde_json::Value;
use std::cmp::Ordering;

/// All trees hold.
pub(super) fn all(trees: &[Tree], record: &RecordView<'_>) -> Verdict {
    verdict(and(trees.iter().map(|tree| judge(tree, record))))
}

/// `None` is "cannot be judged".
type Truth = Option<bool>;

fn verdict(truth: Truth) -> Verdict {
    match truth {
        Some(true) => Verdict::Match,
        Some(false) => Verdict::NoMatch,
        None => Verdict::NotJson,
    }
}

fn and(parts: impl Iterator<Item = Truth>) -> Truth {
    let parts: Vec<Truth> = parts.collect();
    if parts.contains(&Some(false)) {
        Some(false)
    } else if parts.contains(&None) {
        None
    } else {
        Some(true)
    }
}

fn judge(tree: &Tree, record: &RecordView<'_>) -> Truth {
    match tree {
        Tree::Not(inner) => judge(inner, record).map(|truth| !truth),
        Tree::And(parts) => and(parts.iter().map(|part| judge(part, record))),
        // Not all of them do not hold.
        Tree::Or(parts) => {
            and(parts.iter().map(|part| judge(part, record).map(|t| !t))).map(|truth| !truth)
        }
        Tree::Leaf {
            field,
            op,
            negate,
            operand,
            quoted,
        } => {
            let truth = match field {
                Field::Key => Some(bytes(record.key, *op, operand, *quoted)),
                Field::Value => Some(bytes(record.value, *op, operand, *quoted)),
                Field::Header(name) => Some(record.headers.iter().any(|(n, value)| {
                    *n == name.as_bytes()
                        && (*op == Op::Exists || bytes(*value, *op, operand, *quoted))
                })),
                Field::Offset => Some(whole(record.offset, *op, operand)),
                Field::Partition => Some(whole(record.partition.into(), *op, operand)),
                Field::Size => Some(whole(
                    record.value.map_or(0, |v| v.len() as i64),
                    *op,
                    operand,
                )),
                Field::Timestamp => {
                    Some(record.timestamp_ms >= 0 && whole(record.timestamp_ms, *op, operand))
                }
                Field::Path { key, steps } => match if *key { record.key } else { record.value } {
                    None => Some(false),
                    Some(raw) => document(raw).map(|document| {
                        let mut nodes = vec![&document];
                        for step in steps {
                            nodes = nodes
                                .into_iter()
                                .flat_map(|node| walk(node, step))
                                .collect();
                        }
                        nodes.into_iter().any(|n| node(n, *op, operand, *quoted))
                    }),
                },
            };
            truth.map(|truth| truth != *negate)
        }
    }
}

fn document(raw: &[u8]) -> Option<Value> {
    let plain: Result<Value, _> = serde_json::from_slice(raw);
    plain.ok().or_else(|| {
        if raw.len() > 5 && raw[0] == 0 {
            serde_json::from_slice(&raw[5..]).ok()
        } else {
            None
        }
    })
}

fn children(node: &Value) -> Vec<&Value> {
    match node {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    }
}

fn walk<'a>(node: &'a Value, step: &Step) -> Vec<&'a Value> {
    match step {
        Step::Name(name) => node
            .as_object()
            .and_then(|o| o.get(*name))
            .into_iter()
            .collect(),
        Step::Index(index) => node
            .as_array()
            .and_then(|items| {
                let at = if *index < 0 {
                    items.len() as i64 + index
                } else {
                    *index
                };
                items.get(usize::try_from(at).ok()?)
            })
            .into_iter()
            .collect(),
        Step::Wild => children(node),
        Step::Descend(name) => {
            let mut found = walk(node, &Step::Name(name));
            for child in children(node) {
                found.extend(walk(child, step));
            }
            found
        }
        Step::Has(name) => {
            let mut found = children(node);
            found.retain(|child| child.get(*name).is_some());
            found
        }
        Step::Above(name, bound) => {
            let mut found = children(node);
            found.retain(|child| {
                let number = child.get(*name).and_then(Value::as_f64);
                number.is_some_and(|number| number > *bound as f64)
            });
            found
        }
    }
}

/// A whole number if it is one, else the nearest fraction.
#[derive(Clone, Copy)]
enum Number {
    Whole(i128),
    Fraction(f64),
}

fn number(text: &str) -> Option<Number> {
    let digits = text.chars().any(|c| c.is_ascii_digit());
    let others = text.chars().any(|c| !"0123456789+-.eE".contains(c));
    if !digits || others {
        return None;
    }
    match text.parse() {
        Ok(whole) => Some(Number::Whole(whole)),
        Err(_) => text.parse().ok().map(Number::Fraction),
    }
}

fn order(a: Number, b: Number) -> Ordering {
    let float = |n| match n {
        Number::Whole(n) => n as f64,
        Number::Fraction(f) => f,
    };
    match (a, b) {
        (Number::Whole(a), Number::Whole(b)) => a.cmp(&b),
        _ => float(a).partial_cmp(&float(b)).unwrap(),
    }
}

fn fits(op: Op, ordering: Ordering) -> bool {
    match op {
        Op::Equals => ordering == Ordering::Equal,
        Op::Less => ordering == Ordering::Less,
        Op::AtMost => ordering != Ordering::Greater,
        Op::Greater => ordering == Ordering::Greater,
        Op::AtLeast => ordering != Ordering::Less,
        _ => unreachable!("{op:?} does not order"),
    }
}

fn whole(field: i64, op: Op, operand: &str) -> bool {
    let limit = match operand {
        "1970-01-01T00:00:01Z" => 1000,
        "1970-01-01T00:00:01.5+00:00" => 1500,
        "1970-01-01" => 0,
        other => other.parse::<i64>().unwrap(),
    };
    fits(op, field.cmp(&limit))
}

fn bytes(field: Option<&[u8]>, op: Op, operand: &str, quoted: bool) -> bool {
    let Some(field) = field else {
        return op == Op::Null;
    };
    match op {
        Op::Null => false,
        Op::NotNull | Op::Exists => true,
        Op::Contains => contains(field, operand.as_bytes()),
        Op::Icontains => contains(&lower(field), &lower(operand.as_bytes())),
        Op::Matches => pattern(operand, field),
        Op::Equals => field == operand.as_bytes(),
        _ => match number(operand).filter(|_| !quoted) {
            Some(limit) => std::str::from_utf8(field)
                .ok()
                .and_then(|text| number(text.trim()))
                .is_some_and(|field| fits(op, order(field, limit))),
            None => fits(op, field.cmp(operand.as_bytes())),
        },
    }
}

fn node(node: &Value, op: Op, operand: &str, quoted: bool) -> bool {
    let text = match node {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let limit = number(operand).filter(|_| !quoted);
    let own = match node {
        Value::Number(number) => {
            let whole = number
                .as_i64()
                .map(i128::from)
                .or(number.as_u64().map(i128::from));
            Some(whole.map_or_else(|| Number::Fraction(number.as_f64().unwrap()), Number::Whole))
        }
        _ => None,
    };
    match op {
        Op::Exists => true,
        Op::Null => node.is_null(),
        Op::NotNull => !node.is_null(),
        Op::Contains => contains(text.as_bytes(), operand.as_bytes()),
        Op::Icontains => contains(&lower(text.as_bytes()), &lower(operand.as_bytes())),
        Op::Matches => pattern(operand, text.as_bytes()),
        Op::Equals => match node {
            Value::String(text) => text == operand,
            _ if quoted => false,
            Value::Number(_) => limit.is_some_and(|limit| order(own.unwrap(), limit).is_eq()),
            Value::Array(_) | Value::Object(_) => {
                operand.starts_with(['{', '['])
                    && serde_json::from_str(operand).ok().as_ref() == Some(node)
            }
            _ => text == operand,
        },
        _ => match (node, limit) {
            (Value::Number(_), Some(limit)) => fits(op, order(own.unwrap(), limit)),
            (Value::String(text), Some(limit)) => {
                number(text.trim()).is_some_and(|own| fits(op, order(own, limit)))
            }
            (Value::String(text), None) => fits(op, text.as_bytes().cmp(operand.as_bytes())),
            _ => false,
        },
    }
}

fn contains(all: &[u8], part: &[u8]) -> bool {
    (0..=all.len()).any(|at| all[at..].starts_with(part))
}

/// Lower case of the letters that the samples use.
fn lower(bytes: &[u8]) -> Vec<u8> {
    let mut lower = bytes.to_ascii_lowercase();
    for at in 1..lower.len() {
        if lower[at - 1] == 0xc3 && lower[at] == 0x84 {
            lower[at] = 0xa4;
        }
    }
    lower
}

/// One thing that a pattern asks for, and how often.
struct Atom {
    fits: Vec<char>,
    any: bool,
    least: usize,
    many: bool,
}

/// Regular expressions as far as the samples use them: letters, `.`, `[..]`, `*`, `+`, `?`, anchors.
fn pattern(pattern: &str, bytes: &[u8]) -> bool {
    let (begin, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (end, rest) = match rest.strip_suffix('$') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let mut atoms = Vec::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        let mut fits = vec![c];
        if c == '[' {
            fits = chars.by_ref().take_while(|c| *c != ']').collect();
            if fits == ['0', '-', '9'] {
                fits = ('0'..='9').collect();
            }
        }
        let quantifier = chars.next_if(|c| "*+?".contains(*c));
        atoms.push(Atom {
            fits,
            any: c == '.',
            least: usize::from(!matches!(quantifier, Some('*' | '?'))),
            many: matches!(quantifier, Some('*' | '+')),
        });
    }
    // Bytes that are no UTF-8 are characters that nothing fits.
    let mut text: Vec<Option<char>> = Vec::new();
    for chunk in bytes.utf8_chunks() {
        text.extend(chunk.valid().chars().map(Some));
        text.extend(chunk.invalid().iter().map(|_| None));
    }
    let last = if begin { 0 } else { text.len() };
    (0..=last).any(|from| here(&atoms, &text[from..], end))
}

fn here(atoms: &[Atom], text: &[Option<char>], end: bool) -> bool {
    let Some((atom, rest)) = atoms.split_first() else {
        return !end || text.is_empty();
    };
    let most = if atom.many {
        text.len()
    } else {
        1.min(text.len())
    };
    let one = |c: &Option<char>| {
        c.is_some_and(|c| (atom.any && c != '\n') || atom.fits.contains(&c) && !atom.any)
    };
    (0..=most).any(|count| {
        (count >= atom.least || (count == 0 && atom.least == 0))
            && text[..count].iter().all(one)
            && here(rest, &text[count..], end)
    })
}
