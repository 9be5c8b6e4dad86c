//! `scan BOOTSTRAP TOPIC NEEDLE [--batch] [PROPERTY=VALUE..]`: reads a whole topic and counts the values that contain
//! the needle. Prints `MATCHES RECORDS BYTES`.
//!
//! What a careful user of librdkafka would write: assignment, ends fixed first, no group membership, the settings that
//! keep its queues from stalling. `--batch` takes records ten thousand at a time through the C function, as the safe
//! interface has only one at a time. It is a yardstick for benchmarks and not used by the product.

#![allow(
    unsafe_code,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the command line, which may end with a panic"
)]

use memchr::memmem::Finder;
use rdkafka::bindings as ffi;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{ClientConfig, Message, Offset, TopicPartitionList};
use std::time::Duration;

const SETTINGS: [(&str, &str); 12] = [
    ("group.id", "kafkaweave-scan-example"),
    ("enable.auto.commit", "false"),
    ("enable.auto.offset.store", "false"),
    ("enable.partition.eof", "true"),
    ("auto.offset.reset", "error"),
    ("allow.auto.create.topics", "false"),
    ("check.crcs", "true"),
    ("fetch.queue.backoff.ms", "2"),
    ("queued.min.messages", "100000"),
    ("queued.max.messages.kbytes", "65536"),
    ("max.partition.fetch.bytes", "4194304"),
    ("fetch.max.bytes", "52428800"),
];
const TIMEOUT: Duration = Duration::from_secs(30);
const BATCH: usize = 10_000;

struct Count<'a> {
    needle: Finder<'a>,
    /// By partition: where its reading ends.
    ends: Vec<i64>,
    open: usize,
    matches: u64,
    records: u64,
    bytes: u64,
}

impl Count<'_> {
    fn record(&mut self, partition: i32, offset: i64, value: Option<&[u8]>) {
        let end = self.ends[partition as usize];
        if offset >= end {
            return;
        }
        if let Some(value) = value {
            self.matches += u64::from(self.needle.find(value).is_some());
            self.bytes += value.len() as u64;
        }
        self.records += 1;
        if offset + 1 == end {
            self.end(partition);
        }
    }

    fn end(&mut self, partition: i32) {
        let end = &mut self.ends[partition as usize];
        self.open -= usize::from(*end > 0);
        *end = 0;
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, topic, needle, more @ ..] = &arguments[..] else {
        println!("scan BOOTSTRAP TOPIC NEEDLE [--batch] [PROPERTY=VALUE..]");
        std::process::exit(2);
    };
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", bootstrap);
    for (name, value) in SETTINGS {
        config.set(name, value);
    }
    for (name, value) in more.iter().filter_map(|word| word.split_once('=')) {
        config.set(name, value);
    }
    let consumer: BaseConsumer = config.create().unwrap();
    let metadata = consumer.fetch_metadata(Some(topic), TIMEOUT).unwrap();
    let partitions = metadata.topics()[0].partitions().len();
    let mut count = Count {
        needle: Finder::new(needle),
        ends: vec![0; partitions],
        open: 0,
        matches: 0,
        records: 0,
        bytes: 0,
    };
    let mut assignment = TopicPartitionList::new();
    for partition in 0..partitions as i32 {
        let (low, high) = consumer
            .fetch_watermarks(topic, partition, TIMEOUT)
            .unwrap();
        if low < high {
            count.ends[partition as usize] = high;
            count.open += 1;
            assignment
                .add_partition_offset(topic, partition, Offset::Offset(low))
                .unwrap();
        }
    }
    consumer.assign(&assignment).unwrap();
    if more.iter().any(|word| word == "--batch") {
        batches(&consumer, &mut count);
    } else {
        singly(&consumer, &mut count);
    }
    println!("{} {} {}", count.matches, count.records, count.bytes);
    // Closing the consumer would be measured too, and has nothing to do with reading.
    std::process::exit(0);
}

fn singly(consumer: &BaseConsumer, count: &mut Count<'_>) {
    while count.open > 0 {
        match consumer.poll(TIMEOUT) {
            Some(Ok(record)) => count.record(record.partition(), record.offset(), record.payload()),
            Some(Err(KafkaError::PartitionEOF(partition))) => count.end(partition),
            Some(Err(error)) => panic!("{error}"),
            None => panic!("nothing within {TIMEOUT:?}"),
        }
    }
}

fn batches(consumer: &BaseConsumer, count: &mut Count<'_>) {
    let client = consumer.client().native_ptr();
    // SAFETY: the client outlives the queue, which is never used after this function.
    let queue = unsafe { ffi::rd_kafka_queue_get_consumer(client) };
    let mut batch = vec![std::ptr::null_mut(); BATCH];
    while count.open > 0 {
        // SAFETY: the queue is alive, and `batch` has room for as many pointers as it says.
        let taken = unsafe {
            ffi::rd_kafka_consume_batch_queue(queue, 10, batch.as_mut_ptr(), batch.len())
        };
        for message in &batch[..usize::try_from(taken).unwrap()] {
            // SAFETY: one of the messages just written, destroyed only below.
            let record = unsafe { &**message };
            match record.err {
                ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => {
                    let value = (!record.payload.is_null()).then(|| {
                        // SAFETY: librdkafka gives `len` bytes at `payload`, alive as long as the message.
                        unsafe { std::slice::from_raw_parts(record.payload.cast(), record.len) }
                    });
                    count.record(record.partition, record.offset, value);
                }
                ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__PARTITION_EOF => {
                    count.end(record.partition);
                }
                other => panic!("{other:?}"),
            }
            // SAFETY: taken from the queue above and not used any more.
            unsafe { ffi::rd_kafka_message_destroy(*message) };
        }
    }
    // SAFETY: got above, and not used any more.
    unsafe { ffi::rd_kafka_queue_destroy(queue) };
}
