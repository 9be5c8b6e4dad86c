//! The score: what each finding takes away, and what could not be earned.
//!
//! The points are chosen so that the bands of the verdicts do not overlap: with a critical finding
//! at most 40 are left, with warnings alone at least 61, with risks alone at least 91.

use super::finding::{Deduction, Finding, Score, Severity};
use super::rule::Area;

/// What a judged area earns. Together they are 100.
fn weight(area: Area) -> u8 {
    match area {
        Area::Partitions => 30,
        Area::Brokers | Area::Quorum => 15,
        Area::Disks => 12,
        Area::Settings => 8,
        Area::Groups => 7,
        Area::Placement => 5,
        Area::Transactions => 4,
        Area::Reassignments | Area::Software => 2,
    }
}

/// Findings that take from one purse, so that many small ones do not weigh like a large one.
struct Purse {
    first: u8,
    more: u8,
    left: u8,
    used: bool,
}

impl Purse {
    fn new(first: u8, more: u8, left: u8) -> Self {
        Self {
            first,
            more,
            left,
            used: false,
        }
    }

    fn take(&mut self) -> u8 {
        let wanted = if self.used { self.more } else { self.first };
        self.used = true;
        let points = wanted.min(self.left);
        self.left -= points;
        points
    }
}

/// The score of findings that come worst first.
pub(super) fn score(findings: &[Finding], not_judged: Vec<Area>) -> Score {
    let mut critical = Purse::new(60, 10, 80);
    let mut warnings = Purse::new(10, 8, 30);
    let mut risks = Purse::new(3, 3, 9);
    let mut deductions = Vec::new();
    for finding in findings {
        let points = match finding.severity {
            Severity::Critical => critical.take(),
            Severity::Warning if finding.rule.is_risk() => risks.take(),
            Severity::Warning => warnings.take(),
            Severity::Info => continue,
        };
        deductions.push(Deduction {
            rule: finding.rule,
            severity: finding.severity,
            points,
        });
    }
    let unseen: u8 = not_judged.iter().map(|area| weight(*area)).sum();
    let out_of = 100_u8.saturating_sub(unseen);
    let taken = deductions
        .iter()
        .fold(0_u8, |sum, d| sum.saturating_add(d.points));
    Score {
        points: out_of.saturating_sub(taken),
        out_of,
        deductions,
        not_judged,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rule::Rule;
    use super::*;

    fn found(of: &[(Rule, Severity)]) -> Vec<Finding> {
        of.iter()
            .map(|(rule, severity)| Finding::new(*rule, *severity, ""))
            .collect()
    }

    fn points(of: &[(Rule, Severity)]) -> u8 {
        score(&found(of), vec![]).points
    }

    #[test]
    fn the_bands_of_the_verdicts_do_not_overlap() {
        let critical = (Rule::OfflinePartitions, Severity::Critical);
        let warning = (Rule::UnderReplicated, Severity::Warning);
        let risk = (Rule::MixedVersions, Severity::Warning);
        let note = (Rule::FeatureBehind, Severity::Info);
        let table = [
            (vec![], 100),
            (vec![note; 9], 100),
            (vec![risk], 97),
            (vec![risk; 9], 91),
            (vec![warning], 90),
            (vec![warning, warning], 82),
            ([vec![warning; 9], vec![risk; 9]].concat(), 61),
            (vec![critical], 40),
            (vec![critical, critical], 30),
            (vec![critical; 9], 20),
            (
                [vec![critical; 9], vec![warning; 9], vec![risk; 9]].concat(),
                0,
            ),
        ];
        for (findings, left) in table {
            assert_eq!(points(&findings), left, "{findings:?}");
        }
    }

    #[test]
    fn every_point_that_lacks_is_derived() {
        let findings = found(&[
            (Rule::UnderReplicated, Severity::Warning),
            (Rule::MixedVersions, Severity::Warning),
            (Rule::FeatureBehind, Severity::Info),
        ]);
        let score = score(&findings, vec![Area::Disks, Area::Software]);
        assert_eq!((score.points, score.out_of), (73, 86));
        let taken: Vec<_> = score
            .deductions
            .iter()
            .map(|d| (d.rule, d.points))
            .collect();
        assert_eq!(
            taken,
            [(Rule::UnderReplicated, 10), (Rule::MixedVersions, 3)]
        );
    }

    #[test]
    fn areas_together_weigh_a_hundred() {
        let sum: u8 = Area::ALL.iter().map(|area| weight(*area)).sum();
        assert_eq!(sum, 100);
        let nothing = score(&[], Area::ALL.to_vec());
        assert_eq!((nothing.points, nothing.out_of), (0, 0));
    }
}
