//! From the text of an entry of the list to an [`Expression`].
//!
//! `not` binds tighter than `and`, `and` tighter than `or`. What is open stands on a stack of our
//! own, so no text drives a recursion. Where an operand ends is decided in `extent`.

use super::condition::Condition;
use super::error::ConditionFault;
use super::expression::Expression;
use super::extent::keyword;
use super::parse::condition;

/// Deepest nesting of parentheses.
const MAX_DEPTH: usize = 32;
/// Most conditions of all entries together.
const MAX_CONDITIONS: usize = 128;
/// Most of them that are regular expressions, which take up to a MiB each when compiled.
const MAX_PATTERNS: usize = 32;

/// What is used of the bounds on a whole predicate.
#[derive(Debug, Default)]
pub(super) struct Used {
    conditions: usize,
    patterns: usize,
}

impl Used {
    fn take(&mut self, condition: &Condition) -> Result<(), ConditionFault> {
        self.conditions += 1;
        self.patterns += usize::from(condition.is_pattern());
        for (count, max, what) in [
            (self.conditions, MAX_CONDITIONS, "conditions"),
            (
                self.patterns,
                MAX_PATTERNS,
                "regular expressions (`~`, `icontains`)",
            ),
        ] {
            if count > max {
                return Err(ConditionFault::TooMany { max, what });
            }
        }
        Ok(())
    }
}

/// An entry as understood.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) expression: Expression,
    /// Written out with the parentheses and quotes that the reading implies, where it is worth
    /// showing: conditions are joined, or an operand without quotes holds `and` or `or`.
    pub(super) reading: Option<String>,
}

/// What is wrong, and where.
#[derive(Debug)]
pub(super) struct Wrong {
    /// Byte of the entry at which the part begins that is wrong.
    pub(super) at: usize,
    pub(super) fault: ConditionFault,
    /// Whether the entry is more than one condition, so that the place is worth telling.
    pub(super) joined: bool,
}

/// A part of an expression, with what was read.
struct Part {
    expression: Expression,
    reading: String,
    /// Whether the reading needs parentheses beside others.
    several: bool,
}

impl Part {
    fn join(mut parts: Vec<Self>, word: &str, of: fn(Vec<Expression>) -> Expression) -> Self {
        if parts.len() == 1
            && let Some(only) = parts.pop()
        {
            return only;
        }
        let mut reading = String::new();
        for part in &parts {
            if !reading.is_empty() {
                reading.push_str(word);
            }
            match part.several {
                true => reading.extend(["(", part.reading.as_str(), ")"]),
                false => reading.push_str(&part.reading),
            }
        }
        Self {
            expression: of(parts.into_iter().map(|part| part.expression).collect()),
            reading,
            several: true,
        }
    }

    fn negated(self) -> Self {
        Self {
            expression: self.expression.negated(),
            reading: format!("not ({})", self.reading),
            several: false,
        }
    }
}

/// A group that is open: members of its "or" that are complete, and those of the "and" under way.
#[derive(Default)]
struct Level {
    any: Vec<Part>,
    all: Vec<Part>,
    negate: bool,
    /// Where its parenthesis stands.
    at: usize,
}

impl Level {
    fn or(&mut self) {
        let members = std::mem::take(&mut self.all);
        self.any.push(Part::join(members, " and ", Expression::all));
    }

    fn end(mut self) -> Part {
        self.or();
        let part = Part::join(self.any, " or ", Expression::any);
        if self.negate { part.negated() } else { part }
    }
}

/// Parses one entry.
pub(super) fn entry(text: &str, used: &mut Used) -> Result<Entry, Wrong> {
    // The outermost group, and those open inside of it.
    let mut level = Level::default();
    let mut outer: Vec<Level> = Vec::new();
    let mut negate = false;
    // What a condition has to follow, once there was something.
    let mut after = None;
    let mut complete = false;
    // Whether there is more than one plain condition.
    let mut joined = false;
    let mut debatable = false;
    let mut at = 0;
    loop {
        let rest = text.get(at..).unwrap_or_default().trim_start();
        at = text.len() - rest.len();
        let next = rest.chars().next();
        let wrong = |fault, joined| Wrong { at, fault, joined };
        if complete {
            match next {
                None => break,
                Some(')') => {
                    let Some(around) = outer.pop() else {
                        return Err(wrong(ConditionFault::NothingToClose, true));
                    };
                    let closed = std::mem::replace(&mut level, around).end();
                    level.all.push(closed);
                    at += 1;
                    continue;
                }
                Some(_) => {}
            }
            let Some((word, length)) = ["and", "or"]
                .into_iter()
                .find_map(|word| Some((word, keyword(rest, word)?)))
            else {
                return Err(wrong(ConditionFault::joint(rest), true));
            };
            if word == "or" {
                level.or();
            }
            at += length;
            (complete, joined, after) = (false, true, Some(word));
            continue;
        }
        if next.is_none() || next == Some(')') {
            let fault = after.map_or(ConditionFault::Empty, |after| {
                ConditionFault::MissingCondition { after }
            });
            return Err(wrong(fault, after.is_some()));
        }
        if next == Some('(') {
            if outer.len() >= MAX_DEPTH {
                return Err(wrong(ConditionFault::TooDeep { max: MAX_DEPTH }, true));
            }
            let inner = Level {
                negate: std::mem::take(&mut negate),
                at,
                ..Level::default()
            };
            outer.push(std::mem::replace(&mut level, inner));
            at += 1;
            (joined, after) = (true, Some("("));
        } else if let Some(length) = keyword(rest, "not") {
            negate = !negate;
            at += length;
            (joined, after) = (true, Some("not"));
        } else {
            let read = condition(rest, !outer.is_empty()).map_err(|f| wrong(f, joined))?;
            used.take(&read.condition).map_err(|f| wrong(f, joined))?;
            at += read.length;
            debatable |= read.debatable;
            let part = Part {
                expression: Expression::One(Box::new(read.condition)),
                reading: read.reading,
                several: false,
            };
            level.all.push(if std::mem::take(&mut negate) {
                part.negated()
            } else {
                part
            });
            complete = true;
        }
    }
    if !outer.is_empty() {
        return Err(Wrong {
            at: level.at,
            fault: ConditionFault::NotClosed,
            joined: true,
        });
    }
    let whole = level.end();
    Ok(Entry {
        expression: whole.expression,
        reading: (joined || debatable).then_some(whole.reading),
    })
}
