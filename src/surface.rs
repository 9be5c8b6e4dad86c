//! Which tools a process offers, decided once at start.
//!
//! The newest protocol revision forbids a tool list that changes within a process, so toolsets are
//! chosen by flags and configuration and never by a call. What is off stays explainable.

use crate::tool::{Effect, ToolDef};
use kafkaweave_core::near::near;

/// Toolsets that are on unless others are chosen.
pub const DEFAULT_TOOLSETS: &[&str] = &["inspect", "plan", "guide"];

/// What the operator asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Toolsets by name, `all` for every one; `None` takes the default ones.
    pub toolsets: Option<Vec<String>>,
    /// Single tools in addition; without toolsets, only these.
    pub tools: Option<Vec<String>>,
    /// Nothing but reads, whatever else is chosen.
    pub read_only: bool,
}

/// The tools of a process, offered and not.
pub struct Surface {
    on: Vec<&'static ToolDef>,
    off: Vec<(&'static ToolDef, &'static str)>,
}

impl Surface {
    /// Chooses from `all`, keeping its order.
    ///
    /// # Errors
    /// The message for a toolset or tool that does not exist, with the nearest that does.
    pub fn choose(
        all: impl IntoIterator<Item = &'static ToolDef>,
        selection: &Selection,
    ) -> Result<Self, String> {
        let all: Vec<&'static ToolDef> = all.into_iter().collect();
        let mut toolsets: Vec<&str> = all.iter().map(|t| t.toolset).chain(["all"]).collect();
        toolsets.extend(DEFAULT_TOOLSETS);
        toolsets.dedup();
        known("toolset", selection.toolsets.as_deref(), &toolsets)?;
        let names: Vec<&str> = all.iter().map(|t| t.name).collect();
        known("tool", selection.tools.as_deref(), &names)?;
        let wants = |tool: &ToolDef| {
            let named = selection.tools.iter().flatten().any(|n| n == tool.name);
            let set = match (&selection.toolsets, &selection.tools) {
                (Some(sets), _) => sets.iter().any(|s| s == "all" || s == tool.toolset),
                (None, Some(_)) => false,
                (None, None) => DEFAULT_TOOLSETS.contains(&tool.toolset),
            };
            named || set
        };
        let (mut on, mut off) = (Vec::new(), Vec::new());
        for tool in all {
            if !wants(tool) {
                off.push((tool, "its toolset is not chosen (--toolsets)"));
            } else if selection.read_only && tool.effect != Effect::Read {
                off.push((tool, "the server is read-only (--read-only)"));
            } else {
                on.push(tool);
            }
        }
        Ok(Self { on, off })
    }

    /// Tools that are offered.
    pub fn on(&self) -> &[&'static ToolDef] {
        &self.on
    }

    /// Tools that exist and are not offered, each with the reason.
    pub fn off(&self) -> &[(&'static ToolDef, &'static str)] {
        &self.off
    }

    /// An offered tool by name.
    pub fn find(&self, name: &str) -> Option<&'static ToolDef> {
        self.on.iter().copied().find(|t| t.name == name)
    }
}

fn known(what: &str, chosen: Option<&[String]>, known: &[&str]) -> Result<(), String> {
    for name in chosen.unwrap_or_default() {
        if !known.contains(&name.as_str()) {
            let mut sorted = known.to_vec();
            sorted.sort_unstable();
            sorted.dedup();
            let nearest = near(name, sorted.iter().copied(), 1);
            let nearest = nearest
                .first()
                .map(|n| format!("; nearest: `{n}`"))
                .unwrap_or_default();
            return Err(format!(
                "{what} `{name}` does not exist{nearest}; known: {}",
                sorted.join(", ")
            ));
        }
    }
    Ok(())
}
