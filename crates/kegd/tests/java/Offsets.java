package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;

/** Committed offsets: with metadata, read by others, altered, deleted. */
final class Offsets {
    private static final String TOPIC = "group-offsets";
    private static final String GROUP = "group-offsets";
    private static final TopicPartition FIRST = new TopicPartition(TOPIC, 0);
    private static final TopicPartition SECOND = new TopicPartition(TOPIC, 1);

    private Offsets() {
    }

    static void check(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] offsets: ";
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 2, TOPIC);
            List<String> sent = Groups.produce(cluster, TOPIC, "offsets", 30);
            try (KafkaConsumer<String, String> consumer = consumer(cluster)) {
                consumer.assign(List.of(FIRST, SECOND));
                var offsets = Map.of(FIRST, new OffsetAndMetadata(7, "seven of " + cluster.name), SECOND, new OffsetAndMetadata(9, ""));
                consumer.commitSync(offsets);
                Checks.equal(who + "commitSync with metadata", withoutEpochs(consumer.committed(Set.of(FIRST, SECOND))), withoutEpochs(offsets));
                CompletableFuture<Exception> done = new CompletableFuture<>();
                consumer.commitAsync(Map.of(SECOND, new OffsetAndMetadata(11)), (committed, problem) -> done.complete(problem));
                while (!done.isDone()) {
                    consumer.poll(Duration.ofMillis(20));
                }
                Checks.equal(who + "commitAsync", done.get(1, TimeUnit.SECONDS), null);
            }
            Checks.equal(who + "read by an administrator", committed(admin, GROUP), new TreeMap<>(Map.of("group-offsets-0", 7L, "group-offsets-1", 11L)).toString());

            Cluster.get(admin.alterConsumerGroupOffsets(GROUP, Map.of(FIRST, new OffsetAndMetadata(25), SECOND, new OffsetAndMetadata(0))).all());
            List<String> resumed = readFromCommitted(cluster, 35);
            List<String> expected = new ArrayList<>();
            for (int i = 0; i < sent.size(); i++) {
                if (i % 2 == 1 || i / 2 >= 25) {
                    expected.add(sent.get(i));
                }
            }
            Checks.equal(who + "a consumer goes on where the offsets were reset to", resumed.stream().sorted().toList(), expected.stream().sorted().toList());

            Cluster.get(admin.deleteConsumerGroupOffsets(GROUP, Set.of(SECOND)).all());
            Checks.equal(who + "after the deletion of one partition's offset", committed(admin, GROUP), Map.of("group-offsets-0", 25L).toString());
            seeks(who, cluster, sent);

            try (KafkaConsumer<String, String> other = cluster.consumer("group.id=group-deleted")) {
                other.assign(List.of(FIRST));
                other.commitSync(Map.of(FIRST, new OffsetAndMetadata(1)));
            }
            Cluster.get(admin.deleteConsumerGroups(List.of("group-deleted")).all());
            Checks.fails(who + "a group that is gone can't be deleted again", GroupIdNotFoundException.class,
                    () -> Cluster.get(admin.deleteConsumerGroups(List.of("group-deleted")).all()));
        }
    }

    private static void seeks(String who, Cluster cluster, List<String> sent) {
        try (KafkaConsumer<String, String> consumer = consumer(cluster)) {
            consumer.assign(List.of(FIRST));
            consumer.seekToEnd(List.of(FIRST));
            Checks.equal(who + "seekToEnd", consumer.position(FIRST), 30L);
            consumer.seek(FIRST, 29);
            List<String> last = new ArrayList<>();
            long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
            while (last.isEmpty() && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> last.add(record.value()));
            }
            Checks.equal(who + "seek", last, List.of(sent.get(58)));
        }
    }

    private static List<String> readFromCommitted(Cluster cluster, int expected) {
        List<String> values = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = consumer(cluster)) {
            consumer.assign(List.of(FIRST, SECOND));
            long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
            while (values.size() < expected && System.nanoTime() < deadline) {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
            }
            // A moment longer: too many would be as wrong as too few.
            consumer.poll(Duration.ofMillis(300)).forEach(record -> values.add(record.value()));
        }
        return values;
    }

    private static KafkaConsumer<String, String> consumer(Cluster cluster) {
        return cluster.consumer("group.id=" + GROUP, "enable.auto.commit=false", "auto.offset.reset=none");
    }

    /** A group's offsets, as text that sorts. */
    static String committed(Admin admin, String group) throws Exception {
        Map<String, Long> offsets = new TreeMap<>();
        Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata())
                .forEach((partition, offset) -> offsets.put(partition.toString(), offset.offset()));
        return offsets.toString();
    }

    /** The same offset in each of a topic's partitions, as `committed` gives it. */
    static String everywhere(String topic, int partitions, long offset) {
        Map<String, Long> offsets = new TreeMap<>();
        for (int i = 0; i < partitions; i++) {
            offsets.put(topic + "-" + i, offset);
        }
        return offsets.toString();
    }

    private static Map<TopicPartition, String> withoutEpochs(Map<TopicPartition, OffsetAndMetadata> offsets) {
        return offsets.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> entry.getValue().offset() + " " + entry.getValue().metadata()));
    }
}
