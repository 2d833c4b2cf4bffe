package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** A topic that is deleted and made again under its name, with another id, works at once: for clients that come then, and for those that knew the old one. */
public final class MadeAgain {
    private static final String TOPIC = "made-again";
    private static final int RECORDS = 20;

    private MadeAgain() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("a topic made again", MadeAgain::check);
            Isolation.check(clusters, List.of(TOPIC), List.of(TOPIC));
        });
    }

    private static void check(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        // The old producer must ask for metadata on its own account; nothing else would tell it so soon.
        try (Admin admin = cluster.admin();
                KafkaProducer<String, String> old = cluster.producer("retries=1000", "retry.backoff.ms=20");
                KafkaConsumer<String, String> reader = cluster.consumer("group.id=made-again", "auto.offset.reset=earliest", "enable.auto.commit=false", "metadata.max.age.ms=1000")) {
            cluster.create(admin, 1, TOPIC);
            Uuid first = id(admin);
            send(old, "first");
            reader.subscribe(List.of(TOPIC));
            Checks.equal(who + "records of the first topic", read(reader, "first"), RECORDS);

            Cluster.get(admin.deleteTopics(List.of(TOPIC)).all());
            Cluster.await("deletion", () -> isGone(admin));
            cluster.create(admin, 1, TOPIC);
            Checks.that(who + "the topic has another id", !id(admin).equals(first), "");

            try (KafkaProducer<String, String> fresh = cluster.producer()) {
                send(fresh, "second");
            }
            Checks.equal(who + "records for a client that comes now", values(cluster.readAllStrings(TOPIC, RECORDS)), expected("second"));
            send(old, "third");
            Checks.equal(who + "records for the old consumer", read(reader, "third"), RECORDS);
            List<String> all = new ArrayList<>(expected("second"));
            all.addAll(expected("third"));
            Checks.equal(who + "records in the end", values(cluster.readAllStrings(TOPIC, 2 * RECORDS)), all);
        }
    }

    private static Uuid id(Admin admin) throws Exception {
        return Cluster.get(admin.describeTopics(List.of(TOPIC)).allTopicNames()).get(TOPIC).topicId();
    }

    private static boolean isGone(Admin admin) {
        try {
            Cluster.get(admin.describeTopics(List.of(TOPIC)).allTopicNames());
            return false;
        } catch (Exception failed) {
            return failed.getCause() instanceof UnknownTopicOrPartitionException;
        }
    }

    private static List<String> expected(String what) {
        return java.util.stream.IntStream.range(0, RECORDS).mapToObj(number -> what + " " + number).toList();
    }

    private static void send(KafkaProducer<String, String> producer, String what) throws Exception {
        for (String value : expected(what)) {
            producer.send(new ProducerRecord<>(TOPIC, value)).get(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    /** Reads until all of these records have come, and says how many different ones have. */
    private static int read(KafkaConsumer<String, String> reader, String what) {
        List<String> missing = new ArrayList<>(expected(what));
        long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
        while (!missing.isEmpty() && System.nanoTime() < deadline) {
            for (ConsumerRecord<String, String> record : reader.poll(Duration.ofMillis(100))) {
                missing.remove(record.value());
            }
        }
        return RECORDS - missing.size();
    }

    private static List<String> values(List<ConsumerRecord<String, String>> records) {
        return Arrays.asList(records.stream().map(ConsumerRecord::value).toArray(String[]::new));
    }
}
