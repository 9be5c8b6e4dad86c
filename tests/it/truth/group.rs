//! The group tools: groups of all types, members, committed offsets and lag, against Kafka's own group commands.

mod lag;
mod outlook;
mod verdict;

use super::{CONFIGS, CONSUMER_GROUPS, GROUPS, client, eventually, find, line, rows, says, steady};
use crate::support::bed::{Bed, CommitPlan, GroupKind, RecordPlan, shared};
use crate::support::mcp::{Answer, Wire};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};

const SHARE_GROUPS: &str = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
const STREAMS_GROUPS: &str = "org.apache.kafka.tools.streams.StreamsGroupCommand";

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// One section of a group as Kafka's tool for its type describes it, in words.
fn described(bed: &Bed, class: &str, group: &str, section: &[&str]) -> Vec<Vec<String>> {
    let mut args = vec!["--describe", "--group", group];
    args.extend(section);
    let said = bed.kafka(class, &args).unwrap();
    let own = |words: Vec<&str>| words.into_iter().map(String::from).collect();
    let mut all: Vec<Vec<String>> = rows(&said, group).into_iter().map(own).collect();
    all.sort();
    all
}

/// `topic:0,1` of our assignment.
fn held(row: &Value) -> String {
    let held = |t: &Value| {
        let partitions = t["partitions"].as_array().unwrap();
        let partitions: Vec<String> = partitions.iter().map(Value::to_string).collect();
        format!("{}:{}", t["topic"].as_str().unwrap(), partitions.join(","))
    };
    let all: Vec<String> = row["assignment"]
        .as_array()
        .unwrap()
        .iter()
        .map(held)
        .collect();
    all.join(" ")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_string()
}

/// Stable, with so many members, each of which holds something.
fn settled(answer: &Answer, members: usize) -> bool {
    let rows = answer.data["members"].as_array().unwrap();
    let busy = |m: &Value| {
        m["assignment"].as_array().is_some_and(|a| !a.is_empty()) || m.get("tasks").is_some()
    };
    answer.data["state"] == "Stable" && rows.len() == members && rows.iter().all(busy)
}

/// Deletes all records before `offset`.
fn delete_before(bed: &Bed, topic: &str, partition: i32, offset: i64) {
    let file = std::env::temp_dir().join(bed.name("delete"));
    let plan = json!({"version": 1, "partitions": [{"topic": topic, "partition": partition, "offset": offset}]});
    std::fs::write(&file, plan.to_string()).unwrap();
    let said = bed.kafka(
        "org.apache.kafka.tools.DeleteRecordsCommand",
        &["--offset-json-file", file.to_str().unwrap()],
    );
    std::fs::remove_file(&file).unwrap();
    let said = said.unwrap();
    assert!(said.contains(&format!("low_watermark: {offset}")), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_all_four_types_are_listed_and_described_as_kafka_does() {
    let bed = shared();
    let topic = bed.plant_topic("grouped", 4).unwrap();
    let records: Vec<RecordPlan> = (0..8)
        .map(|i| RecordPlan::value("v").key("k").partition(i % 4))
        .collect();
    bed.produce(&topic, &records).unwrap();
    let name = |word: &str| format!("{topic}.{word}");
    let share = name("share");
    let earliest = [
        "--alter",
        "--entity-type",
        "groups",
        "--entity-name",
        &share,
        "--add-config",
        "share.auto.offset.reset=earliest",
    ];
    bed.kafka(CONFIGS, &earliest).unwrap();
    let join = |kind, word: &str, client: &str| {
        let settings: &[(&str, &str)] = match kind {
            GroupKind::Streams => &[("client.id", client), ("commit.interval.ms", "100")],
            _ => &[("client.id", client)],
        };
        bed.join(kind, &topic, &name(word), settings).unwrap()
    };
    let _members = [
        join(GroupKind::Classic, "classic", "first"),
        join(GroupKind::Classic, "classic", "second"),
        join(GroupKind::Consumer, "consumer", "first"),
        join(GroupKind::Consumer, "consumer", "second"),
        join(GroupKind::Share, "share", "sharer"),
        join(GroupKind::Streams, "streams", "app"),
    ];
    bed.commit(&[CommitPlan::new(&name("empty")).at(&topic, 0, 1)])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let expected = [
        ("classic", 2),
        ("consumer", 2),
        ("share", 1),
        ("streams", 1),
        ("empty", 0),
    ];
    for (word, members) in expected {
        let ask = async || {
            client
                .call("kafka_group_describe", json!({"group": name(word)}))
                .await
        };
        if members > 0 {
            eventually(&ask, |a| settled(a, members)).await;
        }
    }

    // The list.
    let listed = bed.kafka(GROUPS, &["--list"]).unwrap();
    let answer = client
        .call(
            "kafka_group_list",
            json!({"pattern": topic, "detail": "detailed"}),
        )
        .await;
    assert_eq!(answer.data["total"], 5);
    for (word, members) in expected {
        let group = name(word);
        let row = find(&answer.data["groups"], "group", group.as_str());
        let truth = &rows(&listed, &group)[0];
        assert_eq!(text(&row["type"]), truth[1].to_lowercase());
        assert_eq!(
            row.get("protocol_type").map(text).as_deref(),
            truth.get(2).copied(),
            "{row}"
        );
        assert_eq!(row["state"], if members > 0 { "Stable" } else { "Empty" });
        assert_eq!(row["members"], members);
        let class = match word {
            "share" => SHARE_GROUPS,
            "streams" => STREAMS_GROUPS,
            _ => CONSUMER_GROUPS,
        };
        // Coordinator `host:port (id)`, with or without a blank before the id.
        let state = &described(&bed, class, &group, &["--state"])[0];
        let id = state
            .iter()
            .find(|w| w.starts_with('('))
            .unwrap()
            .trim_matches(['(', ')']);
        assert_eq!(row["coordinator"].to_string(), id);
        let shown = line(&answer, &group);
        assert_eq!(
            shown[1..3],
            [text(&row["type"]).as_str(), text(&row["state"]).as_str()]
        );
        assert_eq!(shown[shown.len() - 2..], [members.to_string().as_str(), id]);
    }
    for word in ["share", "streams", "consumer"] {
        let asked = json!({"pattern": topic, "type": word});
        let answer = client.call("kafka_group_list", asked).await;
        assert_eq!(
            (&answer.data["total"], &answer.data["groups"][0]["group"]),
            (&json!(1), &json!(name(word)))
        );
    }
    let empty = client
        .call(
            "kafka_group_list",
            json!({"pattern": topic, "state": "empty"}),
        )
        .await;
    assert_eq!(empty.data["groups"][0]["group"], name("empty"));
    assert_eq!(empty.data["total"], 1);

    // Members of consumer groups old and new: id, host, client, number of partitions, epoch, assignment.
    for word in ["classic", "consumer"] {
        let group = name(word);
        let truth = described(&bed, CONSUMER_GROUPS, &group, &["--members", "--verbose"]);
        let state = &described(&bed, CONSUMER_GROUPS, &group, &["--state"])[0];
        let answer = client
            .call("kafka_group_describe", json!({"group": group}))
            .await;
        assert_eq!(answer.data["type"], word);
        assert_eq!(
            [text(&answer.data["assignor"]), text(&answer.data["state"])],
            state[3..5]
        );
        assert_eq!(truth.len(), 2);
        for member in &truth {
            let row = find(&answer.data["members"], "member_id", member[1].as_str());
            assert_eq!([text(&row["host"]), text(&row["client_id"])], member[2..4]);
            let epoch = row.get("epoch").map_or("-".to_string(), Value::to_string);
            assert_eq!([epoch, held(row)], member[5..7]);
            assert!(row.get("target").is_none(), "nothing is under way: {row}");
            says(&answer, &[&member[1], &member[2], &member[3], &member[6]]);
        }
        says(
            &answer,
            &[&format!(
                "{word} group {group}: Stable, 2 members, assignor {}",
                state[3]
            )],
        );
    }
    // A share group's member.
    let truth = &described(&bed, SHARE_GROUPS, &share, &["--members", "--verbose"])[0];
    let answer = client
        .call("kafka_group_describe", json!({"group": share}))
        .await;
    let row = &answer.data["members"][0];
    assert_eq!(
        [
            text(&row["member_id"]),
            text(&row["host"]),
            text(&row["client_id"])
        ],
        truth[1..4]
    );
    assert_eq!([row["epoch"].to_string(), held(row)], truth[5..7]);
    says(&answer, &["share group", &truth[1], &truth[6]]);
    // A streams group's member, and its sub-topologies.
    let streams = name("streams");
    let truth = &described(&bed, STREAMS_GROUPS, &streams, &["--members", "--verbose"])[0];
    let answer = client
        .call("kafka_group_describe", json!({"group": streams}))
        .await;
    let row = &answer.data["members"][0];
    assert_eq!(
        [text(&row["member_id"]), text(&row["client_id"])],
        [truth[3].clone(), truth[7].clone()]
    );
    let active = truth.iter().position(|w| w == "ACTIVE:").unwrap();
    let active: Vec<&String> = truth[active + 1..]
        .iter()
        .take_while(|w| w.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    let tasks = row["tasks"].as_array().unwrap();
    let ours: Vec<String> = tasks
        .iter()
        .filter(|t| t["role"] == "active")
        .map(|t| format!("{}:{};", text(&t["subtopology"]), t["partitions"]))
        .collect();
    assert_eq!(ours.iter().collect::<Vec<_>>(), active);
    let sources: Vec<&Value> = answer.data["subtopologies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| &s["topics"])
        .collect();
    assert_eq!(
        sources,
        [
            &json!([topic]),
            &json!([format!("{streams}-counts-repartition")])
        ]
    );
    says(&answer, &["streams group", &truth[3], "active 0:0,1,2,3"]);

    // Lag of the two new types: what their coordinators and Kafka's tools count.
    let ask = async || {
        client
            .call("kafka_group_lag", json!({"group": share}))
            .await
    };
    let truth = || described(&bed, SHARE_GROUPS, &share, &["--offsets"]);
    let known = |a: &Answer| {
        a.data["groups"][0]["lag"] == 0
            && a.data["groups"][0]["partitions"]
                .as_array()
                .is_some_and(|p| p.len() == 4)
    };
    eventually(&ask, known).await;
    let (truth, answer) = steady(truth, &ask).await;
    for row in &truth {
        let ours = find(
            &answer.data["groups"][0]["partitions"],
            "partition",
            row[2].parse::<i64>().unwrap(),
        );
        assert_eq!(
            [ours["committed"].to_string(), ours["lag"].to_string()],
            row[3..5],
            "{truth:?}"
        );
    }
    let ask = async || {
        client
            .call(
                "kafka_group_lag",
                json!({"group": streams, "topic": format!("/^{topic}$/")}),
            )
            .await
    };
    let done =
        |a: &Answer| a.data["groups"][0]["lag"] == 0 && a.data["groups"][0]["no_commit"] == 0;
    eventually(&ask, done).await;
    let truth = || described(&bed, STREAMS_GROUPS, &streams, &["--offsets"]);
    let (truth, answer) = steady(truth, &ask).await;
    for row in truth.iter().filter(|r| r[1] == topic) {
        let ours = find(
            &answer.data["groups"][0]["partitions"],
            "partition",
            row[2].parse::<i64>().unwrap(),
        );
        assert_eq!(ours["lag"].to_string(), row[3], "{truth:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_that_does_not_exist_is_an_error_with_near_names() {
    let bed = shared();
    let topic = bed.plant_topic("near", 1).unwrap();
    let group = bed.name("billing");
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 0)])
        .unwrap();
    let wrong = group.replacen("billing", "biling", 1);
    let client = client(&bed, Wire::StdioModern).await;
    for tool in ["kafka_group_describe", "kafka_group_lag"] {
        let answer = client.refused(tool, json!({"group": wrong})).await;
        assert_eq!(answer.data["code"], "unknown_group");
        says(&answer, &[&wrong, &format!("Nearest: `{group}`")]);
    }
    let listed = bed.kafka(GROUPS, &["--list"]).unwrap();
    assert!(
        rows(&listed, &wrong).is_empty(),
        "asking must not create the group"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_strangers_chose_stay_in_their_line() {
    let bed = shared();
    let topic = bed.plant_topic("named", 1).unwrap();
    let stem = bed.name("hostile");
    let group = format!("{stem}\n\u{1b}[2Jforged  classic  Stable");
    bed.commit(&[CommitPlan::new(&group).at(&topic, 0, 0)])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let listed = client
        .call("kafka_group_list", json!({"pattern": stem}))
        .await;
    assert_eq!(
        listed.data["groups"][0]["group"], group,
        "the data holds the true name"
    );
    let (lag, described) = (
        client.call("kafka_group_lag", json!({"group": group})),
        client.call("kafka_group_describe", json!({"group": group})),
    );
    let misspelt = client
        .refused(
            "kafka_group_describe",
            json!({"group": format!("{stem} forged  classic  Stable")}),
        )
        .await;
    for answer in [listed, lag.await, described.await, misspelt] {
        assert!(!answer.text.contains('\u{1b}'), "{:?}", answer.text);
        assert!(
            answer.text.lines().all(|l| !l.starts_with("forged")),
            "{}",
            answer.text
        );
    }
}
