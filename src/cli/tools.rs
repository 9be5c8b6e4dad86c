//! `tools`: what exists, and one tool with its arguments.

use super::{CliError, Common, OutputFormat, colour};
use crate::server::describe;
use crate::table::Table;
use clap::Args;
use kafkaweave_core::near::near;
use std::process::ExitCode;

/// Arguments of `tools`.
#[derive(Debug, Args)]
pub(super) struct ToolsArgs {
    /// Show this tool as a client sees it.
    tool: Option<String>,
    /// Format.
    #[arg(long, value_enum, default_value_t)]
    output: OutputFormat,
}

pub(super) fn run(common: &Common, args: &ToolsArgs) -> Result<ExitCode, CliError> {
    let surface = common.surface(&common.load()?, None)?;
    if let Some(name) = &args.tool {
        let Some(tool) = crate::tools::all().find(|t| t.name == name) else {
            let near = near(name, crate::tools::all().map(|t| t.name), 3);
            let nearest = if near.is_empty() {
                String::new()
            } else {
                format!("; nearest: {}", near.join(", "))
            };
            return Err(CliError::Usage(format!(
                "tool `{name}` does not exist{nearest}"
            )));
        };
        let described = serde_json::to_value(describe(tool, true))
            .map_err(|e| CliError::Failed(e.to_string()))?;
        say!("{described:#}");
        return Ok(ExitCode::SUCCESS);
    }
    if args.output == OutputFormat::Json {
        let tools: Vec<_> = surface.on().iter().map(|t| describe(t, true)).collect();
        let tools = serde_json::to_value(tools).map_err(|e| CliError::Failed(e.to_string()))?;
        say!("{tools:#}");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(["tool", "toolset", "effect", "description", "off because"]);
    let on = surface.on().iter().map(|t| (*t, ""));
    for (tool, off) in on.chain(surface.off().iter().map(|(t, why)| (*t, *why))) {
        let effect = format!("{:?}", tool.effect).to_lowercase();
        table.row([
            tool.name.into(),
            tool.toolset.into(),
            effect,
            (tool.description)().into(),
            off.into(),
        ]);
    }
    let text = table.render();
    say!(
        "{}",
        if colour::wanted() {
            colour::paint(&text)
        } else {
            text
        }
    );
    Ok(ExitCode::SUCCESS)
}
