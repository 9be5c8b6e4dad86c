//! kafka_server_tools: which tools exist, which are off, and why.

use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_server_tools.
pub struct ExplainTools;

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// One tool.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    tool: &'static str,
    toolset: &'static str,
    effect: String,
    /// Why it is off; absent when it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<&'static str>,
}

/// Tools, on and off.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    version: &'static str,
    tools: Vec<Row>,
}

impl Tool for ExplainTools {
    const NAME: &'static str = "kafka_server_tools";
    const TITLE: &'static str = "Explain available tools";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    const CLUSTER: bool = false;
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Tools that exist here, which are switched off and why."
    }

    async fn run(cx: &Context, _input: Input) -> Result<Output, Error> {
        let on = cx.surface.on().iter().map(|tool| (*tool, None));
        let off = cx
            .surface
            .off()
            .iter()
            .map(|(tool, why)| (*tool, Some(*why)));
        let row = |(tool, off): (&'static crate::tool::ToolDef, Option<&'static str>)| Row {
            tool: tool.name,
            toolset: tool.toolset,
            effect: format!("{:?}", tool.effect).to_lowercase(),
            off,
        };
        Ok(Output {
            version: env!("CARGO_PKG_VERSION"),
            tools: on.chain(off).map(row).collect(),
        })
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        let on = self.tools.iter().filter(|t| t.off.is_none()).count();
        let mut table = Table::new(["tool", "toolset", "effect", "off because"]);
        for row in &self.tools {
            table.row([
                row.tool.into(),
                row.toolset.into(),
                row.effect.clone(),
                row.off.unwrap_or_default().into(),
            ]);
        }
        format!(
            "kafkaweave {}: {on} tools on, {} off\n{}",
            self.version,
            self.tools.len() - on,
            table.render()
        )
    }
}
