//! The condition language and what may be counted by, as the reference and `--help` show them.

/// Markdown. Every line of its blocks is a condition that is accepted.
pub(super) const CONDITIONS: &str = "\
Each entry of `where` is a condition, or several joined by `and`, `or`, `not` and parentheses (`not` binds first, then `and`); all entries must hold. A condition is FIELD OPERATOR OPERAND:

- fields: `key`, `value`, `header.NAME`, `$.path` (JSON path of RFC 9535 into the value), `key.$.path`, `offset`, `partition`, `timestamp`, `size` (of the value, bytes)
- operators: `contains`, `icontains` (case ignored), `=`, `!=`, `~`, `!~` (regular expression), `<`, `<=`, `>`, `>=`, `is null`, `is not null`, `exists`; `not` before `contains`, `icontains`, `exists`
- operand: in double quotes (a JSON string), or the rest of the line: up to ` and ` or ` or ` when a field and an operator follow, and to the `)` of its group. An operand that holds such words or parentheses is safe in quotes. A bare number equals a JSON number and a JSON string, a quoted one only a string.

```
value contains timeout or value contains refused
$.status = FAILED and not (header.source = test or key ~ ^probe-)
$.items[*].price >= 100 and $.currency != \"EUR\"
value contains \"rock and roll\"
header.trace-id exists and timestamp >= 2026-11-24T05:00:00Z
partition = 3 and offset >= 1200 or key = order-17
value is null
```

Of several headers of one name, or nodes of a path, one that satisfies is enough. `!=`, `!~` and `not` are the exact opposite of their counterpart, so a missing header or path satisfies them: add `exists` to leave those out. Where JSON is asked of what is no JSON and nothing else decides, the record is no match and is counted as `not_json`. The answer says `read as:` how joined conditions were understood.

`count_by` counts matches instead of showing them, all of the range, oldest first: `total`, `partition`, `key`, `value`, `minute`, `hour`, `day` (UTC), `header.NAME` (its last value) or `$.path` (its first node). `limit` is then the number of groups that are listed, 50 unless given; without `where` all records are counted. The total is exact. Up to 4,096 groups are exact too; beyond that each count may be too low by what the answer says (at most a 4,096th of the total), and no larger group is missed. A count that was cut goes on with `cursor`; add up the parts.
";

#[cfg(test)]
mod tests {
    use super::CONDITIONS;
    use kafkaweave_core::search::{CountBy, KEPT, Predicate};

    #[test]
    fn every_documented_condition_is_accepted() {
        let block = CONDITIONS.split("```").nth(1).unwrap();
        let lines: Vec<String> = block.lines().skip(1).map(str::to_owned).collect();
        assert!(lines.len() > 5);
        for line in lines {
            Predicate::parse(&[line]).unwrap();
        }
        for by in [
            "total",
            "partition",
            "key",
            "value",
            "minute",
            "hour",
            "day",
        ] {
            assert!(CONDITIONS.contains(&format!("`{by}`")));
            CountBy::parse(by).unwrap();
        }
        assert_eq!(KEPT, 4096);
    }
}
