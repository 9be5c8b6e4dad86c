//! `call`: one tool from the shell. Each tool is a subcommand made from its schema.

use super::{CliError, Common, OutputFormat, Session, colour};
use crate::problem::{Error, Problem};
use crate::progress::{Pulse, words};
use crate::schema::CLUSTER;
use crate::tool::{JsonObject, ToolDef};
use clap::builder::PossibleValuesParser;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};
use kafkaweave_core::model::ScanProgress;
use kafkaweave_core::near::near;
use serde_json::{Value, json};
use std::io::IsTerminal;
use std::process::ExitCode;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Arguments of `call`: a tool, and its arguments as flags or as one JSON object.
#[derive(Debug)]
pub struct CallArgs {
    tool: String,
    arguments: JsonObject,
    json: Option<String>,
    output: OutputFormat,
}

const JSON: &str = "json";
const OUTPUT: &str = "output";

impl Args for CallArgs {
    fn augment_args(command: Command) -> Command {
        command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand_value_name("TOOL")
            .subcommand_help_heading("Tools")
            .disable_help_subcommand(true)
            .subcommands(crate::tools::all().map(subcommand))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

fn subcommand(tool: &'static ToolDef) -> Command {
    let schema = (tool.input_schema)();
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    let flags = properties
        .into_iter()
        .filter(|(name, _)| name != CLUSTER)
        .map(|(name, property)| {
            let needed = required.contains(&name.as_str());
            flag(name, &property, needed)
        });
    let json = Arg::new(JSON)
        .long("json")
        .value_name("OBJECT")
        .help("All arguments as one JSON object")
        .value_parser(value_parser!(String));
    let output = Arg::new(OUTPUT)
        .long("output")
        .value_name("FORMAT")
        .default_value("text")
        .value_parser(value_parser!(OutputFormat))
        .help("Format of the answer");
    Command::new(tool.name)
        .about((tool.description)())
        .after_help((tool.detail)())
        .args(flags)
        .arg(json)
        .arg(output)
}

fn flag(name: String, property: &Value, needed: bool) -> Arg {
    let kind = property
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or("string");
    let mut help = property
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_string();
    if let (Some(low), Some(high)) = (property.get("minimum"), property.get("maximum")) {
        help.push_str(&format!(" [{low} to {high}]"));
    }
    if let Some(default) = property.get("default") {
        help.push_str(&format!(" [default: {default}]"));
    }
    let long = name.replace('_', "-");
    let arg = Arg::new(name)
        .long(long.clone())
        .alias_if_different(&long)
        .help(help.trim().to_string());
    let values = property.get("enum").and_then(Value::as_array);
    let arg = match (kind, values) {
        ("boolean", _) => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(["true", "false"])
            .value_name("BOOL"),
        (_, Some(values)) => {
            let names: Vec<String> = values
                .iter()
                .filter_map(Value::as_str)
                .map(String::from)
                .collect();
            arg.value_parser(PossibleValuesParser::new(names))
        }
        ("array", None) => arg
            .action(ArgAction::Append)
            .value_parser(value_parser!(String))
            .allow_hyphen_values(true),
        // Kafka's times before now and negative numbers begin with a hyphen.
        _ => arg
            .value_parser(value_parser!(String))
            .allow_hyphen_values(true),
    };
    if needed {
        arg.required_unless_present(JSON)
    } else {
        arg
    }
}

/// All tools begin alike, so clap finds most of them similar to a mistyped one: the nearest three
/// are told.
pub(super) fn nearest_tools(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(wanted)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let near = near(wanted, crate::tools::all().map(|t| t.name), 3);
    if near.is_empty() {
        return error;
    }
    let near = near.into_iter().map(String::from).collect();
    error.insert(
        ContextKind::SuggestedSubcommand,
        ContextValue::Strings(near),
    );
    error
}

/// `payload_bytes` is found as `--payload-bytes` and as `--payload_bytes`.
trait Alias {
    fn alias_if_different(self, long: &str) -> Self;
}

impl Alias for Arg {
    fn alias_if_different(self, long: &str) -> Self {
        if long.contains('-') {
            self.alias(long.replace('-', "_"))
        } else {
            self
        }
    }
}

impl FromArgMatches for CallArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Some((tool, matches)) = matches.subcommand() else {
            return Err(clap::Error::new(clap::error::ErrorKind::MissingSubcommand));
        };
        let definition = crate::tools::all().find(|t| t.name == tool);
        let schema = definition.map(|t| (t.input_schema)()).unwrap_or_default();
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .cloned()
            .unwrap_or_default();
        let mut arguments = JsonObject::new();
        for (name, property) in properties.iter().filter(|(name, _)| *name != CLUSTER) {
            let Some(values) = matches.get_raw(name) else {
                continue;
            };
            let values: Vec<String> = values.map(|v| v.to_string_lossy().into_owned()).collect();
            let value = match (
                property.get("type").and_then(Value::as_str),
                values.as_slice(),
            ) {
                (Some("array"), _) => list(property, &values),
                (_, [only]) => json!(only),
                _ => continue,
            };
            arguments.insert(name.clone(), value);
        }
        Ok(Self {
            tool: tool.to_string(),
            arguments,
            json: matches.get_one::<String>(JSON).cloned(),
            output: matches
                .get_one::<OutputFormat>(OUTPUT)
                .copied()
                .unwrap_or_default(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// Numbers may be written `0,2,5`; texts may hold commas.
fn list(property: &Value, values: &[String]) -> Value {
    let numbers = property
        .pointer("/items/type")
        .is_some_and(|t| t == "integer");
    let split = |v: &String| {
        if numbers {
            v.split(',').map(|p| json!(p.trim())).collect()
        } else {
            vec![json!(v)]
        }
    };
    Value::Array(values.iter().flat_map(split).collect())
}

pub(super) async fn run(common: &Common, args: CallArgs) -> Result<ExitCode, CliError> {
    let mut arguments = match &args.json {
        None => JsonObject::new(),
        Some(text) => serde_json::from_str(text)
            .map_err(|e| CliError::Usage(format!("--json is no JSON object: {e}")))?,
    };
    arguments.extend(args.arguments);
    let session = Session::start(common, &args.tool).await?;
    let cancel = CancellationToken::new();
    let progress = Arc::new(ScanProgress::default());
    let call =
        session
            .dispatcher
            .watched(&args.tool, arguments, cancel.clone(), Arc::clone(&progress));
    let call = shown(call, &progress);
    let interrupted = async {
        // Without a handler the process would end at once and leave a sandbox's clients hanging.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        cancel.cancel();
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = call => result,
        () = interrupted => Err(Error::Cancelled),
    };
    session.stop().await;
    Ok(print(result.map_err(|e| Problem::from(&e)), args.output))
}

/// Runs a call; on a terminal a long read says on standard error how far it has come.
async fn shown<T>(call: impl Future<Output = T>, progress: &ScanProgress) -> T {
    if !std::io::stderr().is_terminal() {
        return call.await;
    }
    let mut begun = false;
    tokio::pin!(call);
    let mut pulse = Pulse::new();
    let result = loop {
        tokio::select! {
            biased;
            result = &mut call => break result,
            standing = pulse.next(progress) => {
                // The line before is overwritten, and what is left of it cleared.
                eprint!("\r{}\x1b[K", words(&standing));
                begun = true;
            }
        }
    };
    if begun {
        eprint!("\r\x1b[K");
    }
    result
}

fn print(result: Result<crate::tool::Reply, Problem>, output: OutputFormat) -> ExitCode {
    match (result, output) {
        (Ok(reply), OutputFormat::Json) => {
            say!("{:#}", reply.structured);
            ExitCode::SUCCESS
        }
        (Ok(reply), OutputFormat::Text) => {
            let text = if colour::wanted() {
                colour::paint(&reply.text)
            } else {
                reply.text
            };
            say!("{text}");
            ExitCode::SUCCESS
        }
        (Err(problem), output) => {
            if output == OutputFormat::Json {
                say!("{:#}", json!({"error": problem}));
            }
            eprintln!("error: {}", problem.text());
            ExitCode::from(
                if problem.code == "bad_argument" || problem.code == "unknown_cluster" {
                    2
                } else {
                    1
                },
            )
        }
    }
}
