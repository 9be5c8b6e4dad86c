package testbed;

import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Produces to partitions of a topic at steady rates until standard input ends. Rates come as PARTITION=RECORDS_A_SECOND.
 * What was late is made up for, so that over some seconds the rate is exact. Prints `running` at the first record.
 */
final class Flow {
    private Flow() {}

    static void run(String bootstrap, String topic, Properties rates) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", bootstrap);
        List<int[]> wanted = new ArrayList<>();
        for (String partition : rates.stringPropertyNames()) {
            wanted.add(new int[] {Integer.parseInt(partition), Integer.parseInt(rates.getProperty(partition))});
        }
        AtomicBoolean end = new AtomicBoolean();
        Member.atEnd(() -> end.set(true));
        long[] sent = new long[wanted.size()];
        try (KafkaProducer<byte[], byte[]> producer = new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer())) {
            long begun = System.nanoTime();
            System.out.println("running");
            while (!end.get()) {
                double seconds = (System.nanoTime() - begun) / 1e9;
                for (int i = 0; i < sent.length; i++) {
                    long due = (long) (seconds * wanted.get(i)[1]);
                    for (; sent[i] < due; sent[i]++) {
                        producer.send(new ProducerRecord<>(topic, wanted.get(i)[0], null, new byte[] {'v'}));
                    }
                }
                Thread.sleep(10);
            }
        }
    }
}
