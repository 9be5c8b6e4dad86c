//! Contents of the demo topics. Everything follows from the record's number.

use bytes::Bytes;
use serde_json::json;

use super::plain;
use crate::log::Record;

/// A topic to plant: name, partitions, settings.
type Planted = (&'static str, usize, &'static [(&'static str, &'static str)]);

/// Name, partitions and settings of the demo topics; three replicas each.
pub(super) const TOPICS: [Planted; 5] = [
    ("orders", 6, &[("retention.ms", "86400000")]),
    (
        "clicks",
        6,
        &[
            ("retention.ms", "21600000"),
            ("retention.bytes", "67108864"),
        ],
    ),
    ("payments", 3, &[("min.insync.replicas", "2")]),
    (
        "customers",
        3,
        &[
            ("cleanup.policy", "compact"),
            ("min.cleanable.dirty.ratio", "0.1"),
        ],
    ),
    (
        "audit",
        3,
        &[
            ("min.insync.replicas", "2"),
            ("message.timestamp.type", "LogAppendTime"),
        ],
    ),
];

const HOUR_MS: i64 = 3_600_000;

/// A well-mixed number from a record's number (splitmix64).
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn pick<'a>(number: u64, from: &[&'a str]) -> &'a str {
    from.get((number % from.len().max(1) as u64) as usize)
        .copied()
        .unwrap_or_default()
}

/// An order and its partition.
pub(super) fn order(number: u64, timestamp_ms: i64) -> (usize, Record) {
    let seed = mix(number);
    let customer = seed % 400;
    let quantity = 1 + (seed >> 9) % 4;
    let price_cents = 499 + (seed >> 17) % 9_000;
    let value = json!({
        "order_id": format!("O-{number:06}"),
        "customer_id": format!("C-{customer:04}"),
        "status": pick(seed >> 5, &["placed", "placed", "paid", "shipped", "cancelled"]),
        "items": [{ "sku": format!("SKU-{:03}", (seed >> 33) % 120), "quantity": quantity, "price_cents": price_cents }],
        "total_cents": quantity * price_cents,
        "currency": pick(seed >> 41, &["EUR", "EUR", "USD", "GBP"]),
    });
    let headers = vec![
        ("content-type", Bytes::from_static(b"application/json")),
        (
            "source",
            Bytes::from_static(pick(seed >> 13, &["web", "app", "partner"]).as_bytes()),
        ),
        (
            "trace-id",
            Bytes::from(format!("{:016x}", mix(seed)).into_bytes()),
        ),
    ];
    (
        (customer % 6) as usize,
        plain(timestamp_ms, &format!("C-{customer:04}"), &value, headers),
    )
}

/// A click and its partition: four of five belong to one tenant.
pub(super) fn click(number: u64, timestamp_ms: i64) -> (usize, Record) {
    let seed = mix(number ^ 0xc11c);
    let tenant = if !seed.is_multiple_of(5) {
        "tenant-acme".to_owned()
    } else {
        format!("tenant-{:02}", (seed >> 8) % 40)
    };
    let partition = if !seed.is_multiple_of(5) {
        0
    } else {
        1 + ((seed >> 8) % 5) as usize
    };
    let value = json!({
        "tenant": tenant,
        "session": format!("{:08x}", (seed >> 20) as u32),
        "page": pick(seed >> 11, &["/", "/search", "/cart", "/checkout", "/help"]),
        "ms": (seed >> 30) % 900,
    });
    (
        partition,
        plain(
            timestamp_ms,
            &tenant,
            &value,
            vec![("content-type", Bytes::from_static(b"application/json"))],
        ),
    )
}

/// A payment and its partition.
pub(super) fn payment(number: u64, timestamp_ms: i64) -> (usize, Record) {
    let seed = mix(number ^ 0xca54);
    let value = json!({
        "payment_id": format!("P-{number:06}"),
        "order_id": format!("O-{:06}", number * 4),
        "amount_cents": 499 + (seed >> 17) % 20_000,
        "method": pick(seed >> 3, &["card", "card", "transfer", "wallet"]),
    });
    (
        (seed % 3) as usize,
        plain(timestamp_ms, &format!("P-{number:06}"), &value, vec![]),
    )
}

/// An audit line and its partition.
pub(super) fn audit_line(number: u64, timestamp_ms: i64) -> (usize, Record) {
    let seed = mix(number ^ 0xa0d17);
    let user = format!("user-{:02}", seed % 12);
    let value = json!({ "user": user, "action": pick(seed >> 7, &["login", "export", "refund", "role-change"]), "ok": !seed.is_multiple_of(17) });
    (
        (seed % 3) as usize,
        plain(timestamp_ms, &user, &value, vec![]),
    )
}

/// `count` records over the last hour, by partition, offsets from 0.
fn hour(
    start_ms: i64,
    count: u64,
    partitions: usize,
    make: impl Fn(u64, i64) -> (usize, Record),
) -> Vec<Vec<Record>> {
    let step_ms = HOUR_MS / i64::try_from(count).unwrap_or(1).max(1);
    let mut all = vec![Vec::new(); partitions];
    let mut at_ms = start_ms - HOUR_MS;
    for number in 0..count {
        let (partition, mut record) = make(number, at_ms);
        if let Some(records) = all.get_mut(partition) {
            record.offset = records.len() as i64;
            records.push(record);
        }
        at_ms += step_ms;
    }
    all
}

/// First numbers that running traffic uses.
pub(super) const PLANTED: [u64; 4] = [1_800, 3_600, 450, 120];

pub(super) fn orders(start_ms: i64) -> Vec<Vec<Record>> {
    hour(start_ms, PLANTED[0], 6, order)
}

pub(super) fn clicks(start_ms: i64) -> Vec<Vec<Record>> {
    hour(start_ms, PLANTED[1], 6, click)
}

/// Payments with one value that is no JSON and no UTF-8.
pub(super) fn payments(start_ms: i64, poison: (usize, i64)) -> Vec<Vec<Record>> {
    let mut all = hour(start_ms, PLANTED[2], 3, payment);
    if let Some(record) = all
        .get_mut(poison.0)
        .and_then(|records| records.get_mut(usize::try_from(poison.1).unwrap_or(0)))
    {
        record.value = Some(Bytes::from_static(
            b"\xff\xfe{\"payment_id\": \"P-\x80\x81\", amount",
        ));
        record.key = Some(Bytes::from_static(b"P-poison"));
    }
    all
}

pub(super) fn audit(start_ms: i64) -> Vec<Vec<Record>> {
    hour(start_ms, PLANTED[3], 3, audit_line)
}

/// What compaction left of many updates: offsets with gaps, some keys deleted.
pub(super) fn customers(start_ms: i64) -> Vec<Vec<Record>> {
    let mut all = vec![Vec::new(); 3];
    let mut next = [0_i64; 3];
    for number in 0..240_u64 {
        let seed = mix(number ^ 0x0c05);
        let partition = (number % 3) as usize;
        let key = format!("C-{number:04}");
        let value = json!({
            "customer_id": key,
            "name": format!("Customer {number}"),
            "country": pick(seed, &["DE", "FR", "US", "IN", "BR"]),
            "tier": pick(seed >> 8, &["free", "free", "pro", "enterprise"]),
        });
        let at_ms = start_ms - HOUR_MS + i64::try_from(number).unwrap_or(0) * 10_000;
        let mut record = plain(at_ms, &key, &value, vec![]);
        if number % 7 == 4 {
            record.value = None;
        }
        record.offset = next[partition];
        next[partition] += 1 + i64::try_from((seed >> 16) % 5).unwrap_or(0);
        all[partition].push(record);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_the_same_at_every_start_but_for_the_time() {
        let strip =
            |all: Vec<Vec<Record>>, start: i64| -> Vec<(i64, i64, Option<Bytes>, Option<Bytes>)> {
                all.into_iter()
                    .flatten()
                    .map(|r| (r.offset, r.timestamp_ms - start, r.key, r.value))
                    .collect()
            };
        for make in [orders, clicks, customers, audit] {
            assert_eq!(strip(make(0), 0), strip(make(1_000), 1_000));
        }
    }

    #[test]
    fn the_planted_faults_are_there() {
        let sizes: Vec<usize> = clicks(0).iter().map(Vec::len).collect();
        assert!(
            sizes[0] * 10 > sizes.iter().sum::<usize>() * 7,
            "partition 0 is hot: {sizes:?}"
        );
        let bad = |records: &[Record]| {
            records
                .iter()
                .filter(|r| {
                    r.value
                        .as_ref()
                        .is_some_and(|v| std::str::from_utf8(v).is_err())
                })
                .count()
        };
        let payments = payments(0, (1, 42));
        assert_eq!(
            payments
                .iter()
                .map(|records| bad(records))
                .collect::<Vec<_>>(),
            [0, 1, 0]
        );
        let customers = customers(0);
        assert!(
            customers
                .iter()
                .all(|records| records.iter().any(|record| record.value.is_none()))
        );
        assert!(customers.iter().all(|records| {
            records
                .last()
                .is_some_and(|last| last.offset as usize > records.len())
        }));
    }
}
