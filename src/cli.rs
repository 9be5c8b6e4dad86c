//! The command line: the same dispatcher, for people and scripts.
//!
//! Exit codes: 0 answered (gaps are printed), 1 the answer is an error or a check failed, 2 the
//! command line or the configuration is wrong. Only this module prints.

#![expect(
    clippy::print_stderr,
    reason = "complaining is what a command line is for"
)]

/// Prints a line. A reader that went away (`| head`) is no failure of ours. In one piece: standard
/// output would write each line of a long answer by itself.
macro_rules! say {
    ($($part:tt)*) => {{
        use std::io::Write;
        let mut text = format!($($part)*);
        text.push('\n');
        let _ = std::io::stdout().write_all(text.as_bytes());
    }};
}

/// The same without a line break.
macro_rules! say_text {
    ($($part:tt)*) => {{
        use std::io::Write;
        let _ = write!(std::io::stdout(), $($part)*);
    }};
}

pub mod call;
mod colour;
mod config;
pub mod docs;
mod doctor;
mod sandbox;
mod serve;
mod tools;

use crate::clusters::{Cluster, Clusters};
use crate::config::{Config, ConfigError, Flags, Sources, load};
use crate::dispatch::{Bounds, Dispatcher};
use crate::sampling::Sampling;
use crate::surface::{DEFAULT_TOOLSETS, Selection, Surface};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use kafkaweave_client::profile::{Environment, Profile};
use kafkaweave_sandbox::Sandbox;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

/// Ask live Apache Kafka clusters, from an assistant (MCP) or from a shell.
#[derive(Debug, Parser)]
#[command(name = "kafkaweave", version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  kafkaweave call kafka_cluster_health --bootstrap localhost:9092
  kafkaweave call kafka_group_lag --group billing --bootstrap localhost:9092
  kafkaweave call kafka_record_search --sandbox --topic payments --where '$.amount_cents > 15000'
  kafkaweave serve --sandbox                       MCP over stdio with a demo cluster
  claude mcp add kafka -- kafkaweave serve --bootstrap localhost:9092
  kafkaweave doctor --bootstrap localhost:9092     which step of connecting fails, and why

Exit codes: 0 answered, 1 failed, 2 wrong usage or configuration.";

/// Options of all commands.
#[derive(Debug, Args)]
struct Common {
    /// Configuration file; without it the usual places are looked at.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "KAFKAWEAVE_CONFIG",
        help_heading = "Configuration"
    )]
    config: Option<PathBuf>,
    /// Start the in-memory demo cluster inside and use it.
    #[arg(long, global = true, help_heading = "Configuration")]
    sandbox: bool,
    /// What is logged to standard error, e.g. debug or warn,audit=info.
    #[arg(
        long,
        global = true,
        value_name = "FILTER",
        env = "KAFKAWEAVE_LOG",
        help_heading = "Configuration"
    )]
    log: Option<String>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP to an assistant, over stdio or HTTP.
    Serve(serve::ServeArgs),
    /// Run one tool and print its answer.
    Call(call::CallArgs),
    /// List tools, or show one with its arguments.
    Tools(tools::ToolsArgs),
    /// Check each cluster step by step: DNS, TCP, TLS, SASL, rights.
    Doctor(doctor::DoctorArgs),
    /// Run the in-memory demo cluster for any Kafka client.
    Sandbox(sandbox::SandboxArgs),
    /// Show the effective configuration, or the schema of the file.
    Config(config::ConfigArgs),
    /// Print the reference of tools or of the configuration as Markdown.
    Docs(docs::DocsArgs),
    /// Print shell completions.
    Completions {
        /// Shell.
        shell: clap_complete::Shell,
    },
}

/// Format of answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// The structured answer.
    Json,
}

/// What went wrong before or outside of a tool.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The usage is wrong.
    #[error("{0}")]
    Usage(String),
    /// Something could not be done.
    #[error("{0}")]
    Failed(String),
}

impl Cli {
    /// Reads a command line.
    ///
    /// # Errors
    /// What is wrong with it, or the help that was asked for.
    pub fn read(
        words: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        Self::try_parse_from(words).map_err(call::nearest_tools)
    }
}

/// Runs the command line to its end.
pub async fn run(cli: Cli) -> ExitCode {
    let serving = matches!(cli.command, Command::Serve(_));
    if let Err(error) = log(cli.common.log.as_deref(), serving) {
        eprintln!("error: {error}");
        return ExitCode::from(2);
    }
    let result = match cli.command {
        Command::Serve(args) => serve::run(&cli.common, args).await,
        Command::Call(args) => call::run(&cli.common, args).await,
        Command::Tools(args) => tools::run(&cli.common, &args),
        Command::Doctor(args) => doctor::run(&cli.common, &args).await,
        Command::Sandbox(args) => sandbox::run(&args).await,
        Command::Config(args) => config::run(&cli.common, &args),
        Command::Docs(args) => docs::run(&args),
        Command::Completions { shell } => {
            clap_complete::generate(
                shell,
                &mut Cli::command(),
                "kafkaweave",
                &mut std::io::stdout(),
            );
            Ok(ExitCode::SUCCESS)
        }
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::from(if matches!(error, CliError::Failed(_)) {
            1
        } else {
            2
        })
    })
}

/// Logs go to standard error only. Serving writes one audit line a call; everything else is quiet.
fn log(filter: Option<&str>, serving: bool) -> Result<(), CliError> {
    use std::io::IsTerminal;
    let default = if serving {
        "warn,rmcp=error,audit=info"
    } else {
        "error"
    };
    let filter = tracing_subscriber::EnvFilter::try_new(filter.unwrap_or(default))
        .map_err(|e| CliError::Usage(format!("--log: {e}")))?;
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    // A panic's message may quote what it stumbled over; the place is enough to mend it.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        tracing::error!(place, "panic");
    }));
    Ok(())
}

/// A configured process: its dispatcher, and the sandbox that must outlive it.
struct Session {
    dispatcher: Arc<Dispatcher>,
    config: Config,
    sandbox: Option<Sandbox>,
}

impl Session {
    /// For a single call to `tool`, which is offered whatever its toolset.
    async fn start(common: &Common, tool: &str) -> Result<Self, CliError> {
        Self::with(common, |_| None, Some(tool)).await
    }

    /// For serving: groups are looked at between calls.
    async fn serve(common: &Common) -> Result<Self, CliError> {
        Self::with(common, |config| Sampling::of(&config.sampling), None).await
    }

    async fn with(
        common: &Common,
        sampling: fn(&Config) -> Option<Sampling>,
        tool: Option<&str>,
    ) -> Result<Self, CliError> {
        let config = common.load()?;
        let sampling = sampling(&config);
        let sandbox = common.start_sandbox().await?;
        let mut clusters: Vec<Cluster> = config
            .profiles()
            .into_iter()
            .map(|p| Cluster::new(p, false).sampled(sampling))
            .collect();
        let mut default = config.default_cluster.clone();
        if let Some(sandbox) = &sandbox {
            let cluster = Cluster::new(sandbox_profile(sandbox), true).sampled(sampling);
            clusters.insert(0, cluster);
            default = Some("sandbox".into());
        }
        let clusters = Arc::new(Clusters::new(clusters, default));
        let surface = Arc::new(common.surface(&config, tool)?);
        let bounds = Bounds {
            call_timeout: Duration::from_millis(config.limits.call_timeout_ms),
            concurrent_calls: config.limits.max_concurrent_calls,
            answer_bytes: config.limits.max_answer_bytes,
        };
        Ok(Self {
            dispatcher: Arc::new(Dispatcher::new(surface, clusters, bounds)),
            config,
            sandbox,
        })
    }

    async fn stop(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.shutdown().await;
        }
    }
}

/// How to reach a sandbox.
fn sandbox_profile(sandbox: &Sandbox) -> Profile {
    let bootstrap = sandbox.bootstrap().split(',').map(String::from).collect();
    let mut profile = Profile::new("sandbox", bootstrap);
    profile.environment = Environment::Dev;
    profile
}

impl Common {
    /// The sandbox, where it is asked for.
    async fn start_sandbox(&self) -> Result<Option<Sandbox>, CliError> {
        if !self.sandbox {
            return Ok(None);
        }
        let started = Sandbox::start(kafkaweave_sandbox::Options::default()).await;
        started
            .map(Some)
            .map_err(|e| CliError::Failed(format!("the sandbox cannot start: {e}")))
    }

    fn load(&self) -> Result<Config, CliError> {
        let sources = Sources {
            file: self.config.clone(),
            environment: std::env::vars().collect(),
            flags: self.flags.clone(),
            directory: PathBuf::new(),
        };
        let config = load(&sources)?;
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        Ok(config)
    }

    /// `also`: a tool that a person named, whose toolset need not be chosen besides.
    fn surface(&self, config: &Config, also: Option<&str>) -> Result<Surface, CliError> {
        let mut selection = Selection {
            toolsets: config.toolsets.clone(),
            tools: config.tools.clone(),
            read_only: config.read_only,
        };
        if let Some(name) = also.filter(|name| crate::tools::all().any(|t| t.name == *name)) {
            if selection.toolsets.is_none() && selection.tools.is_none() {
                let default = DEFAULT_TOOLSETS.iter().map(|set| (*set).to_owned());
                selection.toolsets = Some(default.collect());
            }
            let tools = selection.tools.get_or_insert_default();
            tools.push(name.to_owned());
        }
        Surface::choose(crate::tools::all(), &selection).map_err(CliError::Usage)
    }
}
