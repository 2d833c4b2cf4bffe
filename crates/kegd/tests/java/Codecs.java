package keg;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.TimestampType;

/** Records of every codec come back with the key, value, headers, timestamp and offset that they were sent with. */
public final class Codecs {
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final int PARTITIONS = 3;
    private static final int RECORDS = 600;
    private static final long FIRST_TIMESTAMP = 1_600_000_000_000L;

    private Codecs() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("codecs", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, PARTITIONS, CODECS.stream().map(Codecs::topic).toArray(String[]::new));
                    for (String codec : CODECS) {
                        codec(cluster, admin, codec);
                    }
                }
            });
            clusters.each("large records", Codecs::large);
            clusters.each("log append time", Codecs::appendTime);
            clusters.each("acks", Codecs::acks);
            for (Cluster cluster : clusters.all) {
                for (String codec : CODECS) {
                    List<ConsumerRecord<byte[], byte[]>> stored = clusters.backend.readAll(cluster.prefix + topic(codec), RECORDS);
                    compare("[" + cluster.name + "] " + codec + " on the backend", stored, sent(cluster, codec));
                }
            }
            List<String> topics = new ArrayList<>(List.of("codec-large", "codec-append-time", "codec-acks"));
            CODECS.forEach(codec -> topics.add(topic(codec)));
            Isolation.check(clusters, topics, List.of());
        });
    }

    private static String topic(String codec) {
        return "codec-" + codec;
    }

    private static void codec(Cluster cluster, Admin admin, String codec) throws Exception {
        String who = "[" + cluster.name + "] " + codec + " ";
        List<ProducerRecord<byte[], byte[]>> sent = sent(cluster, codec);
        List<Future<RecordMetadata>> results = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = cluster.byteProducer("compression.type=" + codec, "linger.ms=20", "acks=all")) {
            sent.forEach(record -> results.add(producer.send(record)));
        }
        Map<Integer, Long> next = new HashMap<>();
        boolean inSequence = true;
        for (int i = 0; i < sent.size(); i++) {
            RecordMetadata result = results.get(i).get(1, TimeUnit.SECONDS);
            long expected = next.merge(sent.get(i).partition(), 1L, Long::sum) - 1;
            inSequence &= result.offset() == expected && result.topic().equals(topic(codec));
        }
        Checks.that(who + "producer gets offsets in sequence and its own topic name", inSequence, "");
        compare(who, cluster.readAll(topic(codec), RECORDS), sent);

        TopicPartition first = new TopicPartition(topic(codec), 0);
        long expectedEnd = sent.stream().filter(record -> record.partition() == 0).count();
        Checks.equal(who + "latest offset", offset(admin, first, OffsetSpec.latest()), expectedEnd);
        Checks.equal(who + "earliest offset", offset(admin, first, OffsetSpec.earliest()), 0L);
        Checks.equal(who + "offset of a timestamp", offset(admin, first, OffsetSpec.forTimestamp(sent.get(PARTITIONS * 10).timestamp())), 10L);
        Checks.equal(who + "offset of the largest timestamp", offset(admin, first, OffsetSpec.maxTimestamp()), expectedEnd - 1);
    }

    private static long offset(Admin admin, TopicPartition partition, OffsetSpec spec) throws Exception {
        return Cluster.get(admin.listOffsets(Map.of(partition, spec)).all()).get(partition).offset();
    }

    /** Every kind of key, value and header, different for each cluster and codec, the same at every call. */
    private static List<ProducerRecord<byte[], byte[]>> sent(Cluster cluster, String codec) {
        Random random = new Random((cluster.name + codec).hashCode());
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) {
            byte[] key = i % 5 == 0 ? null : i % 7 == 0 ? new byte[0] : bytes("schlüssel-" + i);
            byte[] value = i % 11 == 0 ? null : i % 13 == 0 ? new byte[0] : value(random, cluster.name + "/" + codec + "/" + i + "/", i % 17 == 0 ? 8000 : 40);
            var record = new ProducerRecord<>(topic(codec), i % PARTITIONS, FIRST_TIMESTAMP + i * 1000L, key, value);
            if (i % 2 == 0) {
                record.headers().add("codec", bytes(codec)).add("cluster", bytes(cluster.name));
            }
            if (i % 3 == 0) {
                record.headers().add("again", bytes("one")).add("between", null).add("again", bytes("two")).add("again", bytes("one")).add("", new byte[0]);
            }
            records.add(record);
        }
        return records;
    }

    private static byte[] value(Random random, String start, int size) {
        byte[] value = new byte[start.length() + size];
        random.nextBytes(value);
        System.arraycopy(bytes(start), 0, value, 0, start.length());
        return value;
    }

    private static void compare(String what, List<ConsumerRecord<byte[], byte[]>> found, List<ProducerRecord<byte[], byte[]>> sent) {
        Checks.equal(what + " count", found.size(), sent.size());
        Map<Integer, Integer> seen = new HashMap<>();
        Map<Integer, List<ProducerRecord<byte[], byte[]>>> byPartition = new HashMap<>();
        sent.forEach(record -> byPartition.computeIfAbsent(record.partition(), partition -> new ArrayList<>()).add(record));
        String firstDifference = "";
        for (ConsumerRecord<byte[], byte[]> record : found) {
            int index = seen.merge(record.partition(), 1, Integer::sum) - 1;
            List<ProducerRecord<byte[], byte[]>> expected = byPartition.getOrDefault(record.partition(), List.of());
            String difference = index >= expected.size() ? "too many" : difference(record, expected.get(index), index);
            if (firstDifference.isEmpty() && !difference.isEmpty()) {
                firstDifference = difference + " of record " + index + " in partition " + record.partition();
            }
        }
        Checks.equal(what + " contents", firstDifference, "");
    }

    private static String difference(ConsumerRecord<byte[], byte[]> found, ProducerRecord<byte[], byte[]> sent, int index) {
        return found.offset() != index ? "offset"
                : !Arrays.equals(found.key(), sent.key()) ? "key"
                : !Arrays.equals(found.value(), sent.value()) ? "value"
                : found.timestamp() != sent.timestamp() || found.timestampType() != TimestampType.CREATE_TIME ? "timestamp"
                : !sameHeaders(found.headers().toArray(), sent.headers().toArray()) ? "headers"
                : "";
    }

    /** In the same order, duplicates included. */
    private static boolean sameHeaders(Header[] found, Header[] sent) {
        return Arrays.equals(found, sent, (a, b) -> a.key().equals(b.key()) && Arrays.equals(a.value(), b.value()) ? 0 : 1);
    }

    /** Batches of several megabytes, and a record just over what the broker takes. */
    private static void large(Cluster cluster) throws Exception {
        try (Admin admin = cluster.admin();
                KafkaProducer<byte[], byte[]> producer = cluster.byteProducer("max.request.size=20000000", "batch.size=900000", "linger.ms=50", "buffer.memory=100000000")) {
            NewTopic topic = new NewTopic("codec-large", 1, (short) -1).configs(Map.of("max.message.bytes", "6000000"));
            Cluster.get(admin.createTopics(List.of(topic)).all());
            Random random = new Random(cluster.name.hashCode());
            List<byte[]> values = new ArrayList<>();
            for (int size : new int[] {10, 5_000_000, 1_000_000, 100, 3_000_000, 1}) {
                values.add(value(random, "", size));
            }
            for (byte[] value : values) {
                producer.send(new ProducerRecord<>("codec-large", value));
            }
            producer.flush();
            Checks.fails("[" + cluster.name + "] a record that is too large is refused", RecordTooLargeException.class,
                    () -> producer.send(new ProducerRecord<>("codec-large", new byte[6_100_000])).get(30, TimeUnit.SECONDS));
            List<ConsumerRecord<byte[], byte[]>> found = cluster.readAll("codec-large", values.size(), "fetch.max.bytes=20000000", "max.partition.fetch.bytes=8000000");
            boolean same = found.size() == values.size();
            for (int i = 0; same && i < values.size(); i++) {
                same = Arrays.equals(found.get(i).value(), values.get(i));
            }
            Checks.that("[" + cluster.name + "] large records come back whole", same, found.size() + " records");
        }
    }

    private static void appendTime(Cluster cluster) throws Exception {
        long before = System.currentTimeMillis();
        try (Admin admin = cluster.admin(); KafkaProducer<byte[], byte[]> producer = cluster.byteProducer()) {
            NewTopic topic = new NewTopic("codec-append-time", 1, (short) -1).configs(Map.of("message.timestamp.type", "LogAppendTime"));
            Cluster.get(admin.createTopics(List.of(topic)).all());
            RecordMetadata result = producer.send(new ProducerRecord<>("codec-append-time", 0, 1L, null, bytes("now"))).get(30, TimeUnit.SECONDS);
            ConsumerRecord<byte[], byte[]> found = cluster.readAll("codec-append-time", 1).get(0);
            Checks.equal("[" + cluster.name + "] timestamp type", found.timestampType(), TimestampType.LOG_APPEND_TIME);
            Checks.that("[" + cluster.name + "] the broker's time", found.timestamp() >= before - 1000 && found.timestamp() == result.timestamp(), found.timestamp());
        }
    }

    /** No, one and all acknowledgements: with none there is no response, and what follows must not be mistaken for it. */
    private static void acks(Cluster cluster) throws Exception {
        List<String> sent = new ArrayList<>();
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 1, "codec-acks");
        }
        for (String acks : List.of("0", "1", "all")) {
            try (KafkaProducer<byte[], byte[]> producer = cluster.byteProducer("acks=" + acks, "enable.idempotence=false", "max.in.flight.requests.per.connection=1", "batch.size=0")) {
                for (int i = 0; i < 50; i++) {
                    String value = cluster.name + " " + acks + " " + i;
                    producer.send(new ProducerRecord<>("codec-acks", bytes(value)));
                    sent.add(value);
                }
                Checks.equal("[" + cluster.name + "] metadata after acks=" + acks, producer.partitionsFor("codec-acks").size(), 1);
            }
            // Nobody says when a record without acknowledgement is there; the next producer's must not overtake it.
            cluster.readAll("codec-acks", sent.size());
        }
        List<String> found = cluster.readAll("codec-acks", sent.size()).stream().map(record -> new String(record.value(), StandardCharsets.UTF_8)).toList();
        Checks.equal("[" + cluster.name + "] records of every acks setting, in order", found, sent);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
