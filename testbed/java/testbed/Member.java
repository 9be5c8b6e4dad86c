package testbed;

import java.io.IOException;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.state.Stores;

/**
 * A live member of a group of any type: classic, consumer (KIP-848), share (KIP-932) or streams (KIP-1071).
 * Prints `assigned ..` or `running` as things happen, and leaves the group when standard input ends.
 * Settings of the client come as key=value. Nothing is committed unless enable.auto.commit=true is among them.
 */
final class Member {
    private static final Duration POLL = Duration.ofMillis(100);

    private Member() {}

    static void run(String bootstrap, String kind, String topic, String group, Properties more) throws Exception {
        AtomicBoolean leave = new AtomicBoolean();
        CountDownLatch left = new CountDownLatch(1);
        atEnd(() -> {
            leave.set(true);
            left.countDown();
        });
        switch (kind) {
            case "classic", "consumer" -> consume(bootstrap, kind, topic, group, more, leave, left);
            case "share" -> share(bootstrap, topic, group, more, leave);
            case "streams" -> streams(bootstrap, topic, group, more, left);
            default -> throw new IllegalArgumentException("unknown kind of group `" + kind + "`");
        }
    }

    /** Runs this when standard input ends. */
    static void atEnd(Runnable then) {
        Thread watch = new Thread(() -> {
            try {
                while (System.in.read() >= 0) {
                    continue;
                }
            } catch (IOException gone) {
                // The same as the end of input: whoever wanted this is no more.
            }
            then.run();
        });
        watch.setDaemon(true);
        watch.start();
    }

    private static Properties client(String bootstrap, String group, Properties more) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("group.id", group);
        properties.putAll(more);
        return properties;
    }

    /**
     * plant.stuck=true: the member never comes back from the revocation of its partitions, so that a rebalance hangs.
     * plant.pace.ms=N: a record each N ms, committed every 100 ms. plant.poison=N: the record at offset N is read again
     * and again, and its offset committed every 100 ms.
     */
    private static void consume(String bootstrap, String protocol, String topic, String group, Properties more, AtomicBoolean leave, CountDownLatch left) {
        Properties properties = client(bootstrap, group, more);
        properties.put("group.protocol", protocol);
        properties.putIfAbsent("enable.auto.commit", "false");
        properties.putIfAbsent("auto.offset.reset", "earliest");
        boolean stuck = "true".equals(properties.remove("plant.stuck"));
        String pace = (String) properties.remove("plant.pace.ms");
        String poison = (String) properties.remove("plant.poison");
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
                @Override
                public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
                    System.out.println("assigned " + partitions);
                }

                @Override
                public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
                    System.out.println("revoked " + partitions);
                    if (stuck) {
                        try {
                            left.await(10, TimeUnit.MINUTES);
                        } catch (InterruptedException e) {
                            Thread.currentThread().interrupt();
                        }
                    }
                }
            });
            if (pace != null || poison != null) {
                work(consumer, pace == null ? 1 : Long.parseLong(pace), poison == null ? Long.MAX_VALUE : Long.parseLong(poison), leave);
                return;
            }
            while (!leave.get()) {
                consumer.poll(POLL);
            }
        }
    }

    private static void work(KafkaConsumer<byte[], byte[]> consumer, long paceMs, long poison, AtomicBoolean leave) {
        long pace = TimeUnit.MILLISECONDS.toNanos(paceMs);
        long next = System.nanoTime();
        long committed = next;
        Map<TopicPartition, OffsetAndMetadata> done = new HashMap<>();
        while (!leave.get()) {
            ConsumerRecords<byte[], byte[]> records = consumer.poll(POLL);
            // Kafka takes the commits of a member also for what it no longer holds.
            done.keySet().retainAll(consumer.assignment());
            for (ConsumerRecord<byte[], byte[]> record : records) {
                TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                if (record.offset() >= poison) {
                    consumer.seek(partition, poison);
                    done.put(partition, new OffsetAndMetadata(poison));
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
                } else {
                    done.put(partition, new OffsetAndMetadata(record.offset() + 1));
                    next = Math.max(next + pace, System.nanoTime() - TimeUnit.SECONDS.toNanos(1));
                    LockSupport.parkNanos(next - System.nanoTime());
                }
                if (System.nanoTime() - committed > TimeUnit.MILLISECONDS.toNanos(100)) {
                    consumer.commitSync(done);
                    committed = System.nanoTime();
                }
                if (leave.get() || record.offset() >= poison) {
                    break;
                }
            }
        }
    }

    private static void share(String bootstrap, String topic, String group, Properties more, AtomicBoolean leave) {
        try (KafkaShareConsumer<byte[], byte[]> consumer = new KafkaShareConsumer<>(client(bootstrap, group, more), new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(topic));
            System.out.println("running");
            while (!leave.get()) {
                // Each poll acknowledges the records of the one before.
                consumer.poll(POLL);
            }
        }
    }

    private static void streams(String bootstrap, String topic, String group, Properties more, CountDownLatch left) throws InterruptedException {
        Properties properties = new Properties();
        properties.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, bootstrap);
        properties.put(StreamsConfig.APPLICATION_ID_CONFIG, group);
        properties.put("group.protocol", "streams");
        properties.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.String().getClass());
        properties.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.String().getClass());
        properties.putAll(more);
        StreamsBuilder topology = new StreamsBuilder();
        // Grouping by something new makes a repartition topic and a changelog topic, as real applications have.
        topology.<String, String>stream(topic).groupBy((key, value) -> "n" + (value == null ? 0 : value.length() % 3))
            .count(Materialized.as(Stores.inMemoryKeyValueStore("counts")));
        try (KafkaStreams app = new KafkaStreams(topology.build(), properties)) {
            app.setStateListener((now, before) -> {
                if (now == KafkaStreams.State.RUNNING) {
                    System.out.println("running");
                }
            });
            app.start();
            left.await();
        }
    }
}
