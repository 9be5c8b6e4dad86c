//! The extension point: what a tool is.
//!
//! A tool is one file that implements [`Tool`]; one name in its group's [`tools!`](macro@crate::tools)
//! line registers it. Schema, annotations, command line, reference and policy class are derived.
//! Nothing here knows a transport or a protocol library.

use crate::clusters::{Cluster, Clusters};
use crate::problem::Error;
use crate::schema;
use crate::surface::Surface;
use futures::future::BoxFuture;
use kafkaweave_core::model::ScanProgress;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use std::future::Future;
use std::sync::Arc;
use tokio::time::Instant;

/// A JSON object.
pub type JsonObject = Map<String, Value>;

/// What a tool may do to the world. In doubt, the stronger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing.
    Read,
    /// Changes something that can be put back.
    Write,
    /// Loses something.
    Destroy,
}

/// What a running tool has at hand.
pub struct Context {
    /// The cluster that the call is about; tools with [`Tool::CLUSTER`] always have one.
    pub(crate) cluster: Option<Arc<Cluster>>,
    /// All configured clusters.
    pub clusters: Arc<Clusters>,
    /// The tools of this process.
    pub surface: Arc<Surface>,
    /// When the answer must be there. Work that can answer in part ends a little earlier.
    pub deadline: Instant,
    /// Wall clock at the start of the call, epoch ms.
    pub now_ms: i64,
    /// Where long reads tell how far they have come.
    pub progress: Arc<ScanProgress>,
}

impl Context {
    /// The cluster that the call is about.
    ///
    /// # Errors
    /// [`Error::NoCluster`] when the tool declared that it needs none.
    pub fn cluster(&self) -> Result<&Cluster, Error> {
        self.cluster.as_deref().ok_or(Error::NoCluster)
    }
}

/// A tool.
pub trait Tool: Send + Sync + 'static {
    /// `kafka_<noun>_<verb>`.
    const NAME: &'static str;
    /// Title for people.
    const TITLE: &'static str;
    /// What it may do.
    const EFFECT: Effect;
    /// The toolset it belongs to.
    const TOOLSET: &'static str;
    /// Whether a call is about one cluster; the dispatcher then adds the `cluster` argument.
    const CLUSTER: bool = true;
    /// Arguments; the type is the schema, doc comments are the parameter docs.
    type Input: DeserializeOwned + JsonSchema + Send + 'static;
    /// Structured answer.
    type Output: Answer;

    /// What it does and answers, as facts, for model and people.
    fn description() -> &'static str;

    /// What a person needs besides, as Markdown: for the reference and `--help`, not for a model.
    fn detail() -> &'static str {
        ""
    }

    /// Does it. Dropping the future stops the work.
    fn run(
        cx: &Context,
        input: Self::Input,
    ) -> impl Future<Output = Result<Self::Output, Error>> + Send;
}

/// A structured answer that can say itself in a few lines and can be cut to a size.
pub trait Answer: Serialize + JsonSchema + Send + Sync + 'static {
    /// A short aligned rendering that alone answers the question.
    fn text(&self) -> String;

    /// Rows that [`Answer::keep`] can cut.
    fn rows(&self) -> usize {
        0
    }

    /// Keeps the first `count` rows and makes the rest reachable (cursor, or what to narrow).
    fn keep(&mut self, count: usize) {
        let _ = count;
    }
}

/// What a call gives back before a protocol wraps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Rendering for people and models.
    pub text: String,
    /// The same as data.
    pub structured: Value,
}

/// A tool with its types erased to plain functions, so that tables of tools are static.
pub struct ToolDef {
    /// Name.
    pub name: &'static str,
    /// Title.
    pub title: &'static str,
    /// Effect.
    pub effect: Effect,
    /// Toolset.
    pub toolset: &'static str,
    /// Whether a call is about one cluster.
    pub cluster: bool,
    /// Description.
    pub description: fn() -> &'static str,
    /// What the reference and `--help` say besides, Markdown; mostly empty.
    pub detail: fn() -> &'static str,
    /// Schema that arguments are checked against, `cluster` included.
    pub input_schema: fn() -> JsonObject,
    /// Whole schema of the structured answer.
    pub output_schema: fn() -> JsonObject,
    /// Runs a call: arguments without `cluster`, already conforming to the schema, and the largest
    /// answer in bytes.
    pub call: for<'a> fn(&'a Context, JsonObject, usize) -> BoxFuture<'a, Result<Reply, Error>>,
}

impl ToolDef {
    /// Erases `T`.
    pub const fn of<T: Tool>() -> Self {
        Self {
            name: T::NAME,
            title: T::TITLE,
            effect: T::EFFECT,
            toolset: T::TOOLSET,
            cluster: T::CLUSTER,
            description: T::description,
            detail: T::detail,
            input_schema: || schema::input::<T::Input>(T::CLUSTER),
            output_schema: schema::output::<T::Output>,
            call: |cx, arguments, max_bytes| {
                Box::pin(async move {
                    let input = crate::arguments::read(arguments)?;
                    let output = T::run(cx, input).await?;
                    fit(output, max_bytes)
                })
            },
        }
    }
}

/// Renders an answer, cutting rows until text and data together fit into `max_bytes`.
fn fit<A: Answer>(mut answer: A, max_bytes: usize) -> Result<Reply, Error> {
    loop {
        let text = answer.text();
        let mut structured =
            serde_json::to_value(&answer).map_err(|e| Error::Render(e.to_string()))?;
        drop_nulls(&mut structured);
        let size = text.len() + structured.to_string().len();
        let rows = answer.rows();
        if size <= max_bytes {
            return Ok(Reply { text, structured });
        }
        if rows <= 1 {
            return Err(Error::TooLarge {
                size_bytes: size,
                max_bytes,
            });
        }
        answer.keep((rows * max_bytes / size).clamp(1, rows - 1));
    }
}

/// What is not known, or a null on the topic, is absent: half the tokens, and no host stumbles over
/// nullable types.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.retain(|_, v| !v.is_null());
            object.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

/// Declares the modules of a group of tools and their table, in display order.
#[macro_export]
macro_rules! tools {
    ($($module:ident :: $tool:ident),* $(,)?) => {
        $(pub mod $module;)*
        /// The tools of this group.
        pub static TOOLS: &[$crate::tool::ToolDef] = &[$($crate::tool::ToolDef::of::<$module::$tool>()),*];
    };
}
