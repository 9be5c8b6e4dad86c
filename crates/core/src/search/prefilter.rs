//! Telling from the bytes of a whole batch that no record in it can be wanted.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem::Finder;

/// Bytes of a literal that are looked for when there are several: enough to tell, and it bounds
/// the automaton.
const LITERAL_BYTES: usize = 64;

/// Literals, one of which occurs in the uncompressed batch of every wanted record.
#[derive(Clone, Debug)]
pub struct Prefilter(Kind);

#[derive(Clone, Debug)]
enum Kind {
    One(Box<Finder<'static>>),
    Several(AhoCorasick),
}

impl Prefilter {
    pub(super) fn new(literals: &[&[u8]]) -> Option<Self> {
        match literals {
            [] => None,
            [one] => Some(Self(Kind::One(Box::new(Finder::new(one).into_owned())))),
            several => AhoCorasick::builder()
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                // Searches with vector instructions where there are few literals.
                .match_kind(MatchKind::LeftmostFirst)
                .build(several.iter().map(|l| l.get(..LITERAL_BYTES).unwrap_or(l)))
                .ok()
                .map(|automaton| Self(Kind::Several(automaton))),
        }
    }

    /// Whether a wanted record may lie in these bytes: records as they are encoded, uncompressed.
    /// `false` is certain, and then no record in them is of unknown outcome either.
    pub fn may_hold(&self, bytes: &[u8]) -> bool {
        match &self.0 {
            Kind::One(finder) => finder.find(bytes).is_some(),
            Kind::Several(automaton) => automaton.is_match(bytes),
        }
    }
}
