package keg;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Grouped;
import org.apache.kafka.streams.kstream.Materialized;
import org.apache.kafka.streams.kstream.Named;
import org.apache.kafka.streams.kstream.Produced;

/** A word count with a repartition topic and a changelog, exactly once, over a restart that loses its local state. */
public final class Streams {
    private static final String[] WORDS = {"gateway", "broker", "topic", "record", "offset", "group", "leader", "replica"};

    private final Cluster cluster;
    private final boolean byCoordinator;
    private final String application;
    private final String in;
    private final String out;

    private Streams(Cluster cluster, boolean byCoordinator) {
        this.cluster = cluster;
        this.byCoordinator = byCoordinator;
        application = application(byCoordinator);
        in = application + "-in";
        out = application + "-out";
    }

    private static String application(boolean byCoordinator) {
        return byCoordinator ? "streams-count" : "word-count";
    }

    private static Set<String> topics(String application) {
        return Set.of(application + "-in", application + "-out", application + "-by-word-repartition", application + "-counts-changelog");
    }

    /** With "streams" as the second argument, the coordinator assigns the tasks (KIP-1071). */
    public static void main(String[] args) {
        boolean byCoordinator = args.length > 1 && args[1].equals("streams");
        Clusters.run(args[0], clusters -> {
            clusters.each("streams", cluster -> new Streams(cluster, byCoordinator).check(clusters.dir));
            String application = application(byCoordinator);
            Isolation.check(clusters, topics(application), List.of(application));
        });
    }

    private void check(Path dir) throws Exception {
        String who = "[" + cluster.name + "] streams: ";
        Map<String, Long> expected = new TreeMap<>();
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 3, in, out);
            KafkaStreams first = start(dir.resolve(cluster.name + "-state-1"));
            produce(400, expected);
            awaitCounts(expected);
            Checks.equal(who + "counts", latest(), expected);
            Checks.that(who + "it closes in time", first.close(Duration.ofSeconds(30)), "");

            KafkaStreams second = start(dir.resolve(cluster.name + "-state-2"));
            produce(300, expected);
            awaitCounts(expected);
            Checks.equal(who + "counts after a restart from the changelog", latest(), expected);
            if (byCoordinator) {
                Set<String> named = new HashSet<>(topics(application));
                named.remove(out);
                StreamsGroups.check(cluster, admin, application, named);
            }
            Checks.that(who + "it closes again", second.close(Duration.ofSeconds(30)), "");

            Set<String> topics = cluster.topicNames(admin);
            Checks.that(who + "its internal topics are there", topics.containsAll(topics(application)), topics);
            long changes = cluster.readAll(out, 0, "isolation.level=read_committed").size();
            Checks.that(who + "every change of a count is there once", strictlyRising(), changes + " changes");
            Checks.equal(who + "the input was read once", Offsets.committed(admin, application).contains(in), true);
        }
    }

    private KafkaStreams start(Path state) throws InterruptedException {
        Properties properties = new Properties();
        properties.putAll(cluster.properties(
                "application.id=" + application, "processing.guarantee=exactly_once_v2", "state.dir=" + state, "num.stream.threads=2",
                "commit.interval.ms=200", "statestore.cache.max.bytes=0", "auto.offset.reset=earliest"));
        properties.putAll(byCoordinator
                ? Map.of("group.protocol", "streams", "application.server", "app.example:8080")
                : Map.of("num.standby.replicas", "0", "session.timeout.ms", "6000", "heartbeat.interval.ms", "2000"));
        KafkaStreams streams = new KafkaStreams(topology(), properties);
        List<Throwable> problems = new ArrayList<>();
        streams.setUncaughtExceptionHandler(thrown -> {
            problems.add(thrown);
            return org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
        streams.start();
        Cluster.await("running streams", () -> {
            if (!problems.isEmpty()) {
                throw new IllegalStateException("streams failed", problems.get(0));
            }
            return streams.state() == KafkaStreams.State.RUNNING;
        });
        return streams;
    }

    private Topology topology() {
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(in, Consumed.with(Serdes.String(), Serdes.String()))
                .flatMapValues(line -> List.of(line.split(" ")), Named.as("split"))
                .groupBy((key, word) -> word, Grouped.with("by-word", Serdes.String(), Serdes.String()))
                .count(Materialized.<String, Long>as(org.apache.kafka.streams.state.Stores.persistentKeyValueStore("counts")).withKeySerde(Serdes.String()).withValueSerde(Serdes.Long()))
                .toStream()
                .to(out, Produced.with(Serdes.String(), Serdes.Long()));
        return builder.build();
    }

    /** Different counts in each cluster, so that a record that went to the wrong one shows. */
    private void produce(int lines, Map<String, Long> expected) {
        int shift = Math.abs(cluster.name.hashCode()) % 5 + 2;
        try (KafkaProducer<String, String> producer = cluster.producer()) {
            for (int i = 0; i < lines; i++) {
                List<String> words = List.of(WORDS[i % WORDS.length], WORDS[i * shift % WORDS.length], cluster.name);
                words.forEach(word -> expected.merge(word, 1L, Long::sum));
                producer.send(new ProducerRecord<>(in, i % 3, "line " + i, String.join(" ", words)));
            }
        }
    }

    private void awaitCounts(Map<String, Long> expected) throws InterruptedException {
        Cluster.await("final counts", () -> latest().equals(expected));
    }

    private Map<String, Long> latest() {
        Map<String, Long> counts = new TreeMap<>();
        changes().forEach(record -> counts.put(record.key(), record.value()));
        return counts;
    }

    /** Without a cache each word's count goes up by one at a time; a repeated or a lost step would show. */
    private boolean strictlyRising() {
        Map<String, Long> counts = new HashMap<>();
        for (ConsumerRecord<String, Long> change : changes()) {
            if (!change.value().equals(counts.merge(change.key(), 1L, Long::sum))) {
                return false;
            }
        }
        return !counts.isEmpty();
    }

    private List<ConsumerRecord<String, Long>> changes() {
        List<ConsumerRecord<String, Long>> records = new ArrayList<>();
        try (var consumer = new KafkaConsumer<>(cluster.properties("isolation.level=read_committed"), new StringDeserializer(), new LongDeserializer())) {
            List<TopicPartition> partitions = List.of(new TopicPartition(out, 0), new TopicPartition(out, 1), new TopicPartition(out, 2));
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
            while (System.nanoTime() < deadline && ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
            }
        }
        return records;
    }
}
