//! kafka_cluster_list: the configured clusters. Connects to nothing.

use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use kafkaweave_client::profile::{Environment, Profile};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// kafka_cluster_list.
pub struct ListClusters;

/// No arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// One configured cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    cluster: String,
    bootstrap: Vec<String>,
    security: String,
    environment: Environment,
    /// Used when a call names no cluster.
    default: bool,
    /// In-memory demo broker, not a real cluster.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    sandbox: bool,
}

/// Configured clusters.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    clusters: Vec<Row>,
}

impl Tool for ListClusters {
    const NAME: &'static str = "kafka_cluster_list";
    const TITLE: &'static str = "List configured clusters";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "inspect";
    const CLUSTER: bool = false;
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Configured Kafka clusters: name, addresses, security, environment. Connects to none."
    }

    async fn run(cx: &Context, _input: Input) -> Result<Output, Error> {
        let default = cx.clusters.default_name();
        let row = |cluster: &std::sync::Arc<crate::clusters::Cluster>| Row {
            cluster: cluster.profile.name.clone(),
            bootstrap: cluster.profile.bootstrap.clone(),
            security: security(&cluster.profile),
            environment: cluster.profile.environment,
            default: default == Some(cluster.profile.name.as_str()),
            sandbox: cluster.sandbox,
        };
        Ok(Output {
            clusters: cx.clusters.iter().map(row).collect(),
        })
    }
}

/// Kafka's name of the security protocol, and the mechanism or that a client certificate is used.
fn security(profile: &Profile) -> String {
    let protocol = match (&profile.tls, &profile.sasl) {
        (None, None) => "PLAINTEXT",
        (Some(_), None) => "SSL",
        (None, Some(_)) => "SASL_PLAINTEXT",
        (Some(_), Some(_)) => "SASL_SSL",
    };
    let mutual = profile
        .tls
        .as_ref()
        .is_some_and(|t| t.certificate.is_some());
    let sasl = profile
        .sasl
        .as_ref()
        .map(|s| format!(" {} as {}", s.mechanism.name(), s.username));
    format!(
        "{protocol}{}{}",
        sasl.unwrap_or_default(),
        if mutual { " mTLS" } else { "" }
    )
}

impl Answer for Output {
    fn text(&self) -> String {
        if self.clusters.is_empty() {
            return "no cluster is configured".into();
        }
        let mut table = Table::new(["cluster", "bootstrap", "security", "environment", "note"]);
        for row in &self.clusters {
            let notes = [
                (row.default, "default"),
                (row.sandbox, "in-memory sandbox, not a real cluster"),
            ];
            let note: Vec<&str> = notes
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, note)| *note)
                .collect();
            let environment = format!("{:?}", row.environment).to_lowercase();
            table.row([
                row.cluster.clone(),
                row.bootstrap.join(","),
                row.security.clone(),
                environment,
                note.join(", "),
            ]);
        }
        table.render()
    }
}
