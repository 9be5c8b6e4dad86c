//! kafka_feature_list: feature levels in force, supported by all brokers, and what could be raised.

use crate::problem::Error;
use crate::table::Table;
use crate::tool::{Answer, Context, Effect, Tool};
use crate::tools::common::{ids, missing_lines};
use kafkaweave_core::diagnose::feature::{Range, Standing, standings};
use kafkaweave_core::model::{BrokerFeatures, Missing};
use kafkaweave_core::payload::one_line;
use kafkaweave_core::release::{METADATA_VERSION, level_name};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// kafka_feature_list.
pub struct ListFeatures;

/// Arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {}

/// What some brokers support.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RangeRow {
    min: i16,
    max: i16,
    brokers: Vec<i32>,
}

/// Names of levels; only those of metadata.version have some, such as 4.3-IV0.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    finalized: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raise_to: Option<&'static str>,
}

/// A feature.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Row {
    feature: String,
    /// Level in force, 0 is off. Absent when no broker knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    finalized: Option<i16>,
    /// Lowest level that all brokers support.
    #[serde(skip_serializing_if = "Option::is_none")]
    min: Option<i16>,
    /// Highest level that all brokers support.
    #[serde(skip_serializing_if = "Option::is_none")]
    max: Option<i16>,
    /// All brokers support this higher level.
    #[serde(skip_serializing_if = "Option::is_none")]
    raise_to: Option<i16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    names: Option<Names>,
    /// Where brokers differ.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    ranges: Vec<RangeRow>,
}

/// Brokers of one version.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Version {
    #[serde(skip_serializing_if = "Option::is_none")]
    kafka_version: Option<String>,
    brokers: Vec<i32>,
}

/// The features.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Output {
    features: Vec<Row>,
    /// More than one: brokers of mixed versions.
    versions: Vec<Version>,
    /// Of the finalized levels.
    #[serde(skip_serializing_if = "Option::is_none")]
    epoch: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<Missing>,
}

impl Tool for ListFeatures {
    const NAME: &'static str = "kafka_feature_list";
    const TITLE: &'static str = "List features";
    const EFFECT: Effect = Effect::Read;
    const TOOLSET: &'static str = "broker";
    type Input = Input;
    type Output = Output;

    fn description() -> &'static str {
        "Feature levels such as metadata.version: finalized, supported by all brokers, what could be raised, mixed versions."
    }

    async fn run(cx: &Context, _: Input) -> Result<Output, Error> {
        let mut missing = Vec::new();
        let brokers = cx
            .cluster()?
            .engine()?
            .features()
            .await?
            .into_value(&mut missing);
        Ok(answer(&brokers, missing))
    }
}

fn answer(brokers: &[BrokerFeatures], missing: Vec<Missing>) -> Output {
    let mut versions: BTreeMap<Option<&str>, Vec<i32>> = BTreeMap::new();
    for broker in brokers {
        let version = broker.kafka_version.as_deref();
        versions.entry(version).or_default().push(broker.broker);
    }
    let version = |(version, brokers): (Option<&str>, Vec<i32>)| Version {
        kafka_version: version.map(String::from),
        brokers,
    };
    Output {
        features: standings(brokers).into_iter().map(row).collect(),
        versions: versions.into_iter().map(version).collect(),
        epoch: brokers.iter().filter_map(|b| b.finalized_epoch).max(),
        missing,
    }
}

fn row(standing: Standing) -> Row {
    let name = |level: Option<i16>| level.and_then(level_name);
    let (min, max) = standing.common.unzip();
    let names = (standing.feature == METADATA_VERSION).then(|| Names {
        finalized: name(standing.finalized),
        min: name(min),
        max: name(max),
        raise_to: name(standing.raise_to),
    });
    let range = |range: Range| RangeRow {
        min: range.min,
        max: range.max,
        brokers: range.brokers,
    };
    let alike = standing.ranges.len() < 2;
    let ranges = standing.ranges.into_iter().filter(|_| !alike);
    Row {
        feature: standing.feature,
        finalized: standing.finalized,
        min,
        max,
        raise_to: standing.raise_to,
        names,
        ranges: ranges.map(range).collect(),
    }
}

impl Row {
    /// `30 (4.3-IV0)` for a level that has a name.
    fn level(&self, level: i16) -> String {
        match level_name(level).filter(|_| self.names.is_some()) {
            Some(name) => format!("{level} ({name})"),
            None => level.to_string(),
        }
    }
}

impl Answer for Output {
    fn text(&self) -> String {
        if self.features.is_empty() {
            let none = "no features: the brokers name none (Kafka before 2.7, or another maker's)";
            return none.to_owned() + &missing_lines(&self.missing);
        }
        let of = |v: &Version| {
            let version = v.kafka_version.as_deref().unwrap_or("of unknown version");
            format!("{version} on {}", ids(&v.brokers))
        };
        let versions: Vec<String> = self.versions.iter().map(of).collect();
        let mixed = if versions.len() > 1 {
            "mixed versions: "
        } else {
            ""
        };
        let mut text = format!("{mixed}Kafka {}", versions.join(", Kafka "));
        if let Some(epoch) = self.epoch {
            text.push_str(&format!("; levels of epoch {epoch}"));
        }
        let mut table = Table::new(["feature", "finalized", "supported by all", "raise to"]);
        for row in &self.features {
            let supported = match (row.min, row.max) {
                (Some(min), Some(max)) => format!("{} to {}", row.level(min), row.level(max)),
                _ => "no common level".into(),
            };
            let finalized = row.finalized.map(|level| row.level(level));
            let raise_to = row.raise_to.map(|level| row.level(level));
            table.row([
                row.feature.clone(),
                finalized.unwrap_or_else(|| "unknown".into()),
                supported,
                raise_to.unwrap_or_default(),
            ]);
        }
        text.push_str(&format!("\n{}", table.render()));
        for row in &self.features {
            for range in &row.ranges {
                text.push_str(&format!(
                    "\n{}: {} to {} on {}",
                    one_line(&row.feature),
                    row.level(range.min),
                    row.level(range.max),
                    ids(&range.brokers)
                ));
            }
        }
        if self.features.iter().any(|row| row.raise_to.is_some()) {
            text.push_str("\nA raised level is hard to take back, and controllers without the broker role are not seen here.");
        }
        text + &missing_lines(&self.missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_core::model::Feature;

    fn broker(id: i32, max: i16, version: &str) -> BrokerFeatures {
        BrokerFeatures {
            broker: id,
            features: vec![Feature {
                name: METADATA_VERSION.into(),
                supported_min: Some(7),
                supported_max: Some(max),
                finalized: Some(25),
            }],
            finalized_epoch: Some(12),
            kafka_version: Some(version.into()),
        }
    }

    #[test]
    fn mixed_versions_are_told_with_what_each_supports() {
        let brokers = [
            broker(1, 30, "4.3"),
            broker(2, 25, "4.0"),
            broker(3, 30, "4.3"),
        ];
        let mixed = answer(&brokers, vec![]).text();
        for part in [
            "mixed versions: Kafka 4.0 on 2, Kafka 4.3 on 1,3",
            "25 (4.0-IV3)",
            "7 (3.3-IV3) to 25 (4.0-IV3)",
            "metadata.version: 7 (3.3-IV3) to 30 (4.3-IV0) on 1,3",
            "metadata.version: 7 (3.3-IV3) to 25 (4.0-IV3) on 2",
        ] {
            assert!(mixed.contains(part), "{part}\n{mixed}");
        }
        assert!(!mixed.contains("hard to take back"), "{mixed}");
        let alike = answer(&[broker(1, 30, "4.3"), broker(3, 30, "4.3")], vec![]);
        let text = alike.text();
        assert!(text.starts_with("Kafka 4.3 on 1,3"), "{text}");
        assert!(text.contains("hard to take back"), "{text}");
        assert_eq!(alike.features[0].raise_to, Some(30));
        assert!(alike.features[0].ranges.is_empty());
    }

    #[test]
    fn brokers_without_features_say_so() {
        let mut old = broker(1, 1, "2.3 or newer");
        old.features.clear();
        assert!(answer(&[old], vec![]).text().starts_with("no features"));
    }
}
