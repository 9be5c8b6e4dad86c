//! The effective configuration as text, with the source of each value.

use super::Config;
use super::node::Source;
use super::value::Class;
use std::fmt::Write as _;

/// One effective setting. Holds no secret: of a secret, only where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Path of the key.
    pub key: String,
    /// Value as text.
    pub value: String,
    /// Class of the key.
    pub class: Class,
    /// Where the value comes from.
    pub source: Source,
}

impl Config {
    /// The effective configuration: `key = value`, and the place, variable or flag that each value
    /// comes from. References to secrets are shown as references and never resolved.
    pub fn show(&self) -> String {
        let mut text = String::new();
        match &self.file {
            Some(path) => _ = writeln!(text, "# file: {}", path.display()),
            None => {
                let places: Vec<_> = self
                    .searched
                    .iter()
                    .map(|p| p.display().to_string())
                    .collect();
                _ = writeln!(text, "# no file; looked at {}", places.join(", "));
            }
        }
        let rows: Vec<_> = self
            .settings
            .iter()
            .map(|setting| {
                (
                    format!("{} = {}", setting.key, shown(setting)),
                    &setting.source,
                )
            })
            .collect();
        let widths = rows.iter().map(|(row, _)| row.chars().count());
        let width = widths.filter(|width| *width <= 70).max().unwrap_or(0);
        for (row, source) in &rows {
            _ = writeln!(text, "{row:width$}  # {source}");
        }
        for warning in &self.warnings {
            _ = writeln!(text, "# warning: {warning}");
        }
        text
    }
}

fn shown(setting: &Setting) -> String {
    match setting.class {
        // Already a reference; named so that nobody takes it for the value.
        Class::SecretReference if setting.value != "[]" => format!("{} (reference)", setting.value),
        Class::SecretReference | Class::Public | Class::Path | Class::Section => {
            setting.value.clone()
        }
    }
}
