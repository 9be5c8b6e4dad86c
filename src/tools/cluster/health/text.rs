//! The answer in words: short however much is wrong. The worst findings come in full, the others in
//! a line each; what is in no line is counted.

use crate::tools::common::count;
use kafkaweave_core::diagnose::health::{Change, Comparison, Finding, Report, Rule, Score};
use kafkaweave_core::payload::one_line;

/// Bytes of findings in full. Some four make a token, and an answer has 1,500 tokens.
const IN_FULL_BYTES: usize = 3_200;

/// Findings in one line each, behind those in full.
const IN_A_LINE: usize = 12;

/// Lines of evidence of one finding, and of what was not judged.
const LINES: usize = 5;

/// Characters of one line of evidence.
const LINE_CHARS: usize = 240;

/// The longest `snapshot` that is part of the text; a longer one is in the data alone.
const SNAPSHOT_CHARS: usize = 700;

/// The whole text.
pub(super) fn text(report: &Report, snapshot: &str) -> String {
    let verdict = format!("{:?}", report.verdict).to_lowercase();
    let mut text = format!("{verdict}: {}", line(&report.why, 2 * LINE_CHARS));
    if let Some(score) = &report.score {
        text.push('\n');
        text.push_str(&derivation(score));
    }
    text.push_str(&format!(
        "\n{} of {} brokers online",
        report.brokers_online, report.brokers_expected
    ));
    if let Some((topics, partitions)) = report.topics.zip(report.partitions) {
        text.push_str(&format!(
            ", {} with {}",
            count(topics, "topic"),
            count(partitions, "partition")
        ));
    }
    if let Some(since) = &report.since {
        text.push_str(&changes(since));
    }
    text.push_str(&findings(&report.findings));
    for unchecked in report.unchecked.iter().take(LINES) {
        text.push_str(&format!("\nnot judged: {}", line(unchecked, LINE_CHARS)));
    }
    if let Some(more) = report.unchecked.len().checked_sub(LINES).filter(|n| *n > 0) {
        text.push_str(&format!("\nnot judged: {more} more"));
    }
    if snapshot.len() <= SNAPSHOT_CHARS {
        text.push_str(&format!("\nsnapshot: {snapshot}"));
    }
    text
}

/// "score 82 of 100: fenced_brokers -10, at_min_isr -8".
fn derivation(score: &Score) -> String {
    let mut text = format!("score {} of {}", score.points, score.out_of);
    let taken: Vec<String> = score
        .deductions
        .iter()
        .filter(|d| d.points > 0)
        .map(|d| format!("{} -{}", d.rule.id(), d.points))
        .collect();
    if !taken.is_empty() {
        text.push_str(&format!(": {}", taken.join(", ")));
    }
    if !score.not_judged.is_empty() {
        let areas: Vec<String> = score
            .not_judged
            .iter()
            .map(|area| format!("{area:?}").to_lowercase())
            .collect();
        text.push_str(&format!("; not judged: {}", areas.join(", ")));
    }
    text
}

/// What is different from the earlier snapshot.
fn changes(since: &Comparison) -> String {
    let mut parts = Vec::new();
    let names = |rules: &[Rule]| {
        let names: Vec<String> = rules.iter().map(|r| r.id()).collect();
        names.join(", ")
    };
    let counts = |changes: &[Change]| {
        let one = |c: &Change| format!("{} {} -> {}", c.rule.id(), c.then, c.now);
        changes.iter().map(one).collect::<Vec<_>>().join(", ")
    };
    for (word, list) in [
        ("new", names(&since.new)),
        ("gone", names(&since.gone)),
        ("worse", counts(&since.worse)),
        ("better", counts(&since.better)),
    ] {
        if !list.is_empty() {
            parts.push(format!("{word} {list}"));
        }
    }
    if parts.is_empty() {
        parts.push("the same findings".to_owned());
    }
    for (elections, whose) in [
        (since.leader_elections, "partition leader"),
        (since.quorum_elections, "quorum"),
    ] {
        if let Some(n) = elections.and_then(|n| usize::try_from(n).ok()) {
            parts.push(count(n, &format!("{whose} election")));
        }
    }
    let mut filling: Vec<_> = since
        .volumes
        .iter()
        .filter_map(|v| Some((v.hours_to_full?, v)))
        .collect();
    filling.sort_by_key(|(hours, v)| (*hours, v.broker));
    if let Some((hours, v)) = filling.first() {
        let path = line(&v.path, LINE_CHARS);
        let rate = v.bytes_per_s;
        parts.push(format!(
            "broker {} {path} grows by {rate} B/s, full in {hours} h",
            v.broker
        ));
    }
    let seconds = since.elapsed_ms / 1_000;
    format!("\nsince {seconds} s ago: {}", parts.join("; "))
}

fn findings(findings: &[Finding]) -> String {
    let mut text = String::new();
    let mut rest = findings.iter();
    for finding in rest.by_ref() {
        let full = in_full(finding);
        let fits = text.len() + full.len() <= IN_FULL_BYTES;
        text.push_str(&if fits { full } else { in_a_line(finding) });
        if !fits {
            break;
        }
    }
    for finding in rest.by_ref().take(IN_A_LINE) {
        text.push_str(&in_a_line(finding));
    }
    let more = rest.count();
    if more > 0 {
        text.push_str(&format!("\nand {}", count(more, "more finding")));
    }
    text
}

fn head(finding: &Finding) -> String {
    let severity = format!("{:?}", finding.severity).to_lowercase();
    let subject = line(&finding.subject, LINE_CHARS);
    format!("\n{severity} {}: {subject}", finding.rule.id())
}

fn in_full(finding: &Finding) -> String {
    let mut text = head(finding);
    let lines = finding.evidence.iter().take(LINES);
    let mut evidence: Vec<String> = lines.map(|e| line(e, LINE_CHARS)).collect();
    if let Some(more) = finding.evidence.len().checked_sub(LINES).filter(|n| *n > 0) {
        evidence.push(format!("{more} more"));
    }
    if !evidence.is_empty() {
        text.push_str(&format!("\n  evidence: {}", evidence.join("; ")));
    }
    text.push_str(&format!(
        "\n  meaning: {}\n  remedy: {}",
        finding.meaning, finding.remedy
    ));
    if let Some(tool) = &finding.next_tool {
        text.push_str(&format!("\n  more: {tool}"));
    }
    text
}

/// Without meaning and remedy, which are in the data.
fn in_a_line(finding: &Finding) -> String {
    head(finding)
}

/// In one line that cannot pass for another (strangers name groups), and not longer than that.
fn line(text: &str, chars: usize) -> String {
    let text = one_line(text);
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
        None => text,
    }
}
