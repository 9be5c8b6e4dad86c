//! What the tools of security and brokers answer to a principal without the rights, and with them.

use super::Grants;
use crate::support::bed::{Bed, Listener, shared};
use crate::support::mcp::{Answer, Client, Wire};
use serde_json::json;
use std::time::{Duration, Instant};

const CONFIGS: &str = "kafka.admin.ConfigCommand";

/// A user of its own, so that no other test's rights come into it; gone when dropped.
struct User<'a> {
    bed: &'a Bed,
    name: String,
}

impl<'a> User<'a> {
    fn new(bed: &'a Bed) -> Self {
        let user = Self {
            bed,
            name: bed.name("rights"),
        };
        user.alter("--add-config", "SCRAM-SHA-256=[password=its-secret]");
        user
    }

    fn alter(&self, how: &str, what: &str) {
        let name = &self.name;
        let entity = ["--alter", "--entity-type", "users", "--entity-name", name];
        let altered = self
            .bed
            .kafka(CONFIGS, &[&entity[..], &[how, what]].concat());
        assert!(altered.is_ok() || std::thread::panicking(), "{altered:?}");
    }

    async fn client(&self) -> Client {
        let flags = super::Flags::of(self.bed, Listener::SaslPlaintext)
            .log_in("SCRAM-SHA-256", &self.name, "ITS_PASSWORD")
            .with("--toolsets", "security,broker");
        Client::start_with(
            Wire::StdioModern,
            &flags.args(),
            &[("ITS_PASSWORD", "its-secret")],
        )
        .await
    }
}

impl Drop for User<'_> {
    fn drop(&mut self) {
        self.alter("--delete-config", "SCRAM-SHA-256");
    }
}

/// Asks until `good`: brokers learn of users and rights a moment later.
async fn until(client: &Client, tool: &str, good: impl Fn(&Answer) -> bool) -> Answer {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let answer = client.try_call(tool, json!({})).await;
        if good(&answer) {
            return answer;
        }
        assert!(Instant::now() < end, "{tool}: {}", answer.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_read_is_refused_with_the_right_that_is_missing() {
    let bed = shared();
    let user = User::new(&bed);
    let client = user.client().await;
    let tools = [
        ("kafka_acl_list", "DescribeAcls"),
        ("kafka_user_list", "DescribeUserScramCredentials"),
        ("kafka_quota_list", "DescribeClientQuotas"),
        ("kafka_quorum_describe", "DescribeQuorum"),
    ];
    for (tool, request) in tools {
        let refused = until(&client, tool, |a| {
            a.is_error && a.data["code"] == "not_authorized"
        })
        .await;
        for part in [
            "not_authorized",
            request,
            "CLUSTER_AUTHORIZATION_FAILED",
            "kafka-acls --add",
            "--cluster",
        ] {
            assert!(refused.text.contains(part), "{part}: {}", refused.text);
        }
    }
    // What brokers support is no secret: every client is told when it connects.
    let features = client.call("kafka_feature_list", json!({})).await;
    assert!(
        features.text.contains("metadata.version"),
        "{}",
        features.text
    );

    let rights = ["Describe", "DescribeConfigs"];
    let _grants = Grants::to(&bed, &user.name, &rights, &[&["--cluster"]]);
    for (tool, _) in tools {
        let answer = until(&client, tool, |a| !a.is_error).await;
        assert!(!answer.text.is_empty());
    }
    let users = json!({"pattern": user.name});
    let users = client.call("kafka_user_list", users).await;
    assert_eq!(users.data["total"], 1, "{}", users.text);
}
