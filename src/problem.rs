//! From any failure to what a caller reads: the one place that adds codes, remedies and next steps.
//!
//! Errors stay facts until here. The text is short and for a model as much as for people: what
//! failed, on what, why, what to do next.

use crate::remedy;
use kafkaweave_client::kafka::KafkaError;
use kafkaweave_core::model::Missing;
use kafkaweave_core::names::NameFilterError;
use kafkaweave_core::payload::one_line;
use kafkaweave_core::search::SearchError;
use serde::Serialize;
use thiserror::Error;

/// What can go wrong in a call, as facts.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Error {
    /// An argument is unknown, missing, of the wrong type or out of range.
    #[error("argument `{path}`: {reason}")]
    Argument {
        /// JSON path of the argument, e.g. `where[1]`.
        path: String,
        /// What is wrong and what is allowed.
        reason: String,
        /// Nearest known names or values.
        near: Vec<String>,
    },
    /// No such tool, or it is switched off.
    #[error("tool `{name}` {reason}")]
    Tool {
        /// Name.
        name: String,
        /// "does not exist" or why it is off.
        reason: String,
        /// Near names.
        near: Vec<String>,
    },
    /// The named cluster is not configured, or none is named and several are.
    #[error("{reason}")]
    Cluster {
        /// What is wrong.
        reason: String,
        /// Configured names.
        known: Vec<String>,
    },
    /// A tool asked for a cluster without declaring it.
    #[error("this tool is not about one cluster")]
    NoCluster,
    /// Kafka.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// A name that the cluster does not have, with the nearest that it has.
    #[error("{error}")]
    Unknown {
        /// The fact.
        error: KafkaError,
        /// Nearest names.
        near: Vec<String>,
        /// Whether the principal may simply not be allowed to see it.
        maybe_hidden: bool,
    },
    /// Nothing of it could be had: the part of the cluster that knows did not answer.
    #[error("{what}: {}", missing.iter().map(|m| format!("{}: {}", m.what, m.why)).collect::<Vec<_>>().join("; "))]
    Incomplete {
        /// What was asked for.
        what: String,
        /// What did not answer.
        missing: Vec<Missing>,
    },
    /// A failure of the second cluster of a call.
    #[error("cluster `{cluster}`: {error}")]
    On {
        /// Configured name.
        cluster: String,
        /// The failure.
        error: Box<Error>,
    },
    /// A search condition cannot be read.
    #[error("{error}")]
    Search {
        /// The fact.
        #[from]
        error: SearchError,
    },
    /// A filter over names cannot be read.
    #[error("{error}")]
    Filter {
        /// The fact.
        #[from]
        error: NameFilterError,
    },
    /// The call took longer than its deadline.
    #[error("no answer within {after_ms} ms")]
    Deadline {
        /// The bound, ms.
        after_ms: u64,
    },
    /// Too many calls at once.
    #[error("{running} calls are running, which is the limit")]
    Busy {
        /// Calls that run.
        running: usize,
    },
    /// The caller cancelled or went away.
    #[error("cancelled")]
    Cancelled,
    /// The tool panicked: a defect of ours.
    #[error("the tool failed inside; this is a defect of kafkaweave")]
    Panicked,
    /// One row alone is larger than an answer may be.
    #[error("the answer has {size_bytes} bytes, more than the {max_bytes} allowed")]
    TooLarge {
        /// Size, bytes.
        size_bytes: usize,
        /// Bound, bytes.
        max_bytes: usize,
    },
    /// The answer could not be rendered: a defect of ours.
    #[error("the answer cannot be rendered: {0}")]
    Render(String),
}

/// A failure as a caller reads it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Problem {
    /// Stable code, snake case.
    pub code: &'static str,
    /// What failed, on what, why.
    pub message: String,
    /// Whether the same call may succeed later unchanged.
    pub retryable: bool,
    /// What to do next; at most a few short sentences.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
}

impl Problem {
    /// Code, message and hints in a few lines.
    pub fn text(&self) -> String {
        let mut text = format!("{}: {}", self.code, self.message);
        for hint in &self.hints {
            text.push('\n');
            text.push_str(hint);
        }
        text
    }
}

fn near_hint(near: &[String]) -> Option<String> {
    (!near.is_empty()).then(|| {
        format!(
            "Nearest: {}",
            near.iter()
                .map(|n| format!("`{}`", one_line(n)))
                .collect::<Vec<_>>()
                .join(", ")
        )
    })
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let message = error.to_string();
        if let Error::On { error, .. } = error {
            let message = clip(message);
            return Self {
                message,
                ..Self::from(&**error)
            };
        }
        let mut retryable = false;
        let (code, hints) = match error {
            Error::Argument { near, .. } => ("bad_argument", near_hint(near).into_iter().collect()),
            Error::Tool { near, .. } => {
                let mut hints: Vec<String> = near_hint(near).into_iter().collect();
                hints.push("kafka_server_tools lists what exists and what is off".into());
                ("unknown_tool", hints)
            }
            Error::Cluster { known, .. } => (
                "unknown_cluster",
                vec![format!(
                    "Configured: {}",
                    if known.is_empty() {
                        "none".into()
                    } else {
                        known.join(", ")
                    }
                )],
            ),
            Error::NoCluster | Error::Panicked | Error::Render(_) | Error::On { .. } => {
                ("internal", vec![])
            }
            Error::Kafka(error) => {
                retryable = error.retryable();
                (
                    kafka_code(error),
                    remedy::remedy(error).into_iter().collect(),
                )
            }
            Error::Unknown {
                error,
                near,
                maybe_hidden,
            } => {
                let mut hints: Vec<String> = near_hint(near).into_iter().collect();
                let refused = matches!(error, KafkaError::NotAuthorized { .. });
                if refused {
                    hints.push("Kafka answers so whether it exists or not".into());
                    hints.extend(remedy::remedy(error));
                } else if *maybe_hidden {
                    hints.push("Kafka hides what a principal may not describe, so missing rights look the same".into());
                }
                hints.push(match error {
                    KafkaError::UnknownGroup { .. } => "kafka_group_list shows the groups".into(),
                    KafkaError::UnknownTransactionalId { .. } => {
                        "kafka_transaction_list shows the transactional ids".into()
                    }
                    KafkaError::UnknownBroker { .. } => {
                        "kafka_cluster_describe shows the brokers".into()
                    }
                    _ => "kafka_topic_list shows the topics".to_string(),
                });
                (kafka_code(error), hints)
            }
            Error::Incomplete { .. } => {
                retryable = true;
                (
                    "incomplete",
                    vec!["kafka_cluster_health shows which brokers are away".into()],
                )
            }
            Error::Search { .. } => ("bad_condition", vec![]),
            Error::Filter { .. } => (
                "bad_filter",
                vec!["A pattern is a part of the name, a glob (`ord*`) or a /regex/".into()],
            ),
            Error::Deadline { .. } => {
                retryable = true;
                (
                    "deadline",
                    vec!["Narrow the question (filter, partitions, limit)".into()],
                )
            }
            Error::Busy { .. } => {
                retryable = true;
                (
                    "busy",
                    vec!["Try again when a running call has ended".into()],
                )
            }
            Error::Cancelled => ("cancelled", vec![]),
            Error::TooLarge { .. } => (
                "too_large",
                vec!["Narrow the question (filter, limit, payload_bytes, detail=concise)".into()],
            ),
        };
        Self {
            code,
            message: clip(message),
            retryable,
            hints,
        }
    }
}

/// Longest message, characters. An argument of megabytes must not come back as an error of
/// megabytes.
const LONGEST: usize = 1_500;

fn clip(message: String) -> String {
    let Some((end, _)) = message.char_indices().nth(LONGEST) else {
        return message;
    };
    let left = message.get(end..).unwrap_or_default().chars().count();
    let kept = message.get(..end).unwrap_or_default();
    format!("{kept}... ({left} characters left out)")
}

/// A stable code for each kind of Kafka failure.
pub fn kafka_code(error: &KafkaError) -> &'static str {
    match error {
        KafkaError::Address { .. } => "bad_address",
        KafkaError::Resolve { .. } => "dns",
        KafkaError::Connect { .. } => "connect",
        KafkaError::ConnectTimeout { .. } => "connect_timeout",
        KafkaError::TlsSettings { .. } | KafkaError::Tls { .. } | KafkaError::TlsAlert { .. } => {
            "tls"
        }
        KafkaError::Secret { .. } => "secret",
        KafkaError::Mechanism { .. } | KafkaError::Authentication { .. } => "authentication",
        KafkaError::Closed { .. } => "connection_closed",
        KafkaError::Protocol { .. } => "protocol",
        KafkaError::Timeout { .. } => "timeout",
        KafkaError::Unreachable { .. } => "unreachable",
        KafkaError::NotOffered { .. } => "not_offered",
        KafkaError::NotAuthorized { .. } => "not_authorized",
        KafkaError::UnknownTopic { .. } => "unknown_topic",
        KafkaError::UnknownPartition { .. } => "unknown_partition",
        KafkaError::UnknownGroup { .. } => "unknown_group",
        KafkaError::UnknownTransactionalId { .. } => "unknown_transactional_id",
        KafkaError::UnknownBroker { .. } => "unknown_broker",
        KafkaError::NoLeader { .. } => "no_leader",
        KafkaError::Broker { .. } => "broker_error",
    }
}
