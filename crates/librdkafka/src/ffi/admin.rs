//! Questions that librdkafka asks on its own threads: submitted to a queue, waited for in short steps.
#![allow(unsafe_code, reason = "see the head of the folder")]

use super::{Owned, c, c_text, elements, error, raw, text};
use crate::client::Link;
use crate::fault::Fault;
use crate::run::Bound;
use kafkaweave_core::model::{Isolation, OffsetSpec, TopicPartition};
use std::ffi::{CString, c_char, c_int};
use std::time::Duration;

/// How long a wait lasts before it is looked up whether anybody still waits.
const STEP_MS: c_int = 20;

pub(super) type Event = Owned<c::rd_kafka_event_t>;

/// Submits a question and waits for its answer.
///
/// `submit` gets the client, options and queue, all alive during the call.
pub(super) fn ask(
    link: &Link,
    bound: &Bound,
    kind: c::rd_kafka_admin_op_t,
    tune: impl FnOnce(*mut c::rd_kafka_AdminOptions_t) -> Result<(), Fault>,
    submit: impl FnOnce(*mut c::rd_kafka_t, *const c::rd_kafka_AdminOptions_t, *mut c::rd_kafka_queue_t),
) -> Result<Event, Fault> {
    let client = link.native();
    let none = || Fault::new(-184, "out of memory");
    // SAFETY: the client is alive as long as the link; what it makes is destroyed once, before the link goes.
    let (options, queue) = unsafe {
        (
            Owned::new(
                c::rd_kafka_AdminOptions_new(client, kind),
                c::rd_kafka_AdminOptions_destroy,
            )
            .ok_or_else(none)?,
            Owned::new(c::rd_kafka_queue_new(client), c::rd_kafka_queue_destroy)
                .ok_or_else(none)?,
        )
    };
    let left = c_int::try_from(bound.left().as_millis()).unwrap_or(c_int::MAX);
    // SAFETY: the options are alive; no message is asked for.
    unsafe {
        c::rd_kafka_AdminOptions_set_request_timeout(
            options.ptr(),
            left.clamp(1, 3_600_000),
            std::ptr::null_mut(),
            0,
        )
    };
    tune(options.ptr())?;
    submit(client, options.ptr(), queue.ptr());
    loop {
        // SAFETY: the queue is alive; an event is ours to destroy.
        let event = unsafe {
            Owned::new(
                c::rd_kafka_queue_poll(queue.ptr(), STEP_MS),
                c::rd_kafka_event_destroy,
            )
        };
        if let Some(event) = event {
            // SAFETY: the event is alive; its text is copied.
            let (code, said) = unsafe {
                (
                    raw::event_error(event.ptr()),
                    text(c::rd_kafka_event_error_string(event.ptr())),
                )
            };
            if code != 0 {
                return Err(Fault::new(code, said.unwrap_or_default()));
            }
            link.answered();
            return Ok(event);
        }
        link.serve();
        if let Some(fault) = link.lost(bound) {
            return Err(fault);
        }
        if bound.over() {
            return Err(Fault::timed_out());
        }
    }
}

pub(super) fn as_is(_: *mut c::rd_kafka_AdminOptions_t) -> Result<(), Fault> {
    Ok(())
}

/// Names for C, and their addresses.
pub(super) fn c_names<'a>(
    names: impl IntoIterator<Item = &'a String>,
) -> Result<(Vec<CString>, Vec<*const c_char>), Fault> {
    let names: Vec<CString> = names
        .into_iter()
        .map(|n| c_text(n))
        .collect::<Result<_, _>>()?;
    let addresses = names.iter().map(|n| n.as_ptr()).collect();
    Ok((names, addresses))
}

/// A broker as librdkafka tells it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) id: i32,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) rack: Option<String>,
}

/// # Safety
/// Alive during the call.
unsafe fn node(at: *const c::rd_kafka_Node_t) -> Node {
    // SAFETY: as the caller promises.
    unsafe {
        Node {
            id: c::rd_kafka_Node_id(at),
            host: text(c::rd_kafka_Node_host(at)).unwrap_or_default(),
            port: c::rd_kafka_Node_port(at),
            rack: text(c::rd_kafka_Node_rack(at)),
        }
    }
}

/// # Safety
/// An array of nodes that is alive during the call.
unsafe fn ids(at: *mut *const c::rd_kafka_Node_t, count: usize) -> Vec<i32> {
    // SAFETY: as the caller promises.
    unsafe {
        elements(at, count)
            .iter()
            .map(|node| c::rd_kafka_Node_id(*node))
            .collect()
    }
}

/// The id of a broker that may be null or -1.
///
/// # Safety
/// Null, or alive during the call.
pub(super) unsafe fn broker_id(at: *const c::rd_kafka_Node_t) -> Option<i32> {
    if at.is_null() {
        return None;
    }
    // SAFETY: not null, and as the caller promises.
    let id = unsafe { c::rd_kafka_Node_id(at) };
    (id >= 0).then_some(id)
}

/// Cluster id and live brokers.
pub(crate) fn cluster(link: &Link, bound: &Bound) -> Result<(Option<String>, Vec<Node>), Fault> {
    let kind = c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECLUSTER;
    let event = ask(link, bound, kind, as_is, |client, options, queue| {
        // SAFETY: all three are alive, says `ask`.
        unsafe { c::rd_kafka_DescribeCluster(client, options, queue) }
    })?;
    let mut count = 0;
    // SAFETY: the event is an answer to this question; what it lends is alive with it, and copied.
    unsafe {
        let answer = c::rd_kafka_event_DescribeCluster_result(event.ptr());
        let nodes = c::rd_kafka_DescribeCluster_result_nodes(answer, &raw mut count);
        let nodes = elements(nodes, count).iter().map(|at| node(*at)).collect();
        Ok((
            text(c::rd_kafka_DescribeCluster_result_cluster_id(answer)),
            nodes,
        ))
    }
}

/// A partition as librdkafka tells it.
#[derive(Clone, Debug)]
pub(crate) struct PartitionFacts {
    pub(crate) partition: i32,
    pub(crate) leader: Option<i32>,
    pub(crate) replicas: Vec<i32>,
    pub(crate) isr: Vec<i32>,
}

/// A topic as librdkafka tells it.
#[derive(Clone, Debug)]
pub(crate) struct TopicFacts {
    pub(crate) name: String,
    /// Base 64 without padding, in the ordinary alphabet.
    pub(crate) id: Option<String>,
    pub(crate) internal: bool,
    pub(crate) partitions: Result<Vec<PartitionFacts>, Fault>,
}

/// These topics, in any order.
pub(crate) fn topics(
    link: &Link,
    bound: &Bound,
    names: &[String],
) -> Result<Vec<TopicFacts>, Fault> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let (held, mut addresses) = c_names(names)?;
    // SAFETY: the addresses are those of texts that are alive; the collection copies them.
    let collection = unsafe {
        Owned::new(
            c::rd_kafka_TopicCollection_of_topic_names(addresses.as_mut_ptr(), addresses.len()),
            c::rd_kafka_TopicCollection_destroy,
        )
    };
    drop(held);
    let collection = collection.ok_or_else(|| Fault::new(-184, "out of memory"))?;
    let kind = c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let event = ask(link, bound, kind, as_is, |client, options, queue| {
        // SAFETY: all are alive, and the collection is copied.
        unsafe { c::rd_kafka_DescribeTopics(client, collection.ptr(), options, queue) }
    })?;
    let mut count = 0;
    // SAFETY: the event is an answer to this question; what it lends is alive with it, and copied.
    unsafe {
        let answer = c::rd_kafka_event_DescribeTopics_result(event.ptr());
        let topics = c::rd_kafka_DescribeTopics_result_topics(answer, &raw mut count);
        Ok(elements(topics, count)
            .iter()
            .map(|at| topic(*at))
            .collect())
    }
}

/// # Safety
/// Alive during the call.
unsafe fn topic(at: *const c::rd_kafka_TopicDescription_t) -> TopicFacts {
    let mut count = 0;
    // SAFETY: as the caller promises; what it lends is copied.
    unsafe {
        let id = c::rd_kafka_TopicDescription_topic_id(at);
        let id = if id.is_null() {
            None
        } else {
            text(c::rd_kafka_Uuid_base64str(id))
        };
        let partitions = match error(c::rd_kafka_TopicDescription_error(at)) {
            Some(fault) => Err(fault),
            None => {
                let rows = c::rd_kafka_TopicDescription_partitions(at, &raw mut count);
                Ok(elements(rows, count)
                    .iter()
                    .map(|row| partition(*row))
                    .collect())
            }
        };
        TopicFacts {
            name: text(c::rd_kafka_TopicDescription_name(at)).unwrap_or_default(),
            id,
            internal: c::rd_kafka_TopicDescription_is_internal(at) != 0,
            partitions,
        }
    }
}

/// # Safety
/// Alive during the call.
unsafe fn partition(at: *const c::rd_kafka_TopicPartitionInfo_t) -> PartitionFacts {
    let (mut replicas, mut in_sync) = (0, 0);
    // SAFETY: as the caller promises; what it lends is copied.
    unsafe {
        let replica_nodes = c::rd_kafka_TopicPartitionInfo_replicas(at, &raw mut replicas);
        let in_sync_nodes = c::rd_kafka_TopicPartitionInfo_isr(at, &raw mut in_sync);
        PartitionFacts {
            partition: c::rd_kafka_TopicPartitionInfo_partition(at),
            leader: broker_id(c::rd_kafka_TopicPartitionInfo_leader(at)),
            replicas: ids(replica_nodes, replicas),
            isr: ids(in_sync_nodes, in_sync),
        }
    }
}

/// Names of all topics. Waits for as long as `wait`, whoever is still there to wait for it.
pub(crate) fn topic_names(link: &Link, wait: Duration) -> Result<Vec<String>, Fault> {
    use rdkafka::consumer::Consumer;
    let metadata = link
        .consumer()
        .fetch_metadata(None, wait)
        .map_err(|error| Fault::new(code_of(&error), error.to_string()))?;
    Ok(metadata
        .topics()
        .iter()
        .map(|t| t.name().to_owned())
        .collect())
}

fn code_of(error: &rdkafka::error::KafkaError) -> c_int {
    error
        .rdkafka_error_code()
        .map_or(-196, |code| code as c_int)
}

/// A list of partitions for C; each with an offset.
pub(super) fn partition_list<'a>(
    rows: impl ExactSizeIterator<Item = (&'a TopicPartition, i64)>,
) -> Result<Owned<c::rd_kafka_topic_partition_list_t>, Fault> {
    let size = c_int::try_from(rows.len()).unwrap_or(0);
    // SAFETY: a new list, destroyed once.
    let list = unsafe {
        Owned::new(
            c::rd_kafka_topic_partition_list_new(size),
            c::rd_kafka_topic_partition_list_destroy,
        )
    };
    let list = list.ok_or_else(|| Fault::new(-184, "out of memory"))?;
    for (partition, offset) in rows {
        let topic = c_text(&partition.topic)?;
        // SAFETY: the list is alive; it copies the name, and the row is written before the list grows again.
        unsafe {
            let row = c::rd_kafka_topic_partition_list_add(
                list.ptr(),
                topic.as_ptr(),
                partition.partition,
            );
            (*row).offset = offset;
        }
    }
    Ok(list)
}

/// Offset and timestamp of a partition, or why they are not known.
pub(crate) type OffsetAnswer = (TopicPartition, Result<(i64, i64), Fault>);

/// Offsets; each partition may be asked for once.
pub(crate) fn offsets(
    link: &Link,
    bound: &Bound,
    queries: &[(&TopicPartition, OffsetSpec)],
    isolation: Isolation,
) -> Result<Vec<OffsetAnswer>, Fault> {
    let spec = |spec: OffsetSpec| match spec {
        OffsetSpec::Earliest => -2,
        OffsetSpec::Latest => -1,
        OffsetSpec::MaxTimestamp => -3,
        OffsetSpec::AtTime(ms) => ms.max(0),
    };
    let list = partition_list(queries.iter().map(|(p, s)| (*p, spec(*s))))?;
    let level = match isolation {
        Isolation::ReadUncommitted => {
            c::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED
        }
        Isolation::ReadCommitted => {
            c::rd_kafka_IsolationLevel_t::RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
        }
    };
    let tune = |options| {
        // SAFETY: the options are alive; an error is ours to destroy.
        unsafe {
            let refused = Owned::new(
                c::rd_kafka_AdminOptions_set_isolation_level(options, level),
                c::rd_kafka_error_destroy,
            );
            match refused.and_then(|e| error(e.ptr())) {
                Some(fault) => Err(fault),
                None => Ok(()),
            }
        }
    };
    let kind = c::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let event = ask(link, bound, kind, tune, |client, options, queue| {
        // SAFETY: all are alive, and the list is copied.
        unsafe { c::rd_kafka_ListOffsets(client, list.ptr(), options, queue) }
    })?;
    let mut count = 0;
    // SAFETY: the event is an answer to this question; what it lends is alive with it, and copied.
    unsafe {
        let answer = c::rd_kafka_event_ListOffsets_result(event.ptr());
        let rows = c::rd_kafka_ListOffsets_result_infos(answer, &raw mut count);
        Ok(elements(rows, count)
            .iter()
            .map(|row| {
                let at = c::rd_kafka_ListOffsetsResultInfo_topic_partition(*row);
                let (partition, offset, fault) = listed(at);
                let timestamp = c::rd_kafka_ListOffsetsResultInfo_timestamp(*row);
                (partition, fault.map_or(Ok((offset, timestamp)), Err))
            })
            .collect())
    }
}

/// A row of a list: partition, offset, and what is wrong with it.
///
/// # Safety
/// Alive during the call.
pub(super) unsafe fn listed(
    at: *const c::rd_kafka_topic_partition_t,
) -> (TopicPartition, i64, Option<Fault>) {
    // SAFETY: as the caller promises. The code is read as a number, not as an enumeration.
    unsafe {
        let code = (&raw const (*at).err).cast::<c_int>().read();
        let topic = text((*at).topic).unwrap_or_default();
        let fault = (code != 0).then(|| Fault::new(code, super::described(code)));
        (
            TopicPartition::new(topic, (*at).partition),
            (*at).offset,
            fault,
        )
    }
}
