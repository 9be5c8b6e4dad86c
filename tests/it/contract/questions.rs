//! What is asked of an engine, and its answers as JSON without what honestly differs between clusters.

use kafkaweave_client::kafka::{Engine, KafkaError, TopicSelection};
use kafkaweave_core::model::{
    BrokerState, ConfigResource, ConfigSource, GroupListing, Isolation, OffsetSpec,
    PartitionOffset, PartitionRange, Record, ResourceKind, ScanOrder, ScanReport, ScanRequest,
    TopicPartition,
};
use kafkaweave_core::search::Predicate;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::Instant;

/// The end of partition 0: five codecs of four records, and three more.
const END_0: i64 = 23;

fn bytes(bytes: Option<&Vec<u8>>) -> Value {
    bytes.map_or(Value::Null, |b| json!(b.escape_ascii().to_string()))
}

fn record(record: &Record) -> Value {
    let headers: Vec<Value> = record
        .headers
        .iter()
        .map(|h| json!([h.name, bytes(h.value.as_ref()), h.value_size_bytes]))
        .collect();
    json!([
        record.partition,
        record.offset,
        record.timestamp_ms,
        record.timestamp_type,
        bytes(record.key.as_ref()),
        bytes(record.value.as_ref()),
        record.value_size_bytes,
        headers,
        record.headers_total,
    ])
}

/// Without what depends on how batches were cut.
fn report(report: &ScanReport) -> Value {
    let coverage: Vec<Value> = report
        .coverage
        .iter()
        .map(|c| json!([c.range.partition, c.range.start, c.range.end, c.from, c.to]))
        .collect();
    let records: Vec<Value> = report.records.iter().map(record).collect();
    json!({
        "records": records, "coverage": coverage, "stopped": report.stopped, "damaged": report.damaged_total,
    })
}

fn kind(error: &KafkaError) -> String {
    let debug = format!("{error:?}");
    debug.split([' ', '{', '(']).next().unwrap().to_string()
}

/// The questions about one engine, and the topic and group that were planted for it.
pub(super) struct Case<'a> {
    pub(super) engine: &'a dyn Engine,
    pub(super) topic: &'a str,
    pub(super) group: &'a str,
}

impl Case<'_> {
    fn at(&self, partition: i32) -> TopicPartition {
        TopicPartition::new(self.topic, partition)
    }

    pub(super) async fn cluster(&self) -> Value {
        let cluster = self.engine.cluster().await.unwrap();
        let quorum = cluster.value.quorum.as_ref().unwrap();
        let voters: Vec<i32> = quorum.voters.iter().map(|v| v.id).collect();
        assert!(voters.contains(&quorum.leader_id.unwrap()));
        let brokers = &cluster.value.brokers;
        assert!(brokers.iter().all(|b| b.rack.is_some() && b.port.is_some()));
        assert!(cluster.value.cluster_id.is_some() && cluster.value.kafka_version.is_some());
        let online: Vec<i32> = brokers
            .iter()
            .filter(|b| b.state == BrokerState::Online)
            .map(|b| b.id)
            .collect();
        let metadata = cluster
            .value
            .features
            .iter()
            .any(|f| f.name == "metadata.version");
        json!([voters, online, metadata, cluster.missing.len()])
    }

    pub(super) async fn topics(&self) -> Value {
        let named = TopicSelection::Named(vec![self.topic.into(), "no-such-topic".into()]);
        let named = self.engine.topics(&named).await.unwrap();
        let all = self
            .engine
            .topics(&TopicSelection::All)
            .await
            .unwrap()
            .value;
        let [topic] = &named.value[..] else {
            panic!("{named:?}")
        };
        assert_eq!(
            all.iter().find(|t| t.name == topic.name),
            Some(topic),
            "alone and among all"
        );
        assert!(topic.topic_id.is_some());
        let partitions: Vec<Value> = topic
            .partitions
            .iter()
            .map(|p| {
                let sorted = |ids: &[i32]| {
                    let mut ids = ids.to_vec();
                    ids.sort_unstable();
                    ids
                };
                assert!(p.replicas.contains(&p.leader.unwrap()));
                json!([p.partition, sorted(&p.replicas), sorted(&p.isr), p.offline])
            })
            .collect();
        json!([topic.internal, partitions, named.missing.len()])
    }

    pub(super) async fn offsets(&self) -> Value {
        let specs = [
            OffsetSpec::Earliest,
            OffsetSpec::Latest,
            OffsetSpec::MaxTimestamp,
            OffsetSpec::AtTime(0),
            OffsetSpec::AtTime(1_760_000_005_500),
            OffsetSpec::AtTime(1_760_000_022_000),
            OffsetSpec::AtTime(1_900_000_000_000),
        ];
        // A time inside of a compressed batch is left out: the sandbox never opens one and answers its start.
        let inside =
            |p: i32, spec: OffsetSpec| p == 0 && spec == OffsetSpec::AtTime(1_760_000_005_500);
        let mut queries: Vec<_> = (0..3)
            .flat_map(|p| specs.map(|spec| (self.at(p), spec)))
            .collect();
        queries.retain(|(p, spec)| !inside(p.partition, *spec));
        queries.push((self.at(9), OffsetSpec::Latest));
        let mut answers = Vec::new();
        for isolation in [Isolation::ReadUncommitted, Isolation::ReadCommitted] {
            let offsets = self.engine.offsets(&queries, isolation).await.unwrap();
            assert_eq!(
                offsets.missing.len(),
                1,
                "partition 9: {:?}",
                offsets.missing
            );
            let row = |o: &PartitionOffset| {
                json!([
                    o.partition.partition,
                    format!("{:?}", o.spec),
                    o.offset,
                    o.timestamp_ms
                ])
            };
            answers.push(offsets.value.iter().map(row).collect::<Vec<_>>());
        }
        json!(answers)
    }

    pub(super) async fn configs(&self) -> Value {
        let resource = ConfigResource {
            kind: ResourceKind::Topic,
            name: self.topic.into(),
        };
        let keys = [
            "retention.ms",
            "max.message.bytes",
            "cleanup.policy",
            "compression.type",
            "segment.bytes",
        ];
        let asked = keys.map(String::from);
        let configs = self
            .engine
            .configs(std::slice::from_ref(&resource), Some(&asked), true)
            .await
            .unwrap();
        let whole = self
            .engine
            .configs(&[resource], None, false)
            .await
            .unwrap()
            .value;
        let mut set: Vec<&str> = whole[0]
            .entries
            .iter()
            .filter(|e| e.source == ConfigSource::Topic)
            .map(|e| e.name.as_str())
            .collect();
        set.sort_unstable();
        let mut entries: Vec<Value> = configs.value[0]
            .entries
            .iter()
            .map(|e| {
                json!([
                    e.name,
                    e.value,
                    e.default,
                    e.source,
                    e.sensitive,
                    e.read_only,
                    e.documentation.is_some()
                ])
            })
            .collect();
        entries.sort_by_key(ToString::to_string);
        json!([entries, set, configs.missing.len()])
    }

    pub(super) async fn groups(&self) -> Value {
        let groups = self.engine.groups().await.unwrap();
        assert!(groups.missing.is_empty());
        let listing = groups
            .value
            .iter()
            .find(|g| g.group == self.group)
            .unwrap()
            .clone();
        let nobody = GroupListing {
            group: "nobody".into(),
            ..listing.clone()
        };
        let described = self
            .engine
            .describe_groups(std::slice::from_ref(&listing))
            .await
            .unwrap();
        let committed = self
            .engine
            .committed(&[listing.clone(), nobody])
            .await
            .unwrap();
        let offsets = committed.value.iter().map(|g| {
            let rows: Vec<Value> = g
                .offsets
                .iter()
                .map(|o| json!([o.topic == self.topic, o.partition, o.offset, o.metadata]))
                .collect();
            json!([g.group == self.group, rows])
        });
        let shown = described.value.iter().map(|d| {
            json!([
                d.group_type,
                d.state,
                d.protocol_type,
                d.assignor,
                d.members.len(),
                d.coordinator == listing.coordinator
            ])
        });
        json!({
            "listed": [json!(listing.group_type), json!(listing.state), json!(listing.protocol_type)],
            "described": shown.collect::<Vec<_>>(),
            "committed": offsets.collect::<Vec<_>>(),
            "missing": described.missing.len() + committed.missing.len(),
        })
    }

    pub(super) async fn log_dirs(&self) -> Value {
        let named = [self.topic.to_string()];
        let dirs = self.engine.log_dirs(Some(&named)).await.unwrap();
        let mut replicas: Vec<Value> = dirs
            .value
            .iter()
            .flat_map(|d| d.replicas.iter().map(move |r| (d, r)))
            .filter(|(_, r)| r.topic == self.topic)
            .map(|(d, r)| json!([d.broker, r.partition, r.size_bytes > 0, r.future]))
            .collect();
        replicas.sort_by_key(ToString::to_string);
        let none = self.engine.log_dirs(Some(&[])).await.unwrap();
        let held: usize = none.value.iter().map(|d| d.replicas.len()).sum();
        json!([
            replicas,
            dirs.missing.len(),
            held,
            dirs.value.iter().all(|d| d.error.is_none())
        ])
    }

    fn request(&self, ranges: &[(i32, i64, i64)]) -> ScanRequest {
        ScanRequest {
            topic: self.topic.into(),
            ranges: ranges
                .iter()
                .map(|&(partition, start, end)| PartitionRange {
                    partition,
                    start,
                    end,
                })
                .collect(),
            predicate: None,
            isolation: Isolation::ReadUncommitted,
            order: ScanOrder::Earliest,
            limit: None,
            max_bytes: None,
            payload_limit_bytes: 64,
            progress: None,
        }
    }

    async fn scan(&self, request: ScanRequest) -> Value {
        let deadline = Instant::now() + Duration::from_secs(30);
        match self.engine.scan(&request, deadline).await {
            Ok(found) => report(&found),
            Err(error) => json!(kind(&error)),
        }
    }

    pub(super) async fn scans(&self) -> Value {
        let whole: &[(i32, i64, i64)] = &[(0, 0, END_0), (1, 0, 200), (2, 0, 0)];
        let wanted = |conditions: &[&str]| {
            let conditions: Vec<String> = conditions.iter().map(|c| c.to_string()).collect();
            Some(Predicate::parse(&conditions).unwrap())
        };
        let all = self.request(whole);
        let mut answers = Vec::new();
        for request in [
            all.clone(),
            ScanRequest {
                isolation: Isolation::ReadCommitted,
                ..all.clone()
            },
            ScanRequest {
                order: ScanOrder::Latest,
                ..all.clone()
            },
            self.request(&[(0, 7, 9), (1, 190, 195)]),
            ScanRequest {
                predicate: wanted(&["value contains \"value 19\""]),
                ..all.clone()
            },
            ScanRequest {
                predicate: wanted(&["$.n = 2", "header.codec ~ z"]),
                ..all.clone()
            },
            ScanRequest {
                predicate: wanted(&["value is null"]),
                order: ScanOrder::Latest,
                ..all.clone()
            },
            ScanRequest {
                payload_limit_bytes: 3,
                ..self.request(&[(0, 0, 2)])
            },
            // Beyond what is there: never waited for.
            self.request(&[(0, 20, 40)]),
            ScanRequest {
                topic: "no-such-topic".into(),
                ..all.clone()
            },
        ] {
            answers.push(self.scan(request).await);
        }
        // How far beyond the limit was looked at depends on batches; which records come first does not.
        for order in [ScanOrder::Earliest, ScanOrder::Latest] {
            let request = ScanRequest {
                limit: Some(10),
                order,
                ..all.clone()
            };
            let found = self.scan(request).await;
            answers.push(json!([found["records"], found["stopped"]]));
        }
        json!(answers)
    }

    pub(super) async fn timestamps(&self) -> Value {
        let positions: Vec<_> = [(0, 0), (0, 12), (1, 7), (1, 199), (0, END_0), (2, 0)]
            .map(|(p, o)| (self.at(p), o))
            .into();
        let deadline = Instant::now() + Duration::from_secs(30);
        let found = self.engine.timestamps(&positions, deadline).await;
        json!(
            positions
                .iter()
                .map(|p| found[p].as_ref().ok())
                .collect::<Vec<_>>()
        )
    }
}
