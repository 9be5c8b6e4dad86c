//! Groups: which side has them, and of what type.
//!
//! States and members come and go; they are no drift.

use super::{ABSENT, Comparison, Weight};
use crate::model::{GroupListing, GroupType};
use std::collections::{BTreeMap, BTreeSet};

impl Comparison {
    /// Compares two listings. `whole` says for each whether all coordinators answered: what is not
    /// on a list with gaps may be behind one of them, and is unknown.
    pub fn group_lists(
        &mut self,
        (left, left_whole): (&[GroupListing], bool),
        (right, right_whole): (&[GroupListing], bool),
    ) {
        let (lefts, rights) = (by_name(left), by_name(right));
        let names: BTreeSet<&str> = lefts.keys().chain(rights.keys()).copied().collect();
        for name in names {
            let subject = format!("group {name}");
            match (lefts.get(name), rights.get(name)) {
                (Some(l), Some(r)) => {
                    let known = |t: &GroupType| *t != GroupType::Unknown;
                    if l != r && known(l) && known(r) {
                        self.groups.differ += 1;
                        let why = "members of one type cannot join the other";
                        self.fact(Weight::Note, (&subject, "type"), (word(*l), word(*r)), why);
                    } else {
                        self.groups.equal += 1;
                    }
                }
                (Some(l), None) if right_whole => {
                    self.groups.only_left += 1;
                    self.alone(&subject, (word(*l), ABSENT));
                }
                (None, Some(r)) if left_whole => {
                    self.groups.only_right += 1;
                    self.alone(&subject, (ABSENT, word(*r)));
                }
                _ => self.groups.unknown += 1,
            }
        }
    }

    fn alone(&mut self, subject: &str, sides: (&str, &str)) {
        let why = "its members or offsets are on one side alone";
        self.fact(Weight::Note, (subject, "group"), sides, why);
    }
}

fn by_name(groups: &[GroupListing]) -> BTreeMap<&str, GroupType> {
    groups
        .iter()
        .map(|g| (g.group.as_str(), g.group_type))
        .collect()
}

fn word(of: GroupType) -> &'static str {
    match of {
        GroupType::Classic => "classic",
        GroupType::Consumer => "consumer",
        GroupType::Share => "share",
        GroupType::Streams => "streams",
        GroupType::Unknown => "type unknown",
    }
}
