//! Partial success as data: what was obtained, and what is missing and why.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that should be part of an answer and is not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Missing {
    /// What is missing, e.g. "log dirs of broker 3", "offsets of orders-2".
    pub what: String,
    /// The broker that did not answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<i32>,
    /// Why, with the address where there is one.
    pub why: String,
}

/// A value together with what could not be obtained for it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Partial<T> {
    /// What was obtained.
    pub value: T,
    /// What is missing; empty when the value is whole.
    pub missing: Vec<Missing>,
}

impl<T> Partial<T> {
    /// A value from which nothing is missing.
    pub fn whole(value: T) -> Self {
        Self {
            value,
            missing: Vec::new(),
        }
    }

    /// The same gaps around another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Partial<U> {
        Partial {
            value: f(self.value),
            missing: self.missing,
        }
    }

    /// Takes the value out and adds this answer's gaps to `missing`.
    pub fn into_value(self, missing: &mut Vec<Missing>) -> T {
        missing.extend(self.missing);
        self.value
    }
}
