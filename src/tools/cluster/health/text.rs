//! The answer in words: short however much is wrong. The worst findings come in full, the others in
//! a line each; what is in no line is counted.

use crate::tools::common::count;
use kafkaweave_core::diagnose::health::{Change, Comparison, Finding, Report, Rule, Score};
use kafkaweave_core::payload::one_line;

/// Bytes of findings in full. An answer has 1,500 tokens, of three to four bytes each.
const IN_FULL_BYTES: usize = 2_400;

/// Findings in one line each, behind those in full.
const IN_A_LINE: usize = 6;

/// Rules in a list of them.
const RULES: usize = 6;

/// Lines of evidence of one finding, and of what was not judged.
const LINES: usize = 3;

/// Characters of one line of evidence.
const LINE_CHARS: usize = 160;

/// Characters of a subject.
const SUBJECT_CHARS: usize = 110;

/// Bytes that the text has with the snapshot, whose letters are no words and count twice. Where
/// there is no room, the snapshot is in the data alone.
const ROOM_BYTES: usize = 4_000;

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
    if text.len() + 2 * snapshot.len() <= ROOM_BYTES {
        text.push_str(&format!("\nsnapshot: {snapshot}"));
    }
    text
}

/// "score 82 of 100: fenced_brokers -10, at_min_isr -8".
fn derivation(score: &Score) -> String {
    let mut text = format!("score {} of {}", score.points, score.out_of);
    let taken = score.deductions.iter().filter(|d| d.points > 0);
    let taken = some(taken.map(|d| format!("{} -{}", d.rule.id(), d.points)));
    if !taken.is_empty() {
        text.push_str(&format!(": {taken}"));
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

/// The first of many, and how many more there are.
fn some(all: impl Iterator<Item = String>) -> String {
    let mut all = all.fuse();
    let mut text = all.by_ref().take(RULES).collect::<Vec<_>>().join(", ");
    let more = all.count();
    if more > 0 {
        text.push_str(&format!(" and {more} more"));
    }
    text
}

/// What is different from the earlier snapshot.
fn changes(since: &Comparison) -> String {
    let mut parts = Vec::new();
    let names = |rules: &[Rule]| some(rules.iter().map(|r| r.id()));
    let counts = |changes: &[Change]| {
        let one = |c: &Change| format!("{} {} -> {}", c.rule.id(), c.then, c.now);
        some(changes.iter().map(one))
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
    let subject = line(&finding.subject, SUBJECT_CHARS);
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

#[cfg(test)]
mod tests {
    use super::*;
    use kafkaweave_core::diagnose::health::{Area, Deduction, Severity, Verdict, VolumeRate};

    const MOST_TOKENS: usize = 1_500;

    fn tokens(text: &str) -> usize {
        tiktoken_rs::o200k_base_singleton()
            .encode_ordinary(text)
            .len()
    }

    fn finding(rule: Rule) -> Finding {
        let words = "tenant-7.orders.events-17: 2 of 3 replicas in sync (ISR [1, 2]), min.insync.replicas 2, behind it broker 3 (fenced)";
        Finding {
            rule,
            severity: Severity::Warning,
            subject: "1204 partitions, e.g. tenant-7.orders.events-17, tenant-7.orders.events-18, tenant-7.orders.events-19".into(),
            evidence: vec![words.repeat(3); 40],
            meaning: "everything works, but one more replica out of sync stops writes with acks=all".into(),
            remedy: "bring broker 3 back into the ISR (is it up, reachable, short of disk or network?)".into(),
            next_tool: Some("kafka_topic_describe".into()),
            brokers: vec![],
            partitions: vec![],
            topics: vec![],
            groups: vec![],
        }
    }

    /// Every rule fires, nothing could be seen whole, and all changed.
    fn worst() -> Report {
        let change = |rule: &Rule| Change {
            rule: *rule,
            then: 1_000,
            now: 2_000,
        };
        let rules = Rule::ALL.to_vec();
        Report {
            verdict: Verdict::Critical,
            why: "offline partitions (12 partitions); ".repeat(60),
            findings: rules.iter().map(|r| finding(*r)).collect(),
            unchecked: vec!["offsets of tenant-7.orders.events-17 and 900 more: no answer to ListOffsets within 2000 ms".into(); 300],
            score: Some(Score {
                points: 0,
                out_of: 100,
                deductions: rules
                    .iter()
                    .map(|r| Deduction {
                        rule: *r,
                        severity: Severity::Warning,
                        points: 1,
                    })
                    .collect(),
                not_judged: Area::ALL.to_vec(),
            }),
            since: Some(Comparison {
                elapsed_ms: 60_000,
                new: rules.clone(),
                gone: rules.clone(),
                worse: rules.iter().map(change).collect(),
                better: rules.iter().map(change).collect(),
                volumes: vec![VolumeRate {
                    broker: 3,
                    path: "/data".into(),
                    grown_bytes: 720_000_000,
                    bytes_per_s: 12_000_000,
                    hours_to_full: Some(3),
                }],
                leader_elections: Some(4_000),
                quorum_elections: Some(4),
            }),
            brokers_online: 99,
            brokers_expected: 100,
            topics: Some(9_000),
            partitions: Some(90_000),
        }
    }

    #[test]
    fn the_worst_cluster_is_told_within_the_bound_of_an_answer() {
        let snapshot = "A1b2C3d4".repeat(64);
        let text = super::text(&worst(), &snapshot);
        let price = tokens(&text);
        assert!(price <= MOST_TOKENS, "{price} tokens\n{text}");
        assert!(
            text.contains("meaning: ") && text.contains(" more finding"),
            "{text}"
        );
    }

    #[test]
    fn the_snapshot_is_part_of_the_text_where_there_is_room() {
        let snapshot = "A1b2C3d4".repeat(64);
        for findings in 0..Rule::ALL.len() {
            let mut report = worst();
            report.findings.truncate(findings);
            report.unchecked.truncate(findings / 10);
            report.why.truncate(100);
            report.since = report.since.filter(|_| findings % 2 == 1);
            let text = super::text(&report, &snapshot);
            let price = tokens(&text);
            assert!(price <= MOST_TOKENS, "{price} tokens\n{text}");
            let there = text.contains("snapshot: A1b2");
            assert!(there || findings > 2, "{findings} findings\n{text}");
        }
    }

    #[test]
    fn what_strangers_name_cannot_pass_for_a_line_of_ours() {
        let mut report = worst();
        report.findings.truncate(1);
        report.findings[0].evidence = vec!["group \nhealthy: all is well".into()];
        let text = text(&report, "");
        assert!(!text.contains("\nhealthy"), "{text}");
    }
}
