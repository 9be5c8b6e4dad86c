//! The cluster tools: brokers, controller, quorum, features, log dirs, totals, health.

use super::{TOPICS, client, fields, find, line, log_dirs, rows, says, steady};
use crate::support::bed::{Bed, Listener, RecordPlan, TopicPlan, shared};
use crate::support::mcp::{Wire, none};
use serde_json::{Value, json};

const QUORUM: &str = "org.apache.kafka.tools.MetadataQuorumCommand";

/// ClusterTool takes the bootstrap behind its verb.
fn cluster_tool(bed: &Bed, verb: &str) -> String {
    let boot = bed.bootstrap(Listener::Plaintext);
    let class = "org.apache.kafka.tools.ClusterTool";
    bed.tool(&[class, verb, "--bootstrap-server", &boot], "")
        .unwrap()
}

/// The value of `Name:   value` in the quorum's status.
fn status(bed: &Bed, name: &str) -> String {
    let said = bed.kafka(QUORUM, &["describe", "--status"]).unwrap();
    let found = said
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    found.expect("the status names it").trim().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn brokers_racks_ports_and_cluster_id_are_as_kafka_lists_them() {
    let bed = shared();
    let client = client(&bed, Wire::StdioModern).await;
    let answer = client.call("kafka_cluster_describe", none()).await;
    let listed = cluster_tool(&bed, "list-endpoints");
    let brokers: Vec<Vec<&str>> = listed
        .lines()
        .skip(1)
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(
        answer.data["brokers"].as_array().unwrap().len(),
        brokers.len()
    );
    for words in brokers {
        let [id, host, port, rack, state, ..] = words[..] else {
            panic!("{listed}")
        };
        let row = find(
            &answer.data["brokers"],
            "broker",
            id.parse::<i64>().unwrap(),
        );
        let address = format!("{host}:{port}");
        assert_eq!(row["address"], address);
        assert_eq!(row["rack"], rack);
        assert_eq!((state, &row["state"]), ("unfenced", &json!("online")));
        assert_eq!(line(&answer, id)[..4], [id, &address, rack, "online"]);
    }
    let id = cluster_tool(&bed, "cluster-id");
    let id = id.trim().strip_prefix("Cluster ID: ").unwrap();
    assert_eq!(answer.data["cluster_id"], id);
    says(&answer, &[id]);
    assert!(answer.data.get("sandbox").is_none());
    // A metadata answer names a random broker; the quorum's leader is asked again and again by new processes.
    for _ in 0..4 {
        let client = super::client(&bed, Wire::StdioLegacy).await;
        let ask = async || client.call("kafka_cluster_describe", none()).await;
        let (leader, answer) = steady(|| bed.quorum_leader().unwrap(), ask).await;
        assert_eq!(answer.data["controller"]["id"], leader);
        says(&answer, &[&format!("controller {leader} (")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_quorum_and_its_lag_are_as_kafka_describes_them() {
    let bed = shared();
    let client = client(&bed, Wire::StdioModern).await;
    let detailed = json!({"detail": "detailed"});
    let mark = || status(&bed, "HighWatermark").parse::<i64>().unwrap();
    let before = mark();
    let truth = || {
        (
            status(&bed, "LeaderId"),
            status(&bed, "LeaderEpoch"),
            status(&bed, "CurrentVoters"),
        )
    };
    let ask = async || {
        client
            .call("kafka_cluster_describe", detailed.clone())
            .await
    };
    let ((leader, epoch, voters), answer) = steady(truth, ask).await;
    let after = mark();
    let leader: i64 = leader.parse().unwrap();
    assert_eq!(
        answer.data["controller"],
        json!({"id": leader, "epoch": epoch.parse::<i64>().unwrap()})
    );
    let voters: Vec<Value> = serde_json::from_str(&voters).unwrap();
    let quorum = &answer.data["quorum"];
    assert_eq!(quorum.as_array().unwrap().len(), voters.len());
    let end = find(quorum, "id", leader)["log_end_offset"]
        .as_i64()
        .unwrap();
    assert!(
        (before..=after + 16).contains(&end),
        "{before} {end} {after}"
    );
    for voter in &voters {
        let row = find(quorum, "id", voter["id"].clone());
        assert_eq!(row["endpoints"], voter["endpoints"]);
        let is_leader = voter["id"] == leader;
        assert_eq!(row["role"], if is_leader { "leader" } else { "voter" });
        let held = row["log_end_offset"].as_i64().unwrap();
        assert_eq!(row["lag"], end - held, "{row}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn features_are_as_kafka_describes_them() {
    let bed = shared();
    let client = client(&bed, Wire::StdioModern).await;
    let class = "org.apache.kafka.tools.FeatureCommand";
    let said = bed.kafka(class, &["describe"]).unwrap();
    let answer = client
        .call("kafka_cluster_describe", json!({"detail": "detailed"}))
        .await;
    let features = &answer.data["features"];
    let listed = rows(&said, "Feature:");
    assert_eq!(features.as_array().unwrap().len(), listed.len());
    // metadata.version is a number on the wire and a release in that tool.
    let level = |text: &str| -> i64 {
        if let Ok(level) = text.parse() {
            return level;
        }
        let args = ["version-mapping", "--release-version", text];
        let said = bed.kafka(class, &args).unwrap();
        let number = said
            .lines()
            .find_map(|l| l.strip_prefix("metadata.version="));
        let number = number.unwrap().split_whitespace().next().unwrap();
        number.parse().unwrap()
    };
    for words in listed {
        let row = find(features, "feature", words[1]);
        let truth = [words[3], words[5], words[7]].map(level);
        let ours =
            ["supported_min", "supported_max", "finalized"].map(|k| row[k].as_i64().unwrap());
        assert_eq!(ours, truth, "{words:?}");
        let (shown, supported) = (truth[2].to_string(), format!("{}-{}", truth[0], truth[1]));
        assert_eq!(line(&answer, words[1])[1..], [shown, supported]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn log_dirs_and_their_sizes_are_as_kafka_describes_them() {
    let bed = shared();
    let topic = bed.plant_topic("dirs", 3).unwrap();
    bed.produce(&topic, &vec![RecordPlan::value("0123456789"); 30])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let truth = || {
        let said = log_dirs(&bed, &[]);
        let mut dirs = Vec::new();
        for broker in said["brokers"].as_array().unwrap() {
            for dir in broker["logDirs"].as_array().unwrap() {
                let partitions = dir["partitions"].as_array().unwrap();
                let size: i64 = partitions.iter().map(|p| p["size"].as_i64().unwrap()).sum();
                let path = dir["logDir"].as_str().unwrap().to_string();
                dirs.push((
                    broker["broker"].as_i64().unwrap(),
                    path,
                    partitions.len(),
                    size,
                ));
            }
        }
        dirs.sort();
        dirs
    };
    let ask = async || {
        client
            .call("kafka_cluster_describe", json!({"detail": "detailed"}))
            .await
    };
    let (truth, answer) = steady(truth, ask).await;
    let rows = answer.data["log_dirs"].as_array().unwrap();
    let mut ours: Vec<_> = rows
        .iter()
        .map(|d| {
            let number = |key: &str| d[key].as_i64().unwrap();
            let path = d["path"].as_str().unwrap().to_string();
            let replicas = usize::try_from(number("replicas")).unwrap();
            (number("broker"), path, replicas, number("size_bytes"))
        })
        .collect();
    ours.sort();
    assert_eq!(ours, truth);
    for (broker, path, ..) in &truth {
        says(&answer, &[path]);
        let of_broker = truth.iter().filter(|d| d.0 == *broker);
        let size: i64 = of_broker.map(|d| d.3).sum();
        assert_eq!(
            find(&answer.data["brokers"], "broker", *broker)["size_bytes"],
            size
        );
    }
    for dir in rows {
        let (total, free) = (
            dir["total_bytes"].as_i64().unwrap(),
            dir["usable_bytes"].as_i64().unwrap(),
        );
        assert!(0 < free && free <= total, "{dir}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn totals_leaders_and_replicas_are_the_sums_of_what_kafka_describes() {
    let bed = shared();
    let client = client(&bed, Wire::StdioModern).await;
    let truth = || bed.kafka(TOPICS, &["--describe"]).unwrap();
    let ask = async || client.call("kafka_cluster_describe", none()).await;
    let (truth, answer) = steady(truth, ask).await;
    let (mut topics, mut internal, mut partitions) = (0, 0, Vec::new());
    for line in truth.lines() {
        let fields = fields(line);
        if fields.contains_key("PartitionCount") {
            topics += 1;
            internal += usize::from(fields["Topic"].starts_with("__"));
        } else if fields.contains_key("Partition") {
            partitions.push(fields);
        }
    }
    let count = |field: &str, broker: i64| {
        let held = |text: &str| {
            text.split(',')
                .filter(|id| *id == broker.to_string())
                .count()
        };
        partitions.iter().map(|p| held(&p[field])).sum::<usize>()
    };
    let replicas: usize = partitions
        .iter()
        .map(|p| p["Replicas"].split(',').count())
        .sum();
    let short = partitions.iter().filter(|p| {
        p["Isr"].split(',').filter(|id| !id.is_empty()).count() < p["Replicas"].split(',').count()
    });
    let offline = partitions.iter().filter(|p| p["Leader"] == "none").count();
    assert_eq!(
        answer.data["totals"],
        json!({
            "topics": topics, "internal_topics": internal, "partitions": partitions.len(), "replicas": replicas,
            "under_replicated_partitions": short.count(), "offline_partitions": offline,
        })
    );
    for row in answer.data["brokers"].as_array().unwrap() {
        let broker = row["broker"].as_i64().unwrap();
        assert_eq!(row["leaders"], count("Leader", broker), "{row}");
        assert_eq!(row["replicas"], count("Replicas", broker), "{row}");
    }
    says(
        &answer,
        &[&format!(
            "({internal} internal), {} partitions, {replicas} replicas",
            partitions.len()
        )],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_judged_by_what_works() {
    let bed = shared();
    let demanding = bed.name("demanding");
    let single = bed.name("single");
    bed.plant_topics(&[
        TopicPlan::assigned(&demanding, &[&[1, 2], &[2, 3]]).config("min.insync.replicas", "3"),
        TopicPlan::new(&single, 1).replication(1),
    ])
    .unwrap();
    // TopicCommand calls it under min ISR, and yet this broker takes acks=all: it asks for no more than there are replicas.
    let said = bed
        .kafka(TOPICS, &["--describe", "--under-min-isr-partitions"])
        .unwrap();
    assert!(said.contains(&demanding), "{said}");
    bed.produce(&demanding, &[RecordPlan::value("taken").partition(0)])
        .unwrap();
    let client = client(&bed, Wire::StdioModern).await;
    let truth = || {
        let listed = |option: &str| {
            let said = bed.kafka(TOPICS, &["--describe", option]).unwrap();
            let all = said
                .lines()
                .map(fields)
                .filter(|f| f.contains_key("Partition"));
            let mut all: Vec<(String, i64)> = all
                .map(|f| (f["Topic"].clone(), f["Partition"].parse().unwrap()))
                .collect();
            all.sort();
            all
        };
        let topics = bed.kafka(TOPICS, &["--list"]).unwrap().lines().count();
        (
            listed("--unavailable-partitions"),
            listed("--under-replicated-partitions"),
            topics,
        )
    };
    let ask = async || client.call("kafka_cluster_health", none()).await;
    let ((offline, short, topics), answer) = steady(truth, ask).await;
    let findings = answer.data["findings"].as_array().unwrap();
    let partitions = |rule: &str| -> Vec<(String, i64)> {
        let found = findings.iter().filter(|f| f["rule"] == rule);
        let listed = found.flat_map(|f| f["partitions"].as_array().unwrap());
        listed
            .map(|p| {
                let topic = p["topic"].as_str().unwrap().to_string();
                (topic, p["partition"].as_i64().unwrap())
            })
            .collect()
    };
    assert_eq!(partitions("offline_partitions"), offline);
    assert_eq!(partitions("under_replicated"), short);
    assert!(
        !partitions("under_min_isr").iter().any(|p| p.0 == demanding),
        "{answer:?}"
    );
    assert_eq!(answer.data["topics"], topics);
    assert_eq!(answer.data["brokers_online"], 3);
    assert_eq!(answer.data["brokers_expected"], 3);
    for (rule, topic) in [
        ("min_isr_not_below_replication", &demanding),
        ("replication_factor_one", &single),
    ] {
        let finding = find(&answer.data["findings"], "rule", rule);
        let topics = finding["topics"].as_array().unwrap();
        assert!(topics.contains(&json!(topic)), "{finding}");
        for part in ["meaning", "remedy"] {
            says(&answer, &[rule, finding[part].as_str().unwrap()]);
        }
    }
    says(&answer, &["3 of 3 brokers online"]);
    bed.drop_topics(&[demanding, single]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn configured_clusters_are_listed_as_configured_and_nothing_is_dialled() {
    // Nobody listens on the port of discard, so a connection would fail the call.
    let client =
        crate::support::mcp::Client::start(Wire::StdioModern, &["--bootstrap", "127.0.0.1:9"])
            .await;
    let answer = client.call("kafka_cluster_list", none()).await;
    let rows = answer.data["clusters"].as_array().unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0]["bootstrap"], json!(["127.0.0.1:9"]));
    assert_eq!(rows[0]["security"], "PLAINTEXT");
    assert_eq!(rows[0]["default"], true);
    says(&answer, &["127.0.0.1:9", "PLAINTEXT"]);
}
