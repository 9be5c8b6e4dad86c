//! Two clusters side by side as lines.

use super::{Output, name};
use crate::tool::Answer;
use crate::tools::common::{drift, missing_lines};
use kafkaweave_core::diagnose::compare::Tally;

impl Answer for Output {
    fn text(&self) -> String {
        let mut text = format!("{} against {}: {}", self.left, self.right, self.outcome);
        if self.one_cluster {
            text.push_str("\nboth names lead to one cluster (same id)");
        }
        let table = drift::table(&self.differences, &self.left, &self.right);
        if !table.is_empty() {
            text.push_str(&format!("\n{table}"));
        }
        if let Some(line) = self.page.line("differences") {
            text.push_str(&format!("\n{line}"));
        }
        for (what, tally) in [
            ("topics", &self.topics),
            ("groups", &self.groups),
            ("broker settings", &self.broker_keys),
            ("ACLs", &self.acls),
            ("quotas", &self.quotas),
        ] {
            text.push_str(&format!("\n{what}: {}", self.tally(tally)));
        }
        if self.hidden_internal > 0 {
            text.push_str(&format!(
                "\n{} internal topics left out (internal=true compares them)",
                self.hidden_internal
            ));
        }
        text.push_str(
            "\nnot compared: ids, addresses, paths, rack names, leaders, records, group states",
        );
        text + &missing_lines(&self.missing)
    }

    fn rows(&self) -> usize {
        self.differences.len()
    }

    fn keep(&mut self, count: usize) {
        self.differences.truncate(count);
        self.page.keep(&self.differences, name);
    }
}

impl Output {
    fn tally(&self, of: &Tally) -> String {
        let mut parts = vec![
            format!("{} equal", of.equal),
            format!("{} differ", of.differ),
        ];
        for (count, side) in [(of.only_left, &self.left), (of.only_right, &self.right)] {
            if count > 0 {
                parts.push(format!("{count} only on {side}"));
            }
        }
        if of.unknown > 0 {
            parts.push(format!("{} unknown (see missing)", of.unknown));
        }
        parts.join(", ")
    }
}
