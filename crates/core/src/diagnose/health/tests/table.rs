//! Rules x evidence: for each rule a snapshot in which it fires, with its exact evidence.

mod cluster;
mod contents;
mod placement;

use super::sound::*;
use super::*;
use std::collections::BTreeSet;

/// A way to spoil a sound cluster, and what is then found.
struct Case {
    rule: Rule,
    severity: Severity,
    spoil: fn(&mut Snapshot),
    /// All of the finding's evidence.
    evidence: &'static [&'static str],
}

const fn case(
    rule: Rule,
    severity: Severity,
    spoil: fn(&mut Snapshot),
    evidence: &'static [&'static str],
) -> Case {
    Case {
        rule,
        severity,
        spoil,
        evidence,
    }
}

fn cases() -> Vec<Case> {
    [cluster::cases(), placement::cases(), contents::cases()]
        .into_iter()
        .flatten()
        .collect()
}

#[test]
fn each_rule_fires_with_its_evidence_and_names_what_to_do() {
    let mut faults = Vec::new();
    for case in cases() {
        let mut snapshot = sound();
        (case.spoil)(&mut snapshot);
        let report = report(&snapshot);
        let found = report
            .findings
            .iter()
            .find(|f| (f.rule, f.severity) == (case.rule, case.severity));
        let Some(found) = found else {
            let rules = rules(&report);
            faults.push(format!(
                "{:?} {:?} is not in {rules:?}",
                case.rule, case.severity
            ));
            continue;
        };
        if found.evidence != case.evidence {
            faults.push(format!("{:?} says {:#?}", case.rule, found.evidence));
        }
        for (what, text) in [("meaning", &found.meaning), ("remedy", &found.remedy)] {
            if text.is_empty() {
                faults.push(format!("{:?} has no {what}", case.rule));
            }
        }
        if found.next_tool.is_none() {
            faults.push(format!("{:?} names no tool", case.rule));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_is_in_the_table() {
    let shown: BTreeSet<Rule> = cases().iter().map(|case| case.rule).collect();
    let missing: Vec<&Rule> = Rule::ALL.iter().filter(|r| !shown.contains(r)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn a_sound_cluster_is_silent_and_has_all_points() {
    let mut snapshot = sound();
    before(&mut snapshot, 10, |_| {});
    let report = report(&snapshot);
    assert!(report.findings.is_empty(), "{:#?}", report.findings);
    assert_eq!(report.verdict, Verdict::Healthy);
    assert!(report.unchecked.is_empty(), "{:?}", report.unchecked);
    let score = report.score.unwrap();
    assert_eq!((score.points, score.out_of), (100, 100));
    assert!(score.deductions.is_empty() && score.not_judged.is_empty());
}

#[test]
fn rules_have_numbers_and_names_of_their_own() {
    let numbers: BTreeSet<u8> = Rule::ALL.iter().map(|r| r.code()).collect();
    assert_eq!(numbers.len(), Rule::ALL.len());
    for rule in Rule::ALL {
        let name = serde_json::to_value(rule).unwrap();
        assert_eq!(name, rule.id());
        assert!(rule.about().ends_with('.'), "{}", rule.about());
    }
    assert!(Rule::ALL.is_sorted(), "ALL is in order of weight");
}
