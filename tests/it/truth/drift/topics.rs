//! kafka_topic_compare: two topics of one cluster, and one topic on two clusters.

use super::{client, differing, rows, truth};
use crate::support::bed::{RecordPlan, TopicPlan, second, shared};
use crate::truth::says;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn topics_made_alike_are_identical_and_the_answer_says_by_what() {
    let bed = shared();
    let (a, b) = (bed.name("alike"), bed.name("alike"));
    let plan = |name: &str| {
        TopicPlan::assigned(name, &[&[1, 2], &[2, 3]]).config("retention.ms", "604800000")
    };
    bed.plant_topics(&[plan(&a), plan(&b)]).unwrap();
    assert_eq!(truth(&bed, &a), truth(&bed, &b));
    let client = client(&bed, second(&bed)).await;
    let answer = client
        .call("kafka_topic_compare", json!({"left": a, "right": b}))
        .await;
    assert_eq!(answer.data["verdict"], "identical", "{}", answer.text);
    assert_eq!(answer.data["differences"], json!([]));
    let values = truth(&bed, &a).len() - 2;
    let basis = format!(
        "partitions, replication factor, rack spread, placement, {values} configuration values in force"
    );
    says(
        &answer,
        &[": identical", &basis, "not ids, epochs, records"],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn topics_of_one_cluster_differ_in_what_kafka_shows_and_in_placement() {
    let bed = shared();
    let (a, b) = (bed.name("unlike"), bed.name("unlike"));
    bed.plant_topics(&[
        TopicPlan::assigned(&a, &[&[1, 2], &[2, 3]])
            .config("retention.ms", "-1")
            .config("min.insync.replicas", "2"),
        TopicPlan::assigned(&b, &[&[2, 1], &[1, 3]])
            .config("retention.ms", "9223372036854775807")
            .config("unclean.leader.election.enable", "true"),
    ])
    .unwrap();
    bed.produce(&a, &[RecordPlan::value("v"), RecordPlan::value("w")])
        .unwrap();
    let client = client(&bed, second(&bed)).await;
    let asked = json!({"left": a, "right": b, "offsets": true});
    let answer = client.call("kafka_topic_compare", asked).await;
    let row = |key: &str, l: &str, r: &str| (key.to_owned(), l.to_owned(), r.to_owned());
    let expected = [
        row("min.insync.replicas", "2", "1"),
        row("unclean.leader.election.enable", "false", "true"),
        row("offsets held", "2", "0"),
        row(
            "replica placement",
            "as placed",
            "1 of 2 partitions otherwise",
        ),
        row(
            "preferred leaders",
            "as placed",
            "1 of 2 partitions otherwise",
        ),
    ];
    assert_eq!(
        rows(&answer.data["differences"], "topic"),
        expected.into(),
        "{}",
        answer.text
    );
    let weights: Vec<_> = answer.data["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|d| &d["weight"])
        .collect();
    assert_eq!(weights, ["matters", "matters", "note", "note", "note"]);
    says(
        &answer,
        &[
            "differs: 2 differences that matter, 3 notes",
            "2 (topic)",
            "1 (dynamic default broker)",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_name_on_two_clusters_is_compared_by_meaning_and_a_missing_one_names_its_cluster() {
    let left = shared();
    let right = second(&left);
    let name = left.name("both-sides");
    left.plant_topics(&[
        TopicPlan::new(&name, 3)
            .replication(1)
            .config("retention.bytes", "1000"),
        TopicPlan::new(&format!("{name}-only"), 1).replication(1),
    ])
    .unwrap();
    right
        .plant_topics(&[TopicPlan::new(&name, 1).replication(1)])
        .unwrap();
    let client = client(&left, right).await;
    let answer = client
        .call(
            "kafka_topic_compare",
            json!({"left": name, "other": "right"}),
        )
        .await;
    assert_eq!(
        rows(&answer.data["differences"], "topic"),
        differing(&left, right, &name)
    );
    assert_eq!(
        answer.data["right"],
        json!({"cluster": "right", "topic": name})
    );
    says(
        &answer,
        &[&format!("{name} on left against {name} on right: differs")],
    );

    let refused = async |asked| client.refused("kafka_topic_compare", asked).await;
    let absent = refused(json!({"left": format!("{name}-only"), "other": "right"})).await;
    assert_eq!(absent.data["code"], "unknown_topic");
    says(
        &absent,
        &[
            "cluster `right`: ",
            &format!("`{name}-only`"),
            &format!("Nearest: `{name}`"),
        ],
    );
    let typo = refused(json!({"left": format!("{name}x"), "right": name})).await;
    assert_eq!(typo.data["code"], "unknown_topic");
    says(&typo, &["Nearest: ", &format!("`{name}`")]);
    let cluster = refused(json!({"left": name, "other": "rigth"})).await;
    assert_eq!(cluster.data["code"], "unknown_cluster");
    says(&cluster, &["nearest: `right`"]);
    let itself = refused(json!({"left": name})).await;
    assert_eq!(itself.data["code"], "bad_argument");
    says(&itself, &["argument `right`: is the topic on the left"]);
    let alias = refused(json!({"left": name, "other": "alias"})).await;
    assert_eq!(alias.data["code"], "bad_argument");
    says(
        &alias,
        &["argument `other`: `left` and `alias` are one cluster"],
    );
}
