//! A cluster in words.

use super::{Output, Voter};
use crate::table::{Table, bytes};
use crate::tool::Answer;
use crate::tools::common::{count, missing_lines};

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!(
            "cluster {}",
            self.cluster_id.as_deref().unwrap_or("of unknown id")
        );
        if self.sandbox {
            text.push_str(" (in-memory sandbox)");
        }
        if let Some(version) = &self.kafka_version {
            text.push_str(&format!(", Kafka {version}"));
        }
        text.push_str(&format!(", {}", count(self.brokers.len(), "broker")));
        match &self.controller {
            Some(controller) => text.push_str(&format!(
                ", controller {} (epoch {})",
                controller.id, controller.epoch
            )),
            None => text.push_str(", controller unknown"),
        }
        let mut table = Table::new([
            "broker", "address", "rack", "state", "leaders", "replicas", "size",
        ]);
        for b in &self.brokers {
            let state = format!("{:?}", b.state).to_lowercase();
            let size = b.size_bytes.map(bytes).unwrap_or_default();
            let (address, rack) = (
                b.address.clone().unwrap_or_default(),
                b.rack.clone().unwrap_or_default(),
            );
            table.row([
                b.broker.to_string(),
                address,
                rack,
                state,
                b.leaders.to_string(),
                b.replicas.to_string(),
                size,
            ]);
        }
        text.push_str(&format!("\n{}", table.render()));
        if let Some(t) = &self.totals {
            text.push_str(&format!(
                "\n{} ({} internal), {}, {}; {} under-replicated, {} offline",
                count(t.topics, "topic"),
                t.internal_topics,
                count(t.partitions, "partition"),
                count(t.replicas, "replica"),
                t.under_replicated_partitions,
                t.offline_partitions
            ));
        }
        text.push_str(&self.quorum_text());
        let mut table = Table::new([
            "broker", "log dir", "replicas", "size", "volume", "free", "error",
        ]);
        for d in &self.log_dirs {
            let volume = |b: Option<i64>| b.map(bytes).unwrap_or_default();
            let error = d.error.clone().unwrap_or_default();
            table.row([
                d.broker.to_string(),
                d.path.clone(),
                d.replicas.to_string(),
                bytes(d.size_bytes),
                volume(d.total_bytes),
                volume(d.usable_bytes),
                error,
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        let level = |l: Option<i16>| l.map(|l| l.to_string()).unwrap_or_default();
        let mut table = Table::new(["feature", "level", "supported"]);
        for f in &self.features {
            table.row([
                f.feature.clone(),
                level(f.finalized),
                format!("{}-{}", level(f.supported_min), level(f.supported_max)),
            ]);
        }
        if !table.is_empty() {
            text.push_str(&format!("\n{}", table.render()));
        }
        text + &missing_lines(&self.missing)
    }
}

impl Output {
    fn quorum_text(&self) -> String {
        let one = |v: &Voter| {
            let lag = v.lag.map_or_else(
                || ", lag unknown".into(),
                |lag| {
                    if lag == 0 {
                        String::new()
                    } else {
                        format!(", lag {lag}")
                    }
                },
            );
            let behind = v
                .behind_ms
                .filter(|_| v.role != "leader")
                .map(|ms| format!(", caught up {} ago", crate::table::duration(ms)));
            format!("{} ({}{lag}{})", v.id, v.role, behind.unwrap_or_default())
        };
        if self.quorum.is_empty() {
            return String::new();
        }
        format!(
            "\nquorum: {}",
            self.quorum.iter().map(one).collect::<Vec<_>>().join(", ")
        )
    }
}
