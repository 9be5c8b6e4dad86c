//! Pieces that several tools share: detail, gaps, near names.

pub(crate) mod drift;

use crate::problem::Error;
use crate::tool::Context;
use kafkaweave_client::kafka::{Engine, KafkaError, TopicSelection};
use kafkaweave_core::model::{GroupListing, Missing, Partial, Topic};
use kafkaweave_core::near::near;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Detail {
    /// What answers the question.
    #[default]
    Concise,
    /// Everything.
    Detailed,
}

/// Lines that say what is missing from an answer, or nothing.
pub(crate) fn missing_lines(missing: &[Missing]) -> String {
    let mut text = String::new();
    for gap in missing.iter().take(8) {
        text.push_str(&format!("\nmissing: {}: {}", gap.what, gap.why));
    }
    if missing.len() > 8 {
        text.push_str(&format!("\nmissing: {} more", missing.len() - 8));
    }
    text
}

/// `1 topic`, `2 topics`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 {
        format!("1 {noun}")
    } else {
        format!("{number} {noun}s")
    }
}

/// Ids as `1,2,3`.
pub(crate) fn ids(ids: &[i32]) -> String {
    ids.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}

/// A value as it is written in data, e.g. `describe_configs`.
pub(crate) fn word(value: &impl Serialize) -> String {
    let value = serde_json::to_value(value).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

/// One of `allowed`, in any spelling: `describe_configs`, `DescribeConfigs`, `DESCRIBE_CONFIGS`.
/// Nothing, and the empty text, choose nothing.
pub(crate) fn choose<T: Serialize + Copy>(
    path: &str,
    text: Option<&str>,
    allowed: &[T],
) -> Result<Option<T>, Error> {
    let Some(text) = text.filter(|t| !t.is_empty()) else {
        return Ok(None);
    };
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|c| c.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let found = allowed
        .iter()
        .find(|value| plain(&word(*value)) == plain(text));
    if let Some(found) = found {
        return Ok(Some(*found));
    }
    let words: Vec<String> = allowed.iter().map(word).collect();
    let near = near(text, words.iter().map(String::as_str), 1);
    Err(Error::Argument {
        path: path.into(),
        reason: format!("is {text:?}; allowed: one of {}", words.join(", ")),
        near: near.into_iter().map(String::from).collect(),
    })
}

/// Topics that the cluster lists, with a note when rights may hide some.
pub(crate) async fn all_topics(cx: &Context) -> Result<Partial<Vec<Topic>>, Error> {
    let mut topics = cx.cluster()?.engine()?.topics(&TopicSelection::All).await?;
    if topics.value.is_empty() && topics.missing.is_empty() {
        topics.missing.push(Missing {
            what: "topics".into(),
            broker: None,
            why: "Kafka listed none; it hides topics that this principal may not describe, so rights rather than topics may be missing".into(),
        });
    }
    Ok(topics)
}

/// One topic by name, or an error with near names.
pub(crate) async fn one_topic(cx: &Context, name: &str) -> Result<Topic, Error> {
    topic_of(cx.cluster()?.engine()?, name).await
}

/// The same of any cluster.
pub(crate) async fn topic_of(engine: &dyn Engine, name: &str) -> Result<Topic, Error> {
    let named = TopicSelection::Named(vec![name.into()]);
    let error = match engine.topics(&named).await {
        Ok(found) => match found.value.into_iter().find(|t| t.name == name) {
            Some(topic) => return Ok(topic),
            None => KafkaError::UnknownTopic { topic: name.into() },
        },
        // A misspelt name is refused just like a forbidden one: near names help there too.
        Err(error @ KafkaError::NotAuthorized { .. }) => error,
        Err(error) => return Err(error.into()),
    };
    let known = engine.topics(&TopicSelection::All).await?.value;
    let near = near(name, known.iter().map(|t| t.name.as_str()), 3)
        .into_iter()
        .map(String::from)
        .collect();
    Err(Error::Unknown {
        error,
        near,
        maybe_hidden: true,
    })
}

/// One group's listing by name, or an error with near names.
pub(crate) async fn one_group(cx: &Context, name: &str) -> Result<GroupListing, Error> {
    let mut gaps = Vec::new();
    let groups = cx
        .cluster()?
        .engine()?
        .groups()
        .await?
        .into_value(&mut gaps);
    if let Some(group) = groups.iter().find(|g| g.group == name) {
        // Other coordinators' gaps do not touch a group that was found.
        return Ok(group.clone());
    }
    if !gaps.is_empty() {
        // It may live on a coordinator that did not answer.
        return Err(Error::Incomplete {
            what: format!("group `{name}`"),
            missing: gaps,
        });
    }
    let near = near(name, groups.iter().map(|g| g.group.as_str()), 3)
        .into_iter()
        .map(String::from)
        .collect();
    Err(Error::Unknown {
        error: KafkaError::UnknownGroup { group: name.into() },
        near,
        maybe_hidden: true,
    })
}
