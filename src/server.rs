//! The MCP face of the dispatcher, for both protocol eras.
//!
//! Besides `tools` this is the only part that speaks in `rmcp`'s types. Answers to `initialize`,
//! `server/discover` and `tools/list` are made at start and need no cluster.

pub mod http;
mod progress;
pub mod stdio;

use crate::dispatch::Dispatcher;
use crate::problem::{Error, Problem};
use crate::schema;
use crate::tool::{Effect, ToolDef};
use kafkaweave_core::model::ScanProgress;
use rmcp::model::{
    CacheScope, CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock,
    CustomRequest, CustomResult, DiscoverResult, ErrorCode, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use std::sync::Arc;

/// Facts about this server for a model, most useful first; hosts cut at 2,048 characters.
pub const INSTRUCTIONS: &str = include_str!("server/instructions.md");

/// How long a client may keep the list of tools: it does not change within a process.
const LIST_TTL_MS: u64 = 3_600_000;

/// An MCP server over a dispatcher. Cloning is cheap: the HTTP transport clones per request.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    dispatcher: Arc<Dispatcher>,
    tools: Vec<Tool>,
}

impl Server {
    /// A server that offers the dispatcher's tools; `output_schemas` adds the schemas of answers.
    pub fn new(dispatcher: Arc<Dispatcher>, output_schemas: bool) -> Self {
        let tools = dispatcher
            .surface()
            .on()
            .iter()
            .map(|tool| describe(tool, output_schemas))
            .collect();
        Self(Arc::new(Inner { dispatcher, tools }))
    }

    /// The tools as a client lists them.
    pub fn tools(&self) -> &[Tool] {
        &self.0.tools
    }
}

/// A tool as a client lists it.
pub fn describe(tool: &ToolDef, output_schema: bool) -> Tool {
    let annotations = ToolAnnotations::new()
        .read_only(tool.effect == Effect::Read)
        .destructive(tool.effect == Effect::Destroy)
        .idempotent(tool.effect == Effect::Read)
        .open_world(true);
    let mut described = Tool::new(
        tool.name,
        (tool.description)(),
        Arc::new(schema::listed_input((tool.input_schema)())),
    )
    .with_title(tool.title)
    .with_annotations(annotations);
    if output_schema {
        described = described
            .with_raw_output_schema(Arc::new(schema::listed_output(&(tool.output_schema)())));
    }
    described
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().build();
        let mut server_info = Implementation::new("kafkaweave", env!("CARGO_PKG_VERSION"));
        server_info.title = Some("kafkaweave".into());
        server_info.description = Some(env!("CARGO_PKG_DESCRIPTION").into());
        server_info.website_url = Some(env!("CARGO_PKG_REPOSITORY").into());
        ServerConfig::new(capabilities)
            .with_server_info(server_info)
            .with_instructions(INSTRUCTIONS)
    }

    async fn discover(
        &self,
        _context: RequestContext<RoleServer>,
    ) -> Result<DiscoverResult, ErrorData> {
        let versions = self.supported_protocol_versions().into_owned();
        let mut result = DiscoverResult::from_server_info(versions, self.get_info());
        result.ttl_ms = LIST_TTL_MS;
        result.cache_scope = CacheScope::Public;
        Ok(result)
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        if request.is_some_and(|r| r.cursor.is_some()) {
            return Err(ErrorData::invalid_params(
                "cursor is none that this server gave; tools/list has one page",
                None,
            ));
        }
        let mut result = ListToolsResult::with_all_items(self.0.tools.clone());
        result.ttl_ms = Some(LIST_TTL_MS);
        result.cache_scope = Some(CacheScope::Public);
        Ok(result)
    }

    /// Where requests end that fit no known form. One with a known name has wrong parameters, and
    /// saying that its method does not exist would send people the wrong way.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        let form = match request.method.as_str() {
            "tools/call" => "{\"name\": TOOL, \"arguments\": {...}}",
            "tools/list" => "{\"cursor\": TEXT}, or none",
            "initialize" => {
                "{\"protocolVersion\": TEXT, \"capabilities\": {...}, \"clientInfo\": {...}}"
            }
            _ => {
                let name: String = request.method.chars().take(64).collect();
                return Err(ErrorData::new(
                    ErrorCode::METHOD_NOT_FOUND,
                    format!("method `{name}` does not exist here"),
                    None,
                ));
            }
        };
        Err(ErrorData::invalid_params(
            format!("the parameters of `{}` are {form}", request.method),
            None,
        ))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let token = context.meta.get_progress_token();
        let progress = Arc::new(ScanProgress::default());
        let call =
            self.0
                .dispatcher
                .watched(&request.name, arguments, context.ct, Arc::clone(&progress));
        let outcome = match token {
            Some(token) => progress::told(call, &progress, token, &context.peer).await,
            None => call.await,
        };
        let result = match outcome {
            Ok(reply) => {
                let mut result = CallToolResult::success(vec![ContentBlock::text(reply.text)]);
                result.structured_content = Some(reply.structured);
                result
            }
            // The specification makes an unknown tool a protocol error; the names travel in it.
            Err(error @ Error::Tool { .. }) => {
                return Err(ErrorData::invalid_params(
                    Problem::from(&error).text(),
                    None,
                ));
            }
            Err(error) => {
                let problem = Problem::from(&error);
                let mut result = CallToolResult::error(vec![ContentBlock::text(problem.text())]);
                result.structured_content = serde_json::to_value(&problem).ok();
                result
            }
        };
        Ok(result.into())
    }
}
