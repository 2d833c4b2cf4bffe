package keg;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Requests of several megabytes, to one partition and to several, arrive as they were sent; what may not be written to doesn't. */
public final class LargeRequests {
    private static final int PARTITIONS = 3;
    private static final int[] SIZES = {1_500_000, 300_000, 5_000_000, 70_000, 40};
    private static final String[] LIMITS = {"max.request.size=20000000", "batch.size=4000000", "linger.ms=50", "buffer.memory=40000000"};

    private LargeRequests() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("acks=all", cluster -> check(cluster, "large-all", "acks=all"));
            clusters.each("acks=0", cluster -> check(cluster, "large-none", "acks=0", "enable.idempotence=false"));
            clusters.each("a transaction", cluster -> check(cluster, "large-transaction", "transactional.id=large"));
            clusters.each("a topic that may not be written to", LargeRequests::denied);
        });
    }

    private static void create(Cluster cluster, String topic) throws Exception {
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, List.of(new NewTopic(topic, PARTITIONS, (short) -1).configs(Map.of("max.message.bytes", "8000000"))));
        }
    }

    private static void check(Cluster cluster, String topic, String... more) throws Exception {
        create(cluster, topic);
        List<String> properties = new ArrayList<>(List.of(LIMITS));
        properties.addAll(List.of(more));
        boolean transaction = properties.contains("transactional.id=large");
        Random random = new Random((cluster.name + topic).hashCode());
        List<List<byte[]>> sent = new ArrayList<>();
        for (int partition = 0; partition < PARTITIONS; partition++) {
            sent.add(new ArrayList<>());
        }
        try (KafkaProducer<byte[], byte[]> producer = cluster.byteProducer(properties.toArray(String[]::new))) {
            if (transaction) {
                producer.initTransactions();
                producer.beginTransaction();
            }
            List<Future<RecordMetadata>> results = new ArrayList<>();
            for (int i = 0; i < SIZES.length * PARTITIONS; i++) {
                byte[] value = new byte[SIZES[i / PARTITIONS]];
                random.nextBytes(value);
                sent.get(i % PARTITIONS).add(value);
                results.add(producer.send(new ProducerRecord<>(topic, i % PARTITIONS, null, value)));
            }
            for (Future<RecordMetadata> result : results) {
                result.get(60, TimeUnit.SECONDS);
            }
            if (transaction) {
                producer.commitTransaction();
            }
        }
        int all = SIZES.length * PARTITIONS;
        List<ConsumerRecord<byte[], byte[]>> found = cluster.readAll(topic, all, "isolation.level=read_committed",
                "fetch.max.bytes=8000000", "max.partition.fetch.bytes=8000000");
        int[] next = new int[PARTITIONS];
        boolean same = found.size() == all;
        for (ConsumerRecord<byte[], byte[]> record : found) {
            List<byte[]> expected = sent.get(record.partition());
            int place = next[record.partition()]++;
            same &= place < expected.size() && Arrays.equals(record.value(), expected.get(place));
        }
        Checks.that("[" + cluster.name + "] " + topic + " comes back in order as it was sent", same, found.size() + " records");
    }

    private static void denied(Cluster cluster) throws Exception {
        create(cluster, "shown");
        create(cluster, "large-after");
        try (KafkaProducer<byte[], byte[]> producer = cluster.byteProducer(LIMITS)) {
            Checks.fails("[" + cluster.name + "] it is denied", TopicAuthorizationException.class,
                    () -> producer.send(new ProducerRecord<>("shown", 0, null, new byte[3_000_000])).get(60, TimeUnit.SECONDS));
            RecordMetadata result = producer.send(new ProducerRecord<>("large-after", 0, null, new byte[3_000_000])).get(60, TimeUnit.SECONDS);
            Checks.equal("[" + cluster.name + "] another is not", result.offset(), 0L);
        }
        Checks.equal("[" + cluster.name + "] nothing was written", cluster.readAll("shown", 0).size(), 0);
    }
}
