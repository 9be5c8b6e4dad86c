//! Values out of a fixed set.

use super::{Field, Reader};
use crate::config::node::{Node, Value};
use kafkaweave_client::profile::{EngineChoice, Environment, SaslMechanism};
use serde_json::json;

/// A type with a fixed set of values.
trait Choice: Copy + 'static {
    /// All values.
    const ALL: &'static [Self];
    /// A value's name in the configuration.
    fn name(self) -> &'static str;
}

impl Choice for Environment {
    const ALL: &'static [Self] = &[Self::Dev, Self::Staging, Self::Prod];
    fn name(self) -> &'static str {
        match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        }
    }
}

impl Choice for EngineChoice {
    const ALL: &'static [Self] = &[Self::Auto, Self::Native, Self::Librdkafka];
    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Native => "native",
            Self::Librdkafka => "librdkafka",
        }
    }
}

impl Choice for SaslMechanism {
    const ALL: &'static [Self] = &[Self::Plain, Self::ScramSha256, Self::ScramSha512];
    fn name(self) -> &'static str {
        self.name()
    }
}

fn expected<T: Choice>() -> String {
    let names: Vec<_> = T::ALL
        .iter()
        .map(|one| format!("`{}`", one.name()))
        .collect();
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

fn read<T: Choice>(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<T> {
    let Value::Text(text) = &node.value else {
        reader.mistyped(node, key, &expected::<T>());
        return None;
    };
    let found = T::ALL.iter().copied().find(|one| one.name() == text);
    if found.is_none() {
        reader.refused(node, key, &expected::<T>(), text);
    }
    found
}

macro_rules! choice_field {
    ($($type:ty = $example:literal),* $(,)?) => {$(
        impl Field for $type {
            const EXAMPLE: &'static str = $example;
            fn read(node: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
                read(node, key, reader)
            }
            fn schema() -> serde_json::Value {
                json!({ "enum": Self::ALL.iter().map(|one| Choice::name(*one)).collect::<Vec<_>>() })
            }
            fn show(&self) -> String {
                Choice::name(*self).to_owned()
            }
        }
    )*};
}

choice_field! {
    Environment = "staging",
    EngineChoice = "native",
    SaslMechanism = "SCRAM-SHA-512",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_types_serialize_to() {
        fn check<T: Choice + serde::Serialize>() {
            for one in T::ALL {
                assert_eq!(serde_json::to_value(one).unwrap(), one.name());
            }
        }
        check::<Environment>();
        check::<EngineChoice>();
        check::<SaslMechanism>();
    }
}
