//! Verdicts on real groups that are driven into each state, from looks and from their commits.

use super::super::{eventually, find, says};
use super::outlook::{client, lag, member, only};
use crate::support::bed::{CommitPlan, GroupKind, Listener, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_are_right_on_groups_in_each_state() {
    let bed = shared();
    let topic = bed.plant_topic("verdict", 1).unwrap();
    let stem = bed.name("verdict");
    let name = |word: &str| format!("{stem}.{word}");
    let _flow = bed.flow(&topic, &[(0, 60)]).unwrap();
    let paced = [("plant.pace.ms", "100")];
    let poison = [("plant.pace.ms", "40"), ("plant.poison", "100")];
    let auto = [
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", "100"),
    ];
    let _healthy = member(&bed, &topic, &name("healthy"), &auto);
    let _slow = member(&bed, &topic, &name("slow"), &paced);
    let stopped = member(&bed, &topic, &name("stopped"), &paced);
    let rewound = member(&bed, &topic, &name("rewound"), &paced);
    let client = client(&bed).await;

    // The first look alone tells nothing, and says so.
    let first = client.call("kafka_group_lag", json!({"group": stem})).await;
    assert_eq!(first.data["total"], 4);
    for row in first.data["groups"].as_array().unwrap() {
        assert_eq!(row["outlook"]["samples"], 1, "{row:#}");
        let verdict = row["outlook"].get("verdict");
        assert!(
            verdict.is_none_or(|v| v == "ok" && row["lag"] == 0),
            "{row:#}"
        );
    }
    says(&first, &["one look tells no direction"]);
    // Seen to move before it stands still: what never moved may commit but once a minute.
    let _poisoned = member(&bed, &topic, &name("poisoned"), &poison);

    let verdict = |answer: &Answer, word: &str| {
        let row = find(&answer.data["groups"], "group", name(word));
        row["outlook"]["verdict"].as_str().map(str::to_owned)
    };
    let ask = async || client.call("kafka_group_lag", json!({"group": stem})).await;
    let living = [("healthy", "ok"), ("slow", "warn"), ("poisoned", "stall")];
    let all = |a: &Answer| {
        living
            .iter()
            .all(|(word, v)| verdict(a, word).as_deref() == Some(v))
    };
    let answer = eventually(&ask, all).await;
    says(&answer, &["WARN", "STALL", "OK", "growing"]);
    // On its own a group says why.
    let named = |a: &Answer| only(a)["outlook"].get("slowest").is_some();
    let alone = eventually(async || lag(&client, &name("poisoned")).await, named).await;
    let outlook = &only(&alone)["outlook"];
    assert_eq!(outlook["verdict"], "stall");
    says(&alone, &["verdict STALL: ", &format!("{topic}-0: ")]);
    assert!(outlook.get("drain_s").is_none(), "{outlook:#}");
    assert_eq!(outlook["slowest"], format!("{topic}-0"));
    let row = &only(&alone)["partitions"][0];
    assert_eq!(
        (&row["verdict"], &row["committed"]),
        (&json!("stall"), &json!(100))
    );

    // One goes away, and one is set back after it went away.
    drop(stopped);
    drop(rewound);
    let empty = |a: &Answer| only(a)["state"] == "Empty";
    eventually(async || lag(&client, &name("rewound")).await, empty).await;
    bed.commit(&[CommitPlan::new(&name("rewound")).at(&topic, 0, 1)])
        .unwrap();
    let mut seen = BTreeMap::new();
    let until = Instant::now() + Duration::from_secs(60);
    while !seen.contains_key("rewound") || !seen.contains_key("stopped") {
        let answer = ask().await;
        for (word, expected) in [("rewound", "rewind"), ("stopped", "stop")] {
            if verdict(&answer, word).as_deref() == Some(expected) {
                seen.insert(word, answer.text.clone());
            }
        }
        assert!(Instant::now() < until, "{}\n{seen:#?}", answer.text);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(seen["rewound"].contains("REWIND") && seen["stopped"].contains("STOP"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_question_is_answered_from_commits_that_were_made_before_it() {
    let bed = shared();
    let topic = bed.plant_topic("logged", 1).unwrap();
    let stem = bed.name("logged");
    let name = |word: &str| format!("{stem}.{word}");
    let _flow = bed.flow(&topic, &[(0, 100)]).unwrap();
    let paced = [("plant.pace.ms", "50")];
    let auto = [
        ("enable.auto.commit", "true"),
        ("auto.commit.interval.ms", "100"),
    ];
    let poison = [("plant.pace.ms", "10"), ("plant.poison", "30")];
    let _members = [
        member(&bed, &topic, &name("healthy"), &auto),
        member(&bed, &topic, &name("slow"), &paced),
        member(&bed, &topic, &name("poisoned"), &poison),
        bed.join(GroupKind::Consumer, &topic, &name("slow-new"), &paced)
            .unwrap(),
    ];
    let stopped = member(&bed, &topic, &name("stopped"), &paced);
    let rewound = member(&bed, &topic, &name("rewound"), &paced);
    let watch = client(&bed).await;
    let committed = |a: &Answer| {
        let rows = a.data["groups"].as_array().unwrap();
        rows.iter()
            .all(|r| r["partition_count"] == 1 && r["no_commit"] == 0)
    };
    let ask = async || watch.call("kafka_group_lag", json!({"group": stem})).await;
    eventually(&ask, committed).await;
    // Some two seconds of commits.
    let moved = |a: &Answer| only(a)["partitions"][0]["committed"].as_i64() > Some(60);
    eventually(async || lag(&watch, &name("rewound")).await, moved).await;
    drop(stopped);
    drop(rewound);
    let empty = |a: &Answer| only(a)["state"] == "Empty";
    eventually(async || lag(&watch, &name("rewound")).await, empty).await;
    bed.commit(&[CommitPlan::new(&name("rewound")).at(&topic, 0, 1)])
        .unwrap();

    // Each answer is a process's first, so there is no look before it.
    let bootstrap = bed.bootstrap(Listener::Plaintext);
    let first = async |word: &str| {
        let client = Client::start(Wire::StdioModern, &["--bootstrap", &bootstrap]).await;
        lag(&client, &name(word)).await
    };
    let rewound = first("rewound").await;
    assert_eq!(
        only(&rewound)["outlook"]["verdict"],
        "rewind",
        "{}",
        rewound.text
    );
    let expected = [
        ("slow", "warn"),
        ("slow-new", "warn"),
        ("poisoned", "stall"),
        ("stopped", "stop"),
    ];
    let until = Instant::now() + Duration::from_secs(60);
    for (word, verdict) in expected {
        // One that stopped is so after as long as its commits spanned.
        loop {
            let answer = first(word).await;
            let outlook = &only(&answer)["outlook"];
            if outlook["verdict"] == verdict {
                assert_eq!(outlook["evidence"], "commits", "{outlook:#}");
                says(&answer, &["commits and looks over"]);
                break;
            }
            assert!(Instant::now() < until, "{word}: {}", answer.text);
        }
    }
    let healthy = first("healthy").await;
    assert_eq!(
        only(&healthy)["outlook"]["verdict"],
        "ok",
        "{}",
        healthy.text
    );
    // The rates of a group that nobody looked at before.
    let told = |a: &Answer| only(a)["outlook"].get("consume_per_s").is_some();
    let slow = eventually(async || first("slow").await, told).await;
    let rate = only(&slow)["outlook"]["consume_per_s"].as_f64().unwrap();
    assert!((14.0..=26.0).contains(&rate), "{}", slow.text);
}
