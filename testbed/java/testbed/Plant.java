package testbed;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Puts a known state into a cluster, with Kafka's own Java client: the code under test must never be its own witness.
 * Standard input is JSON, one object a line, so one call plants as many things as a test needs.
 */
public final class Plant {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int TOPICS_A_REQUEST = 100;

    private Plant() {}

    /** Arguments: topics|drop|produce|commit|flow|member BOOTSTRAP .. */
    public static void main(String[] args) throws Exception {
        switch (args[0]) {
            case "topics" -> topics(args[1]);
            case "drop" -> drop(args[1]);
            case "produce" -> produce(args[1], args[2], properties(args, 3));
            case "commit" -> commit(args[1]);
            case "flow" -> Flow.run(args[1], args[2], properties(args, 3));
            case "member" -> Member.run(args[1], args[2], args[3], args[4], properties(args, 5));
            default -> throw new IllegalArgumentException("unknown plant `" + args[0] + "`");
        }
    }

    private static Properties properties(String[] args, int from) {
        Properties properties = new Properties();
        for (int i = from; i < args.length; i++) {
            String[] pair = args[i].split("=", 2);
            properties.put(pair[0], pair[1]);
        }
        return properties;
    }

    private static List<JsonNode> lines() throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    /** {"name", "partitions", "replication"} or {"name", "assignments": [[1, 2], ..]}, and "config": {..}. Returns when each partition has its whole ISR. */
    private static void topics(String bootstrap) throws Exception {
        List<NewTopic> wanted = new ArrayList<>();
        for (JsonNode line : lines()) {
            NewTopic topic;
            if (line.has("assignments")) {
                Map<Integer, List<Integer>> assignments = new HashMap<>();
                for (int partition = 0; partition < line.get("assignments").size(); partition++) {
                    List<Integer> replicas = new ArrayList<>();
                    line.get("assignments").get(partition).forEach(r -> replicas.add(r.asInt()));
                    assignments.put(partition, replicas);
                }
                topic = new NewTopic(line.get("name").asText(), assignments);
            } else {
                topic = new NewTopic(line.get("name").asText(), line.get("partitions").asInt(), (short) line.get("replication").asInt());
            }
            Map<String, String> config = new HashMap<>();
            if (line.has("config")) {
                line.get("config").properties().forEach(e -> config.put(e.getKey(), e.getValue().asText()));
            }
            wanted.add(topic.configs(config));
        }
        try (Admin admin = admin(bootstrap)) {
            for (int at = 0; at < wanted.size(); at += TOPICS_A_REQUEST) {
                List<NewTopic> some = wanted.subList(at, Math.min(wanted.size(), at + TOPICS_A_REQUEST));
                admin.createTopics(some).all().get();
                while (!complete(admin, some)) {
                    Thread.sleep(20);
                }
            }
        }
        System.out.println(wanted.size());
    }

    private static boolean complete(Admin admin, List<NewTopic> topics) throws Exception {
        Map<String, KafkaFuture<TopicDescription>> found = admin.describeTopics(topics.stream().map(NewTopic::name).toList()).topicNameValues();
        for (NewTopic topic : topics) {
            try {
                TopicDescription now = found.get(topic.name()).get();
                if (now.partitions().stream().anyMatch(p -> p.leader() == null || p.isr().size() < p.replicas().size())) {
                    return false;
                }
            } catch (java.util.concurrent.ExecutionException e) {
                if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                    return false; // the broker that was asked has not heard of it yet
                }
                throw e;
            }
        }
        return true;
    }

    /** {"name"}: deletes the topics. */
    private static void drop(String bootstrap) throws Exception {
        List<String> names = lines().stream().map(l -> l.get("name").asText()).toList();
        try (Admin admin = admin(bootstrap)) {
            admin.deleteTopics(names).all().get();
        }
        System.out.println(names.size());
    }

    /**
     * {"partition", "timestamp_ms", "key" | "key_base64", "value" | "value_base64", "headers": [[name, value], ..]}, each may be left out.
     * Prints {"partition", "offset"} for each record, in order. Producer settings come as key=value; with a
     * transactional.id, plant.end = commit | abort | open says how the transaction ends.
     */
    private static void produce(String bootstrap, String topic, Properties more) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        properties.put("acks", "all");
        properties.put("linger.ms", "0");
        properties.putAll(more);
        String end = (String) properties.remove("plant.end");
        boolean each = "true".equals(properties.remove("plant.batch.each")); // one batch per record
        boolean transactional = properties.containsKey("transactional.id");
        KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
        if (transactional) {
            producer.initTransactions();
            producer.beginTransaction();
        }
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (JsonNode line : lines()) {
            ProducerRecord<byte[], byte[]> record = new ProducerRecord<>(topic,
                line.has("partition") ? line.get("partition").asInt() : null,
                line.has("timestamp_ms") ? line.get("timestamp_ms").asLong() : null,
                bytes(line, "key"), bytes(line, "value"));
            if (line.has("headers")) {
                for (JsonNode header : line.get("headers")) {
                    JsonNode value = header.get(1);
                    record.headers().add(header.get(0).asText(), value.isNull() ? null : value.asText().getBytes(StandardCharsets.UTF_8));
                }
            }
            sent.add(producer.send(record));
            if (each) {
                producer.flush();
            }
        }
        producer.flush();
        StringBuilder answer = new StringBuilder();
        for (Future<RecordMetadata> one : sent) {
            RecordMetadata at = one.get();
            answer.append("{\"partition\":").append(at.partition()).append(",\"offset\":").append(at.offset()).append("}\n");
        }
        if (transactional && "commit".equals(end)) {
            producer.commitTransaction();
        } else if (transactional && "abort".equals(end)) {
            producer.abortTransaction();
        }
        // Closing an open transaction's producer without waiting leaves the transaction open on the broker.
        producer.close("open".equals(end) ? java.time.Duration.ZERO : java.time.Duration.ofSeconds(10));
        System.out.print(answer);
    }

    private static byte[] bytes(JsonNode line, String field) throws IOException {
        if (line.hasNonNull(field + "_base64")) {
            return line.get(field + "_base64").binaryValue();
        }
        return line.hasNonNull(field) ? line.get(field).asText().getBytes(StandardCharsets.UTF_8) : null;
    }

    /** {"group", "offsets": [[topic, partition, offset], ..]}: commits for a group without live members; creates the group. */
    private static void commit(String bootstrap) throws Exception {
        List<KafkaFuture<Void>> open = new ArrayList<>();
        int groups = 0;
        try (Admin admin = admin(bootstrap)) {
            for (JsonNode line : lines()) {
                Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
                for (JsonNode one : line.get("offsets")) {
                    offsets.put(new TopicPartition(one.get(0).asText(), one.get(1).asInt()), new OffsetAndMetadata(one.get(2).asLong()));
                }
                open.add(admin.alterConsumerGroupOffsets(line.get("group").asText(), offsets).all());
                groups++;
                if (open.size() == 50) {
                    for (KafkaFuture<Void> one : open) {
                        one.get();
                    }
                    open.clear();
                }
            }
            for (KafkaFuture<Void> one : open) {
                one.get();
            }
        }
        System.out.println(groups);
    }

    private static Admin admin(String bootstrap) {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        return Admin.create(properties);
    }
}
