//! `docs`: the references that are generated from the code, printed or written into the repository.
//!
//! `docs/tools.md`, `docs/configuration.md`, `docs/health.md` and the table of tools in README.md are
//! committed, and a test compares them with what the code says now. Nothing here is written by hand: what is to be
//! said better belongs into the doc comment of the argument, the answer's field or the key.

mod configuration;
mod health;
mod kind;
mod tools;

use super::CliError;
use clap::{Args, ValueEnum};
use kind::kind;
use std::path::Path;
use std::process::ExitCode;

/// A place in a Markdown file that is generated: what stands between its two marks.
const TOOLS_MARK: (&str, &str) = ("<!-- tools -->", "<!-- /tools -->");

/// Arguments of `docs`.
#[derive(Debug, Args)]
pub(super) struct DocsArgs {
    /// What to print.
    #[arg(value_enum, default_value_t)]
    document: Document,
    /// Write all of it into the repository in the working directory instead.
    #[arg(long)]
    write: bool,
}

/// A generated document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Document {
    /// Every tool with its arguments and the fields of its answer.
    #[default]
    Tools,
    /// Every key of the configuration with its variables and its flag.
    Configuration,
    /// Every health rule with its threshold and its source.
    Health,
}

/// The reference of all tools, as Markdown.
pub fn tool_reference() -> String {
    tools::reference()
}

/// The reference of all configuration keys, as Markdown.
pub fn configuration_reference() -> String {
    configuration::reference()
}

/// The reference of all health rules, as Markdown.
pub fn health_reference() -> String {
    health::reference()
}

/// A README with its table of tools as the code has it now; `None` without the marks.
pub fn readme(text: &str) -> Option<String> {
    between(text, TOOLS_MARK, &tools::overview())
}

/// Text with what stands between the marks replaced.
fn between(text: &str, (open, close): (&str, &str), new: &str) -> Option<String> {
    let (before, rest) = text.split_once(open)?;
    let (_, after) = rest.split_once(close)?;
    Some(format!("{before}{open}\n{new}{close}{after}"))
}

pub(super) fn run(args: &DocsArgs) -> Result<ExitCode, CliError> {
    if !args.write {
        match args.document {
            Document::Tools => say_text!("{}", tool_reference()),
            Document::Configuration => say_text!("{}", configuration_reference()),
            Document::Health => say_text!("{}", health_reference()),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let old = read("README.md")?;
    let new = readme(&old).ok_or_else(|| {
        let (open, close) = TOOLS_MARK;
        CliError::Usage(format!("`README.md` has no `{open}` and `{close}`"))
    })?;
    write("README.md", &new)?;
    write("docs/tools.md", &tool_reference())?;
    write("docs/configuration.md", &configuration_reference())?;
    write("docs/health.md", &health_reference())?;
    Ok(ExitCode::SUCCESS)
}

fn read(path: &str) -> Result<String, CliError> {
    std::fs::read_to_string(path).map_err(|e| CliError::Failed(format!("`{path}`: {e}")))
}

fn write(path: &str, text: &str) -> Result<(), CliError> {
    if Path::new(path).exists() && read(path)? == text {
        say!("{path} is in date");
        return Ok(());
    }
    std::fs::write(path, text).map_err(|e| CliError::Failed(format!("`{path}`: {e}")))?;
    say!("{path} is written");
    Ok(())
}

/// Rows as a Markdown table; columns that are empty in every row are left out.
fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let filled: Vec<usize> = (0..N)
        .filter(|column| rows.iter().any(|row| !row[*column].is_empty()))
        .collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let cells: Vec<_> = cells.collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let mut text = line(&mut filled.iter().map(|column| head[*column]));
    text.push_str(&line(&mut filled.iter().map(|_| "---")));
    for row in rows {
        let cells: Vec<_> = filled.iter().map(|column| cell(&row[*column])).collect();
        text.push_str(&line(&mut cells.iter().map(String::as_str)));
    }
    text
}

/// Text that stays within its cell.
fn cell(text: &str) -> String {
    let words: Vec<_> = text.split_whitespace().collect();
    words.join(" ").replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_marks_is_replaced() {
        let text = "a\n<!-- tools -->\nold\n<!-- /tools -->\nb";
        assert_eq!(
            between(text, TOOLS_MARK, "new\n").as_deref(),
            Some("a\n<!-- tools -->\nnew\n<!-- /tools -->\nb")
        );
        assert_eq!(between("no marks", TOOLS_MARK, "new"), None);
        assert_eq!(between("<!-- tools --> no end", TOOLS_MARK, "new"), None);
    }

    #[test]
    fn a_table_has_no_empty_columns_and_no_broken_cells() {
        let rows = [
            ["a".into(), String::new(), "one | two\nthree".into()],
            ["b".into(), String::new(), String::new()],
        ];
        assert_eq!(
            table(["x", "y", "z"], &rows),
            "| x | z |\n| --- | --- |\n| a | one \\| two three |\n| b |  |\n"
        );
    }
}
