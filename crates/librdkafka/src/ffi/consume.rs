//! Reading partitions by assignment, without any group: librdkafka's older interface, whose newer one insists on
//! asking for a group coordinator even where partitions are assigned by hand.
#![allow(unsafe_code, reason = "see the head of the folder")]

use super::{Owned, c, c_text, described, elements, raw, text};
use crate::client::Link;
use crate::fault::{Fault, TIMED_OUT};
use kafkaweave_core::model::{RecordView, TimestampType, TopicPartition};
use std::collections::{HashMap, HashSet};
use std::ffi::{c_int, c_void};

/// Records taken from the queue at a time.
const BATCH: usize = 5_000;
/// How long a batch is waited for, ms.
const WAIT_MS: c_int = 5;

/// What came out of the queue.
pub(crate) struct Taken<'m> {
    pub(crate) topic: &'m str,
    pub(crate) partition: i32,
    /// Of the record; at the end of a partition, the offset of the next record to come.
    pub(crate) offset: i64,
    pub(crate) what: Result<(RecordView<'m>, TimestampType), Fault>,
}

/// Partitions that are being read into one queue. All reading ends with it.
pub(crate) struct Reader<'l> {
    link: &'l Link,
    running: HashSet<TopicPartition>,
    topics: HashMap<String, Owned<c::rd_kafka_topic_t>>,
    queue: Owned<c::rd_kafka_queue_t>,
}

impl<'l> Reader<'l> {
    pub(crate) fn new(link: &'l Link) -> Result<Self, Fault> {
        // SAFETY: the client is alive as long as the link; the queue is destroyed before it, and once.
        let queue = unsafe {
            Owned::new(
                c::rd_kafka_queue_new(link.native()),
                c::rd_kafka_queue_destroy,
            )
        };
        Ok(Self {
            link,
            running: HashSet::new(),
            topics: HashMap::new(),
            queue: queue.ok_or_else(|| Fault::new(-184, "out of memory"))?,
        })
    }

    fn topic(&mut self, name: &str) -> Result<*mut c::rd_kafka_topic_t, Fault> {
        if let Some(topic) = self.topics.get(name) {
            return Ok(topic.ptr());
        }
        let c_name = c_text(name)?;
        // SAFETY: client and name are alive; the topic is destroyed once.
        let topic = unsafe {
            let settings = std::ptr::null_mut();
            Owned::new(
                c::rd_kafka_topic_new(self.link.native(), c_name.as_ptr(), settings),
                c::rd_kafka_topic_destroy,
            )
        };
        let topic = topic.ok_or_else(last_fault)?;
        let at = topic.ptr();
        self.topics.insert(name.to_owned(), topic);
        Ok(at)
    }

    /// Begins to read a partition, or begins anew at another offset.
    pub(crate) fn start(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), Fault> {
        self.stop(partition);
        let topic = self.topic(&partition.topic)?;
        // SAFETY: topic and queue are alive until reading is stopped, at the latest when this is dropped.
        let outcome = unsafe {
            c::rd_kafka_consume_start_queue(topic, partition.partition, offset, self.queue.ptr())
        };
        if outcome != 0 {
            return Err(last_fault());
        }
        self.running.insert(partition.clone());
        Ok(())
    }

    /// Stops to read a partition. What of it is in the queue is dropped by librdkafka.
    pub(crate) fn stop(&mut self, partition: &TopicPartition) {
        if !self.running.remove(partition) {
            return;
        }
        if let Some(topic) = self.topics.get(&partition.topic) {
            // SAFETY: the topic is alive, and the partition was started.
            unsafe { c::rd_kafka_consume_stop(topic.ptr(), partition.partition) };
        }
    }

    /// Shows what has come, waiting for a moment when nothing has.
    pub(crate) fn take(&mut self, mut visit: impl FnMut(&Taken<'_>)) {
        let mut batch = vec![std::ptr::null_mut(); BATCH];
        // SAFETY: the queue is alive, and the batch has the room that is said.
        let count = unsafe {
            c::rd_kafka_consume_batch_queue(
                self.queue.ptr(),
                WAIT_MS,
                batch.as_mut_ptr(),
                batch.len(),
            )
        };
        let mut headers = Headers::default();
        for message in batch.into_iter().take(usize::try_from(count).unwrap_or(0)) {
            // SAFETY: a message from the queue is ours to destroy.
            let message = unsafe { Owned::new(message, c::rd_kafka_message_destroy) };
            if let Some(message) = message {
                shown(message.ptr(), &mut headers, &mut visit);
            }
        }
    }

    /// The high watermark that the last answer of the partition's leader told, if there was one.
    pub(crate) fn high_watermark(&self, partition: &TopicPartition) -> Option<i64> {
        let topic = c_text(&partition.topic).ok()?;
        let (mut low, mut high) = (0, 0);
        // SAFETY: client, name and both places are alive during the call.
        let code = unsafe {
            raw::watermarks(
                self.link.native(),
                topic.as_ptr(),
                partition.partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (code == 0 && high >= 0).then_some(high)
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        for partition in std::mem::take(&mut self.running) {
            if let Some(topic) = self.topics.get(&partition.topic) {
                // SAFETY: as in `stop`.
                unsafe { c::rd_kafka_consume_stop(topic.ptr(), partition.partition) };
            }
        }
    }
}

fn last_fault() -> Fault {
    // SAFETY: no conditions; the code is this thread's.
    let code = unsafe { raw::last_error() };
    let code = if code == 0 { TIMED_OUT } else { code };
    Fault::new(code, described(code))
}

/// Room for the headers of one record, kept from record to record.
#[derive(Default)]
struct Headers(Vec<(*const u8, usize, *const u8, usize)>);

/// Shows one message.
fn shown(
    message: *mut c::rd_kafka_message_t,
    held: &mut Headers,
    visit: &mut impl FnMut(&Taken<'_>),
) {
    // SAFETY: the caller owns the message until this returns, and nothing of it is kept. The code is read as a number,
    // not as an enumeration.
    unsafe {
        let code = (&raw const (*message).err).cast::<c_int>().read();
        let topic = text(c::rd_kafka_topic_name((*message).rkt)).unwrap_or_default();
        let (partition, offset) = ((*message).partition, (*message).offset);
        if code != 0 {
            let said = text(c::rd_kafka_message_errstr(message));
            visit(&Taken {
                topic: &topic,
                partition,
                offset,
                what: Err(Fault::new(code, said.unwrap_or_else(|| described(code)))),
            });
            return;
        }
        let mut kind = c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        let timestamp_ms = c::rd_kafka_message_timestamp(message, &raw mut kind);
        let kind = match kind {
            c::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME => {
                TimestampType::LogAppendTime
            }
            _ => TimestampType::CreateTime,
        };
        headers_of(message, held);
        let headers: Vec<_> = held
            .0
            .iter()
            .map(|(name, name_size, value, size)| {
                (
                    elements(*name, *name_size),
                    (!value.is_null()).then(|| elements(*value, *size)),
                )
            })
            .collect();
        let record = RecordView {
            partition,
            offset,
            timestamp_ms,
            key: bytes((*message).key, (*message).key_len),
            value: bytes((*message).payload, (*message).len),
            headers: &headers,
        };
        visit(&Taken {
            topic: &topic,
            partition,
            offset,
            what: Ok((record, kind)),
        });
    }
}

/// # Safety
/// Null or as many bytes, alive for `'a`.
unsafe fn bytes<'a>(at: *const c_void, size: usize) -> Option<&'a [u8]> {
    // SAFETY: as the caller promises.
    (!at.is_null()).then(|| unsafe { elements(at.cast(), size) })
}

/// # Safety
/// The message is alive.
unsafe fn headers_of(message: *mut c::rd_kafka_message_t, held: &mut Headers) {
    held.0.clear();
    let mut headers = std::ptr::null_mut();
    // SAFETY: the message is alive; headers and what they point to belong to it.
    unsafe {
        let code = c::rd_kafka_message_headers(message, &raw mut headers);
        if code != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            return;
        }
        for index in 0.. {
            let (mut name, mut value, mut size) = (std::ptr::null(), std::ptr::null(), 0);
            let code = c::rd_kafka_header_get_all(
                headers,
                index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            );
            if code != c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || name.is_null() {
                return;
            }
            let length = std::ffi::CStr::from_ptr(name).count_bytes();
            held.0.push((name.cast(), length, value.cast(), size));
        }
    }
}
