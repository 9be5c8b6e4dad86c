//! kafka_acl_list against AclCommand, and its decisions against the authorizer itself.

use super::{eventually, find, pages, says};
use crate::support::bed::{Bed, shared};
use crate::support::mcp::{Client, Wire};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const ACLS: &str = "org.apache.kafka.tools.AclCommand";

async fn all_tools(bed: &Bed) -> Client {
    let bootstrap = bed.bootstrap(crate::support::bed::Listener::Plaintext);
    Client::start(
        Wire::StdioModern,
        &["--bootstrap", &bootstrap, "--toolsets", "all"],
    )
    .await
}

/// ACLs of a test; taken back when dropped.
struct Planted<'a> {
    bed: &'a Bed,
    given: Vec<Vec<String>>,
}

impl<'a> Planted<'a> {
    /// Each entry: words of AclCommand behind `--add`.
    fn new(bed: &'a Bed, entries: &[&[&str]]) -> Self {
        let mut planted = Self {
            bed,
            given: Vec::new(),
        };
        for entry in entries {
            bed.kafka(ACLS, &[&["--add"][..], entry].concat()).unwrap();
            let words = entry.iter().map(|w| (*w).to_owned());
            planted.given.push(words.collect());
        }
        planted
    }
}

impl Drop for Planted<'_> {
    fn drop(&mut self) {
        for entry in &self.given {
            let words: Vec<&str> = entry.iter().map(String::as_str).collect();
            let words = [&["--remove", "--force"][..], &words].concat();
            let removed = self.bed.kafka(ACLS, &words);
            assert!(removed.is_ok() || std::thread::panicking(), "{removed:?}");
        }
    }
}

/// Resource, name, pattern, principal, host, operation, permission.
type Acl = [String; 7];

/// What AclCommand lists, with the principals and names that contain `own`.
fn listed(bed: &Bed, args: &[&str], own: &str) -> BTreeSet<Acl> {
    let said = bed.kafka(ACLS, &[&["--list"][..], args].concat()).unwrap();
    let mut resource = [String::new(), String::new(), String::new()];
    let mut acls = BTreeSet::new();
    for line in said.lines() {
        let value = |key: &str| {
            let rest = line.split_once(&format!("{key}="))?.1;
            Some(rest.split([',', ')']).next()?.to_lowercase())
        };
        if let (Some(kind), Some(name), Some(pattern)) =
            (value("resourceType"), value("name"), value("patternType"))
        {
            resource = [kind, name, pattern];
        } else if let (Some(principal), Some(host), Some(operation), Some(permission)) = (
            value("principal"),
            value("host"),
            value("operation"),
            value("permissionType"),
        ) {
            let [kind, name, pattern] = resource.clone();
            acls.insert([kind, name, pattern, principal, host, operation, permission]);
        }
    }
    acls.retain(|acl| acl[1].contains(own) || acl[3].contains(own));
    acls
}

/// The same of our rows, an ACL for each operation.
fn ours(rows: &[Value], own: &str) -> BTreeSet<Acl> {
    let mut acls = BTreeSet::new();
    for row in rows {
        let text = |key: &str| row[key].as_str().unwrap().to_lowercase();
        for operation in row["operations"].as_array().unwrap() {
            acls.insert([
                text("resource"),
                text("name"),
                text("pattern"),
                text("principal"),
                text("host"),
                operation.as_str().unwrap().to_owned(),
                text("permission"),
            ]);
        }
    }
    acls.retain(|acl| acl[1].contains(own) || acl[3].contains(own));
    acls
}

#[tokio::test(flavor = "multi_thread")]
async fn acls_of_every_kind_are_as_kafka_lists_them() {
    let bed = shared();
    let own = bed.name("acl");
    let principal = format!("User:{own}");
    let (topic, prefix) = (format!("{own}-orders"), format!("{own}-"));
    let allow = ["--allow-principal", principal.as_str()];
    let entries: Vec<Vec<&str>> = [
        &[
            "--operation",
            "Read",
            "--operation",
            "Describe",
            "--topic",
            &topic,
        ][..],
        &[
            "--operation",
            "Write",
            "--topic",
            &prefix,
            "--resource-pattern-type",
            "prefixed",
        ],
        &["--operation", "DescribeConfigs", "--topic", "*"],
        &["--operation", "All", "--group", &own],
        &[
            "--operation",
            "ClusterAction",
            "--operation",
            "IdempotentWrite",
            "--cluster",
        ],
        &["--operation", "TwoPhaseCommit", "--transactional-id", &own],
        &["--operation", "Describe", "--delegation-token", &own],
        &[
            "--operation",
            "CreateTokens",
            "--operation",
            "DescribeTokens",
            "--user-principal",
            "User:bob",
        ],
        &[
            "--operation",
            "AlterConfigs",
            "--topic",
            &topic,
            "--allow-host",
            "10.1.2.3",
        ],
    ]
    .map(|entry| [&allow[..], entry].concat())
    .into();
    let mut entries: Vec<&[&str]> = entries.iter().map(Vec::as_slice).collect();
    let deny = [
        "--deny-principal",
        &principal,
        "--operation",
        "Delete",
        "--topic",
        &topic,
    ];
    let everybody = [
        "--allow-principal",
        "User:*",
        "--operation",
        "Alter",
        "--topic",
        &prefix,
        "--resource-pattern-type",
        "prefixed",
    ];
    entries.extend([&deny[..], &everybody]);
    let _planted = Planted::new(&bed, &entries);
    let client = all_tools(&bed).await;

    // Everything stored, page by page; brokers learn of it a moment later than the controller.
    let truth = listed(&bed, &[], &own);
    assert_eq!(truth.len(), 14, "{truth:#?}");
    let everything = json!({"pattern": "any", "limit": 1000});
    let ask = async || client.call("kafka_acl_list", everything.clone()).await;
    let rows = |data: &Value| data["acls"].as_array().unwrap().clone();
    let whole = eventually(ask, |a| ours(&rows(&a.data), &own) == truth).await;
    assert_eq!(whole.data["authorizer"], true);
    let paged = pages(
        &client,
        "kafka_acl_list",
        json!({"principal": principal, "pattern": "any", "limit": 3}),
        "acls",
    )
    .await;
    let of_principal = listed(&bed, &["--principal", &principal], &own);
    assert_eq!(ours(&paged, &own), of_principal);

    // What Kafka selects, we select.
    for (arguments, args) in [
        (
            json!({"resource": "topic", "name": topic}),
            vec!["--topic", &topic, "--resource-pattern-type", "match"],
        ),
        (
            json!({"resource": "topic", "name": topic, "pattern": "literal"}),
            vec!["--topic", &topic],
        ),
        (
            json!({"resource": "TOPIC", "name": prefix, "pattern": "prefixed"}),
            vec!["--topic", &prefix, "--resource-pattern-type", "prefixed"],
        ),
        (
            json!({"resource": "topic", "name": prefix, "pattern": "any"}),
            vec!["--topic", &prefix, "--resource-pattern-type", "any"],
        ),
        (
            json!({"resource": "transactionalId", "name": own, "pattern": "any"}),
            vec!["--transactional-id", &own, "--resource-pattern-type", "any"],
        ),
        (
            json!({"resource": "group", "name": own}),
            vec!["--group", &own, "--resource-pattern-type", "match"],
        ),
    ] {
        let answer = client.call("kafka_acl_list", arguments.clone()).await;
        let truth = listed(&bed, &args, &own);
        assert_eq!(ours(&rows(&answer.data), &own), truth, "{arguments}");
        assert!(!truth.is_empty(), "{arguments}");
    }
    let denials = json!({"principal": own, "permission": "deny"});
    let denials = client.call("kafka_acl_list", denials).await;
    let only: Vec<_> = ours(&rows(&denials.data), &own).into_iter().collect();
    assert_eq!((only.len(), only[0][5].as_str()), (1, "delete"));
    says(&denials, &["DENY", &principal, "delete", "super.users"]);
    let none = json!({"principal": format!("{own}-nobody"), "pattern": "any"});
    says(
        &client.call("kafka_acl_list", none).await,
        &["no ACLs fit", "super.users"],
    );
    let wrong = client
        .refused("kafka_acl_list", json!({"operation": "rite"}))
        .await;
    assert!(
        wrong.text.contains("allowed: one of all, read") && wrong.text.contains("`write`"),
        "{}",
        wrong.text
    );
}

/// Arguments: bootstrap, user, password, topics. Prints what the broker says that this user may do.
const AUTHORIZED: &str = r#"
import sys, json
from confluent_kafka.admin import AdminClient
from confluent_kafka import TopicCollection
boot, user, password = sys.argv[1:4]
admin = AdminClient({'bootstrap.servers': boot, 'security.protocol': 'SASL_PLAINTEXT', 'sasl.mechanism': 'PLAIN', 'sasl.username': user, 'sasl.password': password})
found = admin.describe_topics(TopicCollection(sys.argv[4:]), include_authorized_operations=True, request_timeout=20)
print(json.dumps({name: sorted(o.name.lower() for o in f.result().authorized_operations) for name, f in found.items()}))
"#;

#[tokio::test(flavor = "multi_thread")]
async fn what_acls_decide_is_what_the_authorizer_decides() {
    let bed = shared();
    let own = bed.name("decide");
    let topics = ["implied", "denied", "everybody"].map(|end| format!("{own}-{end}"));
    let [implied, denied, everybody] = &topics;
    for topic in &topics {
        bed.plant_topics(&[crate::support::bed::TopicPlan::new(topic, 1)])
            .unwrap();
    }
    let allow = ["--allow-principal", "User:alice"];
    let _planted = Planted::new(
        &bed,
        &[
            &[
                &allow[..],
                &[
                    "--operation",
                    "Write",
                    "--topic",
                    implied,
                    "--resource-pattern-type",
                    "prefixed",
                ],
            ]
            .concat(),
            &[
                &allow[..],
                &["--operation", "AlterConfigs", "--topic", implied],
            ]
            .concat(),
            &[&allow[..], &["--operation", "All", "--topic", denied]].concat(),
            &[
                "--deny-principal",
                "User:*",
                "--operation",
                "Delete",
                "--topic",
                denied,
            ],
            &[
                "--deny-principal",
                "User:alice",
                "--operation",
                "DescribeConfigs",
                "--topic",
                denied,
            ],
            &[
                "--allow-principal",
                "User:*",
                "--operation",
                "Describe",
                "--operation",
                "Read",
                "--topic",
                everybody,
            ],
        ],
    );
    let client = all_tools(&bed).await;
    let sasl = bed.bootstrap(crate::support::bed::Listener::SaslPlaintext);
    let operations = [
        "read",
        "write",
        "create",
        "delete",
        "alter",
        "describe",
        "describe_configs",
        "alter_configs",
    ];
    let until = std::time::Instant::now() + super::LIMIT;
    loop {
        let mut args = vec![sasl.as_str(), "alice", "alice-secret"];
        args.extend(topics.iter().map(String::as_str));
        let said = bed.python(AUTHORIZED, &args);
        let mut differences = Vec::new();
        let mut allowed = 0;
        if let Ok(said) = &said {
            let truth: Value = serde_json::from_str(said.trim()).unwrap();
            for topic in &topics {
                for operation in operations {
                    let question = json!({"principal": "alice", "resource": "topic", "name": topic, "operation": operation});
                    let answer = client.call("kafka_acl_list", question).await;
                    let ours = answer.data["decision"] == "allowed";
                    let authorized = truth[topic].as_array().unwrap().contains(&json!(operation));
                    allowed += usize::from(authorized);
                    if ours != authorized {
                        differences.push(format!("{topic} {operation}: {}", answer.text));
                    }
                }
            }
        }
        if differences.is_empty() && allowed == 12 {
            break;
        }
        assert!(
            std::time::Instant::now() < until,
            "{said:?}\n{differences:#?}"
        );
    }
    let question =
        json!({"principal": "alice", "resource": "topic", "name": denied, "operation": "delete"});
    let answer = client.call("kafka_acl_list", question).await;
    assert_eq!(answer.data["decision"], "denied", "{}", answer.text);
    assert_eq!(
        find(&answer.data["acls"], "permission", "deny")["principal"],
        "User:*"
    );
    says(&answer, &[": denied", "User:*"]);
    let question =
        json!({"principal": "alice", "resource": "topic", "name": everybody, "operation": "alter"});
    let answer = client.call("kafka_acl_list", question).await;
    assert_eq!(answer.data["decision"], "not_allowed", "{}", answer.text);
    says(&answer, &["no ACL allows it"]);
    // The tool is not among those that are on by default.
    let default = super::client(&bed, Wire::StdioModern).await;
    assert!(!default.tools().contains_key("kafka_acl_list"));
    bed.drop_topics(&topics).unwrap();
}
