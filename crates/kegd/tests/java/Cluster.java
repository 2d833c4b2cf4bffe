package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** A cluster as its clients see it, and short ways to make clients for it. */
final class Cluster {
    /** No single step of a test takes longer; a step that does has hung. */
    static final Duration PATIENCE = Duration.ofSeconds(60);

    final String name;
    /** What the names begin with on the backend. */
    final String prefix;
    private final Properties client;

    Cluster(String name, String prefix, Properties client) {
        this.name = name;
        this.prefix = prefix;
        this.client = client;
    }

    String bootstrap() {
        return client.getProperty("bootstrap.servers");
    }

    /** The client's properties, with more as "key=value". */
    Map<String, Object> properties(String... more) {
        Map<String, Object> properties = new HashMap<>();
        client.stringPropertyNames().forEach(key -> properties.put(key, client.getProperty(key)));
        for (String pair : more) {
            String[] parts = pair.split("=", 2);
            properties.put(parts[0], parts[1]);
        }
        return properties;
    }

    Admin admin() {
        return Admin.create(properties());
    }

    KafkaProducer<byte[], byte[]> byteProducer(String... more) {
        return new KafkaProducer<>(properties(more), new ByteArraySerializer(), new ByteArraySerializer());
    }

    KafkaProducer<String, String> producer(String... more) {
        return new KafkaProducer<>(properties(more), new StringSerializer(), new StringSerializer());
    }

    KafkaConsumer<byte[], byte[]> byteConsumer(String... more) {
        return new KafkaConsumer<>(properties(more), new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    KafkaConsumer<String, String> consumer(String... more) {
        return new KafkaConsumer<>(properties(more), new StringDeserializer(), new StringDeserializer());
    }

    /**
     * Creates topics with the cluster's default replication, and waits until their leaders serve: a leader that is only elected may
     * refuse the first batch of a producer and take the second, which Kafka's sequence numbers don't survive.
     */
    void create(Admin admin, int partitions, String... topics) throws Exception {
        create(admin, Arrays.stream(topics).map(topic -> new NewTopic(topic, partitions, (short) -1)).toList());
    }

    /** The same of topics with settings of their own. */
    void create(Admin admin, List<NewTopic> topics) throws Exception {
        get(admin.createTopics(topics).all());
        Map<TopicPartition, OffsetSpec> all = new HashMap<>();
        for (NewTopic topic : topics) {
            for (int partition = 0; partition < topic.numPartitions(); partition++) {
                all.put(new TopicPartition(topic.name(), partition), OffsetSpec.latest());
            }
        }
        await("leaders of " + topics, () -> {
            try {
                return get(admin.listOffsets(all).all()).size() == all.size();
            } catch (Exception notYet) {
                return false;
            }
        });
    }

    /** Everything in a topic from the beginning, once there are at least as many records as expected, by partition and offset. */
    List<ConsumerRecord<byte[], byte[]>> readAll(String topic, int expected, String... more) {
        return read(byteConsumer(more), topic, expected);
    }

    List<ConsumerRecord<String, String>> readAllStrings(String topic, int expected, String... more) {
        return read(consumer(more), topic, expected);
    }

    private <T> List<ConsumerRecord<T, T>> read(KafkaConsumer<T, T> reader, String topic, int expected) {
        List<ConsumerRecord<T, T>> records = new ArrayList<>();
        try (KafkaConsumer<T, T> consumer = reader) {
            List<TopicPartition> partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (!(records.size() >= expected && atEnd(consumer, ends))) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                if (System.nanoTime() > deadline) {
                    Map<TopicPartition, Long> positions = new HashMap<>();
                    partitions.forEach(partition -> positions.put(partition, consumer.position(partition)));
                    throw new IllegalStateException(name + ": " + records.size() + " of " + expected + " records, at " + positions + " with ends at " + ends);
                }
            }
        }
        records.sort((a, b) -> a.partition() != b.partition() ? a.partition() - b.partition() : Long.compare(a.offset(), b.offset()));
        return records;
    }

    private static boolean atEnd(KafkaConsumer<?, ?> consumer, Map<TopicPartition, Long> ends) {
        return ends.entrySet().stream().allMatch(end -> consumer.position(end.getKey()) >= end.getValue());
    }

    Set<String> topicNames(Admin admin) throws Exception {
        return new TreeSet<>(get(admin.listTopics().names()));
    }

    /** The names that the backend has for this cluster's. */
    Set<String> onBackend(Collection<String> names) {
        return names.stream().map(prefix::concat).collect(Collectors.toCollection(TreeSet::new));
    }

    static <T> T get(KafkaFuture<T> future) throws Exception {
        return future.get(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    }

    static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new IllegalStateException("no " + what + " in " + PATIENCE);
            }
            Thread.sleep(50);
        }
    }
}
