//! The dispatcher, in this process and behind the real transports: arguments of every kind, bounds,
//! the audit line, cancellation, and that nothing blocks the rest.
//!
//! Brokers are the sandbox, whose faults can be chosen; that answers are true is told by `truth`, on
//! a real cluster.

mod arguments;
mod audit;
mod bounds;
mod cancel;
mod malformed;
mod ping;

use kafkaweave::clusters::{Cluster, Clusters};
use kafkaweave::dispatch::{Bounds, Dispatcher};
use kafkaweave::problem::{Error, Problem};
use kafkaweave::surface::{Selection, Surface};
use kafkaweave::tool::Reply;
use kafkaweave::tools;
use kafkaweave_client::profile::Profile;
use kafkaweave_sandbox::{Options, Sandbox};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// A sandbox at rest.
async fn sandbox() -> Sandbox {
    let options = Options {
        traffic: false,
        ..Options::default()
    };
    Sandbox::start(options).await.unwrap()
}

/// All tools on that sandbox.
fn tools_on(sandbox: &Sandbox) -> Dispatcher {
    let bootstrap = || sandbox.bootstrap().split(',').map(String::from).collect();
    let cluster = |name: &str| Cluster::new(Profile::new(name, bootstrap()), true);
    let clusters = [cluster("sandbox"), cluster("copy")];
    let clusters = Arc::new(Clusters::new(clusters, Some("sandbox".into())));
    let all = Selection {
        toolsets: Some(vec!["all".into()]),
        ..Selection::default()
    };
    let surface = Surface::choose(tools::all(), &all).unwrap();
    Dispatcher::new(Arc::new(surface), clusters, Bounds::default())
}

/// One call to its end.
async fn call(dispatcher: &Dispatcher, tool: &str, arguments: Value) -> Result<Reply, Error> {
    let Value::Object(arguments) = arguments else {
        panic!("arguments are an object")
    };
    let never = CancellationToken::new();
    dispatcher.call(tool, arguments, never).await
}

/// Arguments with which a tool answers on the sandbox.
fn sound(tool: &str) -> Value {
    match tool {
        "kafka_topic_describe" | "kafka_record_read" | "kafka_record_sample" => {
            json!({"topic": "payments"})
        }
        "kafka_record_search" => json!({"topic": "payments", "where": ["key contains P"]}),
        "kafka_group_describe" => json!({"group": "billing"}),
        "kafka_config_describe" => json!({"kind": "topic", "name": "payments"}),
        "kafka_group_watch" => json!({"seconds": 1}),
        "kafka_topic_compare" => json!({"left": "payments", "right": "orders"}),
        "kafka_producer_list" => json!({"topic": "payments"}),
        "kafka_transaction_describe" => json!({"transactional_id": "payments-1"}),
        "kafka_cluster_compare" => json!({"other": "copy"}),
        _ => json!({}),
    }
}

/// Answered, or told that the sandbox does not offer what it takes.
fn answered(result: &Result<Reply, Error>) -> bool {
    match result {
        Ok(_) => true,
        Err(error) => Problem::from(error).code == "not_offered",
    }
}

/// A fault of ours, whatever was asked.
fn is_defect(error: &Error) -> bool {
    matches!(error, Error::Panicked | Error::Render(_)) || Problem::from(error).code == "internal"
}
