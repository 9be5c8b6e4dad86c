//! The report as text: aligned, with marks in colour on a terminal and words in a pipe.

use super::{AddressReport, Check, ClusterReport, DoctorReport, Role, Status, StepReport};
use std::fmt::Write as _;

/// Longest key that others are aligned to.
const NAME_WIDTH: usize = 16;

impl DoctorReport {
    /// The report for people. With `colour` it has marks and ANSI colours; without, it is ASCII
    /// apart from what others wrote.
    pub fn text(&self, colour: bool) -> String {
        let pen = Pen { colour };
        let mut out = String::new();
        let build = &self.build;
        _ = writeln!(
            out,
            "kafkaweave {}, {}, engine {}; clock {}",
            build.version,
            build.target,
            build.engines.join(", "),
            self.checked_at
        );
        match &self.file {
            Some(path) => _ = writeln!(out, "configuration: {}", path.display()),
            None => out.push_str("configuration: no file\n"),
        }
        for warning in &self.warnings {
            _ = writeln!(out, "{} {warning}", pen.mark(Status::Warning));
        }
        for check in &self.checks {
            pen.check(&mut out, "", check);
        }
        for cluster in &self.clusters {
            pen.cluster(&mut out, cluster);
        }
        if self.clusters.len() > 1 {
            let usable = self
                .clusters
                .iter()
                .filter(|cluster| cluster.is_usable())
                .count();
            _ = writeln!(
                out,
                "\n{usable} of {} clusters can be used",
                self.clusters.len()
            );
        }
        out
    }
}

struct Pen {
    colour: bool,
}

impl Pen {
    fn paint(&self, code: &str, text: &str) -> String {
        match self.colour {
            true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            false => text.to_owned(),
        }
    }

    fn mark(&self, status: Status) -> String {
        match (self.colour, status) {
            (true, Status::Ok) => self.paint("32", "✓"),
            (true, Status::Warning) => self.paint("33", "!"),
            (true, Status::Failed) => self.paint("31", "✗"),
            (true, Status::Skipped) => self.paint("33", "-"),
            (false, Status::Ok) => "ok  ".into(),
            (false, Status::Warning) => "WARN".into(),
            (false, Status::Failed) => "FAIL".into(),
            (false, Status::Skipped) => "skip".into(),
        }
    }

    /// A line that says what to change, below what it is about.
    fn remedy(&self, out: &mut String, indent: &str, remedy: Option<&str>) {
        if let Some(remedy) = remedy {
            let arrow = if self.colour { "→" } else { "->" };
            _ = writeln!(
                out,
                "{indent}     {}",
                self.paint("36", &format!("{arrow} {remedy}"))
            );
        }
    }

    fn check(&self, out: &mut String, indent: &str, check: &Check) {
        let Check {
            name,
            status,
            detail,
            remedy,
        } = check;
        _ = writeln!(
            out,
            "{indent}{} {name:NAME_WIDTH$} {detail}",
            self.mark(*status)
        );
        self.remedy(out, indent, remedy.as_deref());
    }

    fn cluster(&self, out: &mut String, cluster: &ClusterReport) {
        let environment = match cluster.environment {
            kafkaweave_client::profile::Environment::Dev => "dev",
            kafkaweave_client::profile::Environment::Staging => "staging",
            kafkaweave_client::profile::Environment::Prod => "prod",
        };
        let head = format!(
            "cluster {} ({environment}): {}",
            cluster.name, cluster.security
        );
        _ = writeln!(out, "\n{}", self.paint("1", &head));
        for check in &cluster.checks {
            self.check(out, "  ", check);
        }
        for address in &cluster.addresses {
            self.address(out, address);
        }
        let good = cluster
            .addresses
            .iter()
            .filter(|address| address.is_ok())
            .count();
        let of = cluster.addresses.len();
        let verdict = match (cluster.is_usable(), good == of) {
            (true, true) => self.paint("32", &format!("can be used; all {of} addresses answer")),
            (true, false) => self.paint(
                "33",
                &format!("can be used in part; {good} of {of} addresses answer"),
            ),
            (false, _) => self.paint(
                "31",
                &format!("cannot be used; {good} of {of} addresses answer"),
            ),
        };
        _ = writeln!(out, "  {verdict}");
    }

    fn address(&self, out: &mut String, report: &AddressReport) {
        let head = format!("{} {}", role(&report.role), report.address);
        // What only brokers advertise and works is one line; the way in is always shown in full.
        if report.is_ok() && !report.role.bootstrap {
            let elapsed_ms: f64 = report.steps.iter().map(|step| step.elapsed_ms).sum();
            let steps = report.steps.len();
            _ = writeln!(
                out,
                "  {} {head}: all {steps} steps, {elapsed_ms:.1} ms",
                self.mark(Status::Ok)
            );
            return;
        }
        _ = writeln!(out, "  {head}");
        for step in &report.steps {
            self.step(out, step);
        }
    }

    fn step(&self, out: &mut String, step: &StepReport) {
        let StepReport {
            name,
            status,
            detail,
            elapsed_ms,
            remedy,
        } = step;
        _ = writeln!(
            out,
            "    {} {name:14} {elapsed_ms:>7.1} ms  {detail}",
            self.mark(*status)
        );
        self.remedy(out, "    ", remedy.as_deref());
    }
}

fn role(role: &Role) -> String {
    let ids: Vec<_> = role.brokers.iter().map(ToString::to_string).collect();
    let brokers = match ids.len() {
        0 => String::new(),
        1 => format!("broker {}", ids.concat()),
        _ => format!("brokers {}", ids.join(", ")),
    };
    match (role.bootstrap, brokers.is_empty()) {
        (true, true) => "bootstrap".into(),
        (true, false) => format!("bootstrap, {brokers}"),
        (false, _) => brokers,
    }
}

#[cfg(test)]
mod tests;
