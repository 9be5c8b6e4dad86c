//! The bed proves itself, so that a failing test elsewhere speaks of the product.

use std::time::{Duration, Instant};

use crate::support::bed::{
    Bed, CommitPlan, GroupKind, Listener, RecordPlan, TopicPlan, exclusive, shared,
};

const TOPICS: &str = "org.apache.kafka.tools.TopicCommand";
const GROUPS: &str = "org.apache.kafka.tools.GroupsCommand";
const CONSUMER_GROUPS: &str = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn a_planted_topic_is_as_kafkas_own_tool_describes_it() {
    let bed = shared();
    let name = bed.name("assigned");
    bed.plant_topics(&[
        TopicPlan::assigned(&name, &[&[1, 2], &[3, 1]]).config("retention.ms", "1000")
    ])
    .unwrap();
    let described = bed
        .kafka(TOPICS, &["--describe", "--topic", &name])
        .unwrap();
    let fields = described.replace('\t', " ");
    for wanted in [
        "PartitionCount: 2",
        "retention.ms=1000",
        "Leader: 1 Replicas: 1,2",
        "Leader: 3 Replicas: 3,1",
    ] {
        assert!(fields.contains(wanted), "`{wanted}` is not in {described}");
    }
}

#[test]
fn a_tool_that_fails_says_why() {
    let bed = shared();
    let failed = bed
        .kafka(TOPICS, &["--describe", "--topic", "no-such-topic"])
        .unwrap_err();
    assert_eq!(failed.exit, Some(1));
    assert!(
        failed
            .to_string()
            .contains("'no-such-topic' does not exist"),
        "{failed}"
    );
}

#[test]
fn produced_records_arrive_as_planned_at_a_foreign_client() {
    let bed = shared();
    let topic = bed.plant_topic("records", 2).unwrap();
    let records = [
        RecordPlan::value("v1")
            .key("k1")
            .partition(1)
            .timestamp_ms(1_700_000_000_123)
            .header("a", Some("x")),
        RecordPlan::tombstone("k1")
            .partition(1)
            .timestamp_ms(1_700_000_000_124)
            .header("n", None),
        RecordPlan::value_base64("AP8=").partition(0),
    ];
    let placed = bed
        .produce_with(&topic, &[("compression.type", "zstd")], &records)
        .unwrap();
    let places: Vec<_> = placed.iter().map(|p| (p.partition, p.offset)).collect();
    assert_eq!(places, [(1, 0), (1, 1), (0, 0)]);
    let read = bed
        .kcat(&[
            "-C",
            "-e",
            "-q",
            "-t",
            &topic,
            "-p",
            "1",
            "-f",
            "%o %T %k %S %h\n",
        ])
        .unwrap();
    assert_eq!(
        read,
        "0 1700000000123 k1 2 a=x\n1 1700000000124 k1 -1 n=NULL\n"
    );
    let size = bed
        .kcat(&["-C", "-e", "-q", "-t", &topic, "-p", "0", "-f", "%S %K"])
        .unwrap();
    assert_eq!(size, "2 -1");
}

#[test]
fn a_transaction_left_open_is_open_on_the_broker() {
    let bed = shared();
    let topic = bed.plant_topic("open", 1).unwrap();
    let id = bed.name("tx");
    let settings = [
        ("transactional.id", id.as_str()),
        ("plant.end", "open"),
        ("transaction.timeout.ms", "600000"),
    ];
    bed.produce_with(&topic, &settings, &[RecordPlan::value("v")])
        .unwrap();
    let class = "org.apache.kafka.tools.TransactionsCommand";
    let described = bed
        .kafka(class, &["describe", "--transactional-id", &id])
        .unwrap();
    assert!(described.contains("Ongoing"), "{described}");
}

#[test]
fn committed_offsets_make_a_group_with_that_lag() {
    let bed = shared();
    let topic = bed.plant_topic("lag", 1).unwrap();
    bed.produce(
        &topic,
        &[
            RecordPlan::value("a"),
            RecordPlan::value("b"),
            RecordPlan::value("c"),
        ],
    )
    .unwrap();
    let group = bed.name("group");
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 1)])
        .unwrap();
    let described = bed
        .kafka(CONSUMER_GROUPS, &["--describe", "--group", &group])
        .unwrap();
    let row: Vec<_> = described
        .lines()
        .find(|l| l.contains(&topic))
        .unwrap()
        .split_whitespace()
        .collect();
    assert_eq!(
        row[2..6],
        ["0", "1", "3", "2"],
        "partition, offset, end, lag in {described}"
    );
}

#[test]
fn live_members_make_groups_of_all_four_types() {
    let bed = shared();
    let topic = bed.plant_topic("live", 2).unwrap();
    let kinds = [
        (GroupKind::Classic, "Classic"),
        (GroupKind::Consumer, "Consumer"),
        (GroupKind::Share, "Share"),
        (GroupKind::Streams, "Streams"),
    ];
    let group = |word: &str| format!("{topic}-{word}");
    let members: Vec<_> = kinds
        .map(|(kind, word)| bed.join(kind, &topic, &group(word), &[]).unwrap())
        .into_iter()
        .collect();
    let listed = bed.kafka(GROUPS, &["--list"]).unwrap();
    for (_, word) in kinds {
        let row = listed
            .lines()
            .find(|l| l.starts_with(&group(word)))
            .unwrap();
        assert_eq!(row.split_whitespace().nth(1), Some(word), "{listed}");
    }
    for member in members {
        member.leave().unwrap();
    }
}

#[test]
fn a_member_that_hangs_in_revocation_keeps_its_group_rebalancing() {
    let bed = shared();
    let topic = bed.plant_topic("stuck", 2).unwrap();
    let group = bed.name("stuck");
    let first = bed
        .join(
            GroupKind::Classic,
            &topic,
            &group,
            &[("plant.stuck", "true")],
        )
        .unwrap();
    let boot = bed.bootstrap(Listener::Plaintext);
    let second = ["testbed.Plant", "member", &boot, "classic", &topic, &group];
    let _second = bed.spawn_java(&second).unwrap();
    first
        .await_output(LIMIT, |o| o.contains("revoked"))
        .unwrap();
    let described = bed
        .kafka(
            CONSUMER_GROUPS,
            &["--describe", "--group", &group, "--state"],
        )
        .unwrap();
    assert!(described.contains("PreparingRebalance"), "{described}");
}

#[test]
fn every_listener_lets_its_clients_in_and_the_wrong_ones_not() {
    let bed = shared();
    let good = [
        (Listener::SaslSsl, "admin-scram512-ssl"),
        (Listener::SaslPlaintext, "alice-scram256"),
        (Listener::SaslPlaintext, "bob-plain"),
        (Listener::SaslPlaintext, "alice-oauth"),
        (Listener::Ssl, "alice-mtls"),
    ];
    let bad = [
        (Listener::SaslSsl, "bad-password", "invalid credentials"),
        (
            Listener::SaslPlaintext,
            "bad-password-plain",
            "Invalid username or password",
        ),
        (
            Listener::SaslPlaintext,
            "bad-token-expired",
            "invalid_token",
        ),
        (Listener::SaslSsl, "bad-ca", "SSL handshake failed"),
        (Listener::Ssl, "bad-client-cert", "bad_certificate"),
    ];
    let list = |listener, settings: &str| {
        let (boot, file) = (bed.bootstrap(listener), bed.client_settings(settings));
        let file = file.to_str().unwrap();
        bed.tool(
            &[
                TOPICS,
                "--bootstrap-server",
                &boot,
                "--command-config",
                file,
                "--list",
            ],
            "",
        )
    };
    for (listener, settings) in good {
        list(listener, settings).unwrap_or_else(|failed| panic!("{settings}: {failed}"));
    }
    for (listener, settings, why) in bad {
        let failed = list(listener, settings).unwrap_err();
        assert!(failed.to_string().contains(why), "{settings}: {failed}");
    }
}

#[test]
fn a_killed_and_a_frozen_node_are_fenced_and_all_is_whole_afterwards() {
    let (topic, broken) = {
        let bed = exclusive();
        let node = bed.quorum_follower().unwrap();
        let name = bed.name("faults");
        bed.plant_topics(&[
            TopicPlan::assigned(&name, &[&[node]]),
            TopicPlan::new(&bed.name("whole"), 3),
        ])
        .unwrap();
        bed.kill(node);
        bed.await_fenced(node);
        let described = bed
            .kafka(TOPICS, &["--describe", "--unavailable-partitions"])
            .unwrap();
        assert!(described.contains(&name), "{described}");
        bed.start(node);
        bed.restore();
        bed.freeze(node);
        bed.await_fenced(node);
        (name, node)
    };
    let bed = shared();
    let described = bed
        .kafka(TOPICS, &["--describe", "--topic", &topic])
        .unwrap();
    assert!(
        described.contains(&format!("Leader: {broken}")),
        "{described}"
    );
}

#[test]
fn a_lost_log_dir_goes_offline_and_comes_back() {
    let offline = |bed: &Bed| {
        let class = "org.apache.kafka.tools.LogDirsCommand";
        let described = bed
            .kafka(class, &["--describe", "--broker-list", "1"])
            .unwrap();
        described.contains("KafkaStorageException")
    };
    {
        let bed = exclusive();
        assert!(!offline(&bed));
        bed.lose_log_dir();
        let until = Instant::now() + LIMIT;
        while !offline(&bed) {
            assert!(Instant::now() < until, "{}", bed.node_log(1));
        }
    }
    assert!(!offline(&shared()));
}

#[test]
fn a_member_killed_in_its_own_process_stays_in_the_group_for_a_while() {
    let bed = shared();
    let topic = bed.plant_topic("killed", 1).unwrap();
    let group = bed.name("killed");
    let settings = [("session.timeout.ms", "45000"), ("client.id", "victim")];
    let member = bed
        .join_process(GroupKind::Classic, &topic, &group, &settings)
        .unwrap();
    member.kill();
    let described = bed
        .kafka(
            CONSUMER_GROUPS,
            &["--describe", "--group", &group, "--members"],
        )
        .unwrap();
    assert!(described.contains("victim"), "{described}");
}

#[test]
fn the_python_client_sees_the_three_nodes() {
    let bed = shared();
    let program = "import sys
from confluent_kafka.admin import AdminClient
found = AdminClient({'bootstrap.servers': sys.argv[1]}).list_topics(timeout=20)
print(sorted(found.brokers))";
    let boot = bed.bootstrap(Listener::Plaintext);
    assert_eq!(bed.python(program, &[&boot]).unwrap(), "[1, 2, 3]\n");
}
