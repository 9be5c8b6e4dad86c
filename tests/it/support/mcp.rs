//! An MCP client over every transport and era, which holds each answer to its own output schema.

use rmcp::model::{
    CallToolRequestParams, ClientConfig, ProgressNotificationParam, ProtocolVersion, Tool,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::{ConfigureCommandExt, StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt, RoleClient};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How a client talks to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// Standard input and output, `initialize`.
    StdioLegacy,
    /// Standard input and output, `server/discover`.
    StdioModern,
    /// Streamable HTTP with a session.
    HttpLegacy,
    /// Streamable HTTP without.
    HttpModern,
}

/// All of them.
pub(crate) const WIRES: [Wire; 4] = [
    Wire::StdioLegacy,
    Wire::StdioModern,
    Wire::HttpLegacy,
    Wire::HttpModern,
];

/// A tool's answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// What people and models read.
    pub(crate) text: String,
    /// Data, valid against the tool's output schema unless it is an error.
    pub(crate) data: Value,
    /// Whether the tool failed.
    pub(crate) is_error: bool,
}

/// A client that remembers what it is told of progress. It sends a token with each call.
#[derive(Clone, Default)]
pub(crate) struct Ears(Arc<Mutex<Vec<ProgressNotificationParam>>>);

impl ClientHandler for Ears {
    fn get_info(&self) -> ClientConfig {
        ClientConfig::default()
    }

    async fn on_progress(
        &self,
        notice: ProgressNotificationParam,
        _context: NotificationContext<RoleClient>,
    ) {
        self.0.lock().expect("no panic").push(notice);
    }
}

/// A connected client, and the server process that it talks to.
pub(crate) struct Client {
    service: RunningService<RoleClient, Ears>,
    ears: Ears,
    id: Option<u32>,
    tools: BTreeMap<String, Tool>,
    _server: Option<Child>,
}

/// The product's binary.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_kafkaweave");

/// A command that inherits no configuration from the machine it runs on.
pub(crate) fn product(args: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command
        .args(args)
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .env("HOME", "/nonexistent")
        .kill_on_drop(true);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KAFKAWEAVE_")) {
        command.env_remove(name);
    }
    command.current_dir(std::env::temp_dir());
    command
}

impl Client {
    /// Starts a server with these arguments of `serve` and connects to it.
    pub(crate) async fn start(wire: Wire, args: &[&str]) -> Self {
        Self::start_with(wire, args, &[]).await
    }

    /// The same with environment variables.
    pub(crate) async fn start_with(wire: Wire, args: &[&str], variables: &[(&str, &str)]) -> Self {
        let mode = match wire {
            Wire::StdioLegacy | Wire::HttpLegacy => ClientLifecycleMode::Initialize,
            Wire::StdioModern | Wire::HttpModern => ClientLifecycleMode::Discover {
                preferred_versions: vec![ProtocolVersion::V_2026_07_28],
            },
        };
        let variables: Vec<(String, String)> = variables
            .iter()
            .map(|(k, v)| ((*k).into(), (*v).into()))
            .collect();
        let ears = Ears::default();
        let id;
        let (service, server) = match wire {
            Wire::StdioLegacy | Wire::StdioModern => {
                let args: Vec<&str> = ["serve", "stdio"]
                    .into_iter()
                    .chain(args.iter().copied())
                    .collect();
                let command = product(&args).configure(|c| {
                    c.envs(variables);
                });
                let (transport, _) = TokioChildProcess::builder(command)
                    .stderr(Stdio::null())
                    .spawn()
                    .expect("the server starts");
                id = transport.id();
                (
                    ears.clone()
                        .serve_with_lifecycle(transport, mode)
                        .await
                        .expect("the client connects"),
                    None,
                )
            }
            Wire::HttpLegacy | Wire::HttpModern => {
                let (child, url) = serve_http(args, &variables).await;
                id = child.id();
                let transport = StreamableHttpClientTransport::from_uri(url);
                let service = ears
                    .clone()
                    .serve_with_lifecycle(transport, mode)
                    .await
                    .expect("the client connects");
                (service, Some(child))
            }
        };
        let tools = service.list_all_tools().await.expect("tools are listed");
        let tools = tools
            .into_iter()
            .map(|tool| (tool.name.to_string(), tool))
            .collect();
        Self {
            service,
            ears,
            id,
            tools,
            _server: server,
        }
    }

    /// The tools as listed.
    pub(crate) fn tools(&self) -> &BTreeMap<String, Tool> {
        &self.tools
    }

    /// Process id of the server.
    pub(crate) fn id(&self) -> u32 {
        self.id.expect("the server runs")
    }

    /// What it was told of progress so far.
    pub(crate) fn heard(&self) -> Vec<ProgressNotificationParam> {
        self.ears.0.lock().expect("no panic").clone()
    }

    /// The running client.
    pub(crate) fn service(&self) -> &RunningService<RoleClient, Ears> {
        &self.service
    }

    /// Calls a tool, whatever comes of it. A good answer must be valid against the output schema.
    pub(crate) async fn try_call(&self, tool: &str, arguments: Value) -> Answer {
        let Value::Object(arguments) = arguments else {
            panic!("arguments are an object")
        };
        let request = CallToolRequestParams::new(tool.to_string()).with_arguments(arguments);
        let result = self
            .service
            .call_tool(request)
            .await
            .expect("the call is answered");
        let text = result
            .content
            .iter()
            .filter_map(|c| c.as_text().map(|t| t.text.clone()))
            .collect::<Vec<_>>()
            .join("\n");
        let answer = Answer {
            text,
            data: result.structured_content.clone().unwrap_or(Value::Null),
            is_error: result.is_error == Some(true),
        };
        if !answer.is_error {
            let listed = self.tools[tool]
                .output_schema
                .as_ref()
                .expect("every tool has an output schema");
            // What clients list says less than the whole; an answer holds to both.
            let whole = kafkaweave::tools::all()
                .find(|t| t.name == tool)
                .expect("a tool of the product")
                .output_schema;
            for schema in [listed.as_ref().clone(), whole()] {
                let validator = jsonschema::validator_for(&Value::Object(schema))
                    .expect("the output schema is a schema");
                let faults: Vec<String> = validator
                    .iter_errors(&answer.data)
                    .map(|e| format!("{}: {e}", e.instance_path()))
                    .collect();
                assert!(
                    faults.is_empty(),
                    "{tool}: answer against its schema: {faults:#?}\n{:#}",
                    answer.data
                );
            }
        }
        answer
    }

    /// Calls a tool that must succeed.
    pub(crate) async fn call(&self, tool: &str, arguments: Value) -> Answer {
        let answer = self.try_call(tool, arguments.clone()).await;
        assert!(!answer.is_error, "{tool} {arguments}: {}", answer.text);
        answer
    }

    /// Calls a tool that must fail.
    pub(crate) async fn refused(&self, tool: &str, arguments: Value) -> Answer {
        let answer = self.try_call(tool, arguments.clone()).await;
        assert!(
            answer.is_error,
            "{tool} {arguments} should fail: {}",
            answer.text
        );
        assert!(
            answer.data["code"].is_string() && !answer.text.is_empty(),
            "{answer:?}"
        );
        answer
    }
}

/// Starts `serve http` on a free port; the process and its URL.
pub(crate) async fn serve_http(args: &[&str], variables: &[(String, String)]) -> (Child, String) {
    let args: Vec<&str> = ["serve", "http", "--listen", "127.0.0.1:0"]
        .into_iter()
        .chain(args.iter().copied())
        .collect();
    let mut child = product(&args)
        .envs(variables.iter().cloned())
        .stderr(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the server starts");
    let stderr = child.stderr.take().expect("standard error is piped");
    let mut lines = BufReader::new(stderr).lines();
    let url = loop {
        let line = lines
            .next_line()
            .await
            .expect("standard error is text")
            .expect("the server says where it listens");
        if let Some(url) = line.strip_prefix("listening on ") {
            break url.to_string();
        }
    };
    // The pipe must not fill up.
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, url)
}

/// What `kafkaweave ARGS` prints and how it ends.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs the product to its end.
pub(crate) async fn run(args: &[&str]) -> Ran {
    run_with(args, &[]).await
}

/// Runs the product to its end with environment variables.
pub(crate) async fn run_with(args: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = product(args)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .await
        .expect("the product runs");
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// No arguments.
pub(crate) fn none() -> Value {
    json!({})
}
