//! A raw client: one connection, one request at a time.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use kafka_protocol::messages::*;
use kafka_protocol::protocol::{Decodable, Encodable, HeaderVersion, Request, StrBytes};
use kafkaweave_sandbox::{Options, Sandbox};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest wait for anything in a test.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Wire {
    pub(crate) stream: TcpStream,
    correlation_id: i32,
}

impl Wire {
    pub(crate) async fn to(address: SocketAddr) -> Self {
        Self {
            stream: TcpStream::connect(address).await.unwrap(),
            correlation_id: 0,
        }
    }

    /// The response, which must fill its frame to the last byte; panics if the connection closes.
    pub(crate) async fn call<R: Request>(&mut self, request: &R, version: i16) -> R::Response {
        let answer = self.try_call(request, version).await;
        answer.unwrap_or_else(|| panic!("API {} v{version}: connection closed", R::KEY))
    }

    /// The response, or `None` if the connection closes.
    pub(crate) async fn try_call<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Option<R::Response> {
        self.send(request, version).await;
        let mut frame = self.frame().await?;
        let header =
            ResponseHeader::decode(&mut frame, R::Response::header_version(version)).unwrap();
        assert_eq!(header.correlation_id, self.correlation_id);
        let response = R::Response::decode(&mut frame, version)
            .unwrap_or_else(|error| panic!("API {} v{version}: {error}", R::KEY));
        assert!(
            frame.is_empty(),
            "API {} v{version}: {} bytes left",
            R::KEY,
            frame.len()
        );
        Some(response)
    }

    pub(crate) async fn send<R: Request>(&mut self, request: &R, version: i16) {
        self.correlation_id += 1;
        let header = RequestHeader::default()
            .with_request_api_key(R::KEY)
            .with_request_api_version(version)
            .with_correlation_id(self.correlation_id)
            .with_client_id(Some("raw".into()));
        let mut frame = BytesMut::new();
        frame.put_i32(0);
        header
            .encode(&mut frame, R::header_version(version))
            .unwrap();
        request
            .encode(&mut frame, version)
            .unwrap_or_else(|error| panic!("API {} v{version}: {error}", R::KEY));
        let length = i32::try_from(frame.len() - 4).unwrap();
        frame[..4].copy_from_slice(&length.to_be_bytes());
        self.stream.write_all(&frame).await.unwrap();
    }

    pub(crate) async fn frame(&mut self) -> Option<Bytes> {
        let read = async {
            let mut length = [0; 4];
            self.stream.read_exact(&mut length).await.ok()?;
            let mut frame = vec![0; usize::try_from((&length[..]).get_i32()).unwrap()];
            self.stream.read_exact(&mut frame).await.ok()?;
            Some(Bytes::from(frame))
        };
        tokio::time::timeout(PATIENCE, read).await.unwrap()
    }
}

/// A sandbox and ways to its nodes.
pub(crate) struct Bed {
    pub(crate) sandbox: Sandbox,
}

impl Bed {
    /// With demo data, without running traffic.
    pub(crate) async fn quiet() -> Self {
        Self {
            sandbox: Sandbox::start(Options {
                traffic: false,
                ..Options::default()
            })
            .await
            .unwrap(),
        }
    }

    /// Without anything.
    pub(crate) async fn empty() -> Self {
        Self {
            sandbox: Sandbox::start(Options {
                seed: false,
                ..Options::default()
            })
            .await
            .unwrap(),
        }
    }

    pub(crate) async fn node(&self, id: i32) -> Wire {
        Wire::to(self.sandbox.addresses()[usize::try_from(id - 1).unwrap()]).await
    }

    pub(crate) async fn metadata(&self, topic: &str) -> metadata_response::MetadataResponseTopic {
        let asked = metadata_request::MetadataRequestTopic::default().with_name(Some(name(topic)));
        let request = MetadataRequest::default().with_topics(Some(vec![asked]));
        let live = (1..=3)
            .find(|node| self.sandbox.faults().is_up(*node))
            .unwrap();
        self.node(live)
            .await
            .call(&request, 13)
            .await
            .topics
            .remove(0)
    }

    pub(crate) async fn leader_id(&self, topic: &str, partition: usize) -> i32 {
        self.metadata(topic).await.partitions[partition].leader_id.0
    }

    pub(crate) async fn leader(&self, topic: &str, partition: usize) -> Wire {
        self.node(self.leader_id(topic, partition).await).await
    }

    pub(crate) async fn coordinator_id(&self, group: &str) -> i32 {
        let request = FindCoordinatorRequest::default().with_coordinator_keys(vec![text(group)]);
        let live = (1..=3)
            .find(|node| self.sandbox.faults().is_up(*node))
            .unwrap();
        self.node(live).await.call(&request, 6).await.coordinators[0]
            .node_id
            .0
    }

    pub(crate) async fn coordinator(&self, group: &str) -> Wire {
        self.node(self.coordinator_id(group).await).await
    }

    /// Creates a topic of three replicas.
    pub(crate) async fn create(&self, topic: &str, partitions: i32, settings: &[(&str, &str)]) {
        use create_topics_request::{CreatableTopic, CreatableTopicConfig};
        let settings = settings.iter().map(|(key, value)| {
            CreatableTopicConfig::default()
                .with_name(text(key))
                .with_value(Some(text(value)))
        });
        let topic = CreatableTopic::default()
            .with_name(name(topic))
            .with_num_partitions(partitions)
            .with_replication_factor(3)
            .with_configs(settings.collect());
        let request = CreateTopicsRequest::default()
            .with_topics(vec![topic])
            .with_timeout_ms(1_000);
        let response = self.node(1).await.call(&request, 7).await;
        assert_eq!(
            response.topics[0].error_code, 0,
            "{:?}",
            response.topics[0].error_message
        );
    }
}

pub(crate) fn text(value: &str) -> StrBytes {
    StrBytes::from_string(value.to_owned())
}

pub(crate) fn name(value: &str) -> TopicName {
    TopicName(text(value))
}

pub(crate) fn group(value: &str) -> GroupId {
    GroupId(text(value))
}

/// A batch of records with these values and times, as a producer sends it.
pub(crate) fn batch(records: &[(&str, i64)]) -> Bytes {
    use kafka_protocol::indexmap::IndexMap;
    use kafka_protocol::records::*;
    let records: Vec<Record> = (0_i64..)
        .zip(records)
        .map(|(offset, (value, timestamp))| Record {
            transactional: false,
            control: false,
            delete_horizon: false,
            partition_leader_epoch: 0,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            timestamp_type: TimestampType::Creation,
            offset,
            sequence: i32::try_from(offset).unwrap(),
            timestamp: *timestamp,
            key: Some(Bytes::from_static(b"k")),
            value: Some(Bytes::copy_from_slice(value.as_bytes())),
            headers: IndexMap::new(),
        })
        .collect();
    let mut out = BytesMut::new();
    let options = RecordEncodeOptions {
        version: 2,
        compression: Compression::None,
    };
    RecordBatchEncoder::encode(&mut out, &records, &options).unwrap();
    out.freeze()
}

/// Waits until `condition` holds, asking often.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let poll = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, poll)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}
