package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListShareGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ShareGroupDescription;
import org.apache.kafka.clients.consumer.AcknowledgeType;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Share groups (KIP-932): records are acquired, accepted, released and rejected; offsets are described, reset and deleted. */
public final class ShareGroups {
    private static final String TOOL = "org.apache.kafka.tools.consumer.group.ShareGroupCommand";
    private static final int RECORDS = 60;

    /** What clients of a cluster call things: where the prefix is not hidden, they say it. */
    private final Cluster cluster;
    private final String who;
    private final String group;
    private final String in;
    private final String late;

    private ShareGroups(Cluster cluster, boolean prefixed) {
        this.cluster = cluster;
        who = "[" + cluster.name + "] share group: ";
        String prefix = prefixed ? cluster.prefix : "";
        group = prefix + "sharers";
        in = prefix + "share-in";
        late = prefix + "share-late";
    }

    /** The arguments after the first are the clusters whose prefix isn't hidden. */
    public static void main(String[] args) {
        Set<String> prefixed = Set.of(args);
        Clusters.run(args[0], clusters -> {
            clusters.each("share groups", cluster -> new ShareGroups(cluster, prefixed.contains(cluster.name)).check());
            if (prefixed.size() == 1 && clusters.isolated()) {
                ShareSessions.check(clusters, "share-in");
            }
            if (prefixed.size() == 1) {
                Isolation.check(clusters, List.of("share-in", "share-late"), List.of());
            }
        });
    }

    private void check() throws Exception {
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 3, in);
            ConfigResource settings = new ConfigResource(ConfigResource.Type.GROUP, group);
            Cluster.get(admin.incrementalAlterConfigs(Map.of(settings, List.of(
                    new AlterConfigOp(new ConfigEntry("share.auto.offset.reset", "earliest"), AlterConfigOp.OpType.SET)))).all());
            acknowledged();
            shared(admin);
            offsets(admin);
            deleted(admin);
        }
    }

    /** One third is accepted, one third rejected, and one third accepted after it was released once. */
    private void acknowledged() throws Exception {
        Set<String> sent = produce(in, "first", RECORDS);
        Map<String, Integer> deliveries = new TreeMap<>();
        Set<String> accepted = new TreeSet<>();
        Set<String> rejected = new TreeSet<>();
        try (KafkaShareConsumer<String, String> consumer = consumer("share.acknowledgement.mode=explicit")) {
            consumer.subscribe(List.of(in));
            Cluster.await("acknowledged records", () -> {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                    int delivered = deliveries.merge(record.value(), 1, Integer::sum);
                    Checks.equal(who + "deliveries of " + record.value(), record.deliveryCount().map(Short::intValue).orElse(-1), delivered);
                    AcknowledgeType type = switch (number(record) % 3) {
                        case 0 -> AcknowledgeType.ACCEPT;
                        case 1 -> AcknowledgeType.REJECT;
                        default -> delivered == 1 ? AcknowledgeType.RELEASE : AcknowledgeType.ACCEPT;
                    };
                    consumer.acknowledge(record, type);
                    if (type == AcknowledgeType.ACCEPT) {
                        accepted.add(record.value());
                    } else if (type == AcknowledgeType.REJECT) {
                        rejected.add(record.value());
                    }
                }
                consumer.commitSync().forEach((partition, problem) -> problem.ifPresent(thrown -> Checks.broke(who + "acknowledging " + partition, thrown)));
                return accepted.size() + rejected.size() >= RECORDS;
            });
        }
        Set<String> all = new TreeSet<>(accepted);
        all.addAll(rejected);
        Checks.equal(who + "every record is accepted or rejected", all, sent);
        Checks.equal(who + "what was released came again, and nothing else", twice(deliveries), sent.stream().filter(value -> Integer.parseInt(value.substring(value.lastIndexOf(' ') + 1)) % 3 == 2).collect(Collectors.toCollection(TreeSet::new)));
    }

    /** Two members get each record once, also of a topic that is made while they run. */
    private void shared(Admin admin) throws Exception {
        List<String> read = new ArrayList<>();
        try (KafkaShareConsumer<String, String> first = consumer(); KafkaShareConsumer<String, String> second = consumer()) {
            List<KafkaShareConsumer<String, String>> members = List.of(first, second);
            members.forEach(member -> member.subscribe(List.of(in, late)));
            Cluster.await("two members", () -> {
                read(members, read);
                ShareGroupDescription described = describe(admin);
                return described.members().size() == 2 && described.groupState() == GroupState.STABLE;
            });
            Set<String> sent = produce(in, "second", RECORDS);
            Cluster.await("shared records", () -> read(members, read).size() >= sent.size());

            cluster.create(admin, 2, late);
            sent.addAll(produce(late, "late", RECORDS));
            Cluster.await("records of a topic that was made meanwhile", () -> read(members, read).size() >= sent.size());
            Checks.equal(who + "two members get each record once", read.stream().sorted().toList(), List.copyOf(sent));

            Cluster.await("the later topic in the description", () -> {
                read(members, read);
                return describe(admin).members().stream().anyMatch(member -> member.assignment().topicPartitions().stream().anyMatch(partition -> partition.topic().equals(late)));
            });
            Set<TopicPartition> assigned = new HashSet<>();
            describe(admin).members().forEach(member -> assigned.addAll(member.assignment().topicPartitions()));
            Set<TopicPartition> partitions = new HashSet<>();
            IntStream.range(0, 3).forEach(number -> partitions.add(new TopicPartition(in, number)));
            IntStream.range(0, 2).forEach(number -> partitions.add(new TopicPartition(late, number)));
            Checks.equal(who + "assigned", assigned, partitions);
            String members1 = tool("--describe", "--group", group, "--members");
            Checks.that(who + "the tool describes members", members1.contains(in + ":") && clean(members1), members1);
        }
    }

    private void offsets(Admin admin) throws Exception {
        Cluster.await("an empty group", () -> describe(admin).groupState() == GroupState.EMPTY);
        for (var asOther : List.of(admin.describeConsumerGroups(List.of(group)).describedGroups(), admin.describeClassicGroups(List.of(group)).describedGroups(), admin.describeStreamsGroups(List.of(group)).describedGroups())) {
            try {
                Cluster.get(asOther.get(group));
                Checks.that(who + "described as a group of another kind", false, "it worked");
            } catch (Exception thrown) {
                String message = String.valueOf(thrown.getCause().getMessage());
                Checks.that(who + "a description as another kind says why not", clean(message), message);
            }
        }
        Set<String> listed = new TreeSet<>(tool("--list").lines().toList());
        if (cluster.prefix.isEmpty()) {
            // Those of other tests.
            listed.retainAll(Set.of(group));
        }
        Checks.equal(who + "the tool lists", listed, Set.of(group));
        String described = tool("--describe", "--group", group);
        Checks.that(who + "the tool describes offsets", described.contains(in) && described.contains(late) && clean(described), described);
        // Nodes write how far a partition has come with the next acknowledgement.
        Map<TopicPartition, Long> ends = ends(in);
        Checks.that(who + "start offsets have moved", starts(admin, in).entrySet().stream().allMatch(start -> start.getValue() > 0 && start.getValue() <= ends.get(start.getKey())), starts(admin, in));

        String reset = tool("--reset-offsets", "--group", group, "--topic", in, "--to-earliest", "--execute");
        Checks.that(who + "the tool resets offsets", reset.contains(in) && clean(reset), reset);
        Checks.equal(who + "start offsets at the beginning", new HashSet<>(starts(admin, in).values()), Set.of(0L));
        List<String> again = new ArrayList<>();
        try (KafkaShareConsumer<String, String> consumer = consumer()) {
            consumer.subscribe(List.of(in));
            Cluster.await("all records again", () -> read(List.of(consumer), again).size() >= 2 * RECORDS);
        }
        Checks.equal(who + "all is read again after a reset", new HashSet<>(again).size(), 2 * RECORDS);

        Cluster.await("an empty group again", () -> describe(admin).groupState() == GroupState.EMPTY);
        Cluster.get(admin.alterShareGroupOffsets(group, Map.of(new TopicPartition(in, 1), 5L)).all());
        Checks.equal(who + "an altered offset", starts(admin, in).get(new TopicPartition(in, 1)), 5L);
        String deleted = tool("--delete-offsets", "--group", group, "--topic", late);
        Checks.that(who + "the tool deletes offsets", deleted.contains(late) && clean(deleted), deleted);
        Checks.equal(who + "offsets of the other topic are left", topics(admin), Set.of(in));
    }

    private void deleted(Admin admin) throws Exception {
        String deleted = tool("--delete", "--group", group);
        Checks.that(who + "the tool deletes the group", deleted.contains(group) && clean(deleted), deleted);
        Checks.that(who + "it isn't listed any more", Cluster.get(admin.listGroups(ListGroupsOptions.forShareGroups()).all()).stream().noneMatch(listed -> listed.groupId().equals(group)), "");
        Checks.fails(who + "a deleted group isn't described", GroupIdNotFoundException.class, () -> Cluster.get(admin.describeShareGroups(List.of(group)).all()));
        try {
            Cluster.get(admin.deleteShareGroups(List.of(group)).all());
            Checks.that(who + "deleting it again", false, "it worked");
        } catch (Exception thrown) {
            Checks.that(who + "messages quote the client's name", clean(String.valueOf(thrown.getCause().getMessage())), thrown.getCause().getMessage());
        }
    }

    private KafkaShareConsumer<String, String> consumer(String... more) {
        Map<String, Object> properties = cluster.properties(more);
        properties.put("group.id", group);
        return new KafkaShareConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
    }

    private Set<String> produce(String topic, String what, int count) throws Exception {
        Set<String> sent = new TreeSet<>();
        try (KafkaProducer<String, String> producer = cluster.producer()) {
            for (int number = 0; number < count; number++) {
                String value = cluster.name + " " + what + " " + number;
                sent.add(value);
                producer.send(new ProducerRecord<>(topic, Integer.toString(number), value));
            }
        }
        return sent;
    }

    /** Polls each consumer once; all that was read so far. */
    private static List<String> read(List<KafkaShareConsumer<String, String>> consumers, List<String> read) {
        consumers.forEach(consumer -> consumer.poll(Duration.ofMillis(100)).forEach(record -> read.add(record.value())));
        return read;
    }

    private static int number(ConsumerRecord<String, String> record) {
        return Integer.parseInt(record.key());
    }

    private static Set<String> twice(Map<String, Integer> deliveries) {
        return deliveries.entrySet().stream().filter(entry -> entry.getValue() == 2).map(Map.Entry::getKey).collect(Collectors.toCollection(TreeSet::new));
    }

    private ShareGroupDescription describe(Admin admin) {
        try {
            return Cluster.get(admin.describeShareGroups(List.of(group)).all()).get(group);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private Map<TopicPartition, Long> starts(Admin admin, String topic) throws Exception {
        Map<TopicPartition, Long> starts = new HashMap<>();
        offsetsOfAll(admin).forEach((partition, offset) -> {
            if (partition.topic().equals(topic)) {
                starts.put(partition, offset);
            }
        });
        return starts;
    }

    private Set<String> topics(Admin admin) throws Exception {
        return offsetsOfAll(admin).keySet().stream().map(TopicPartition::topic).collect(Collectors.toSet());
    }

    private Map<TopicPartition, Long> offsetsOfAll(Admin admin) throws Exception {
        Map<TopicPartition, Long> offsets = new HashMap<>();
        Cluster.get(admin.listShareGroupOffsets(Map.of(group, new ListShareGroupOffsetsSpec())).partitionsToOffsetInfo(group))
                .forEach((partition, info) -> offsets.put(partition, info == null ? null : info.startOffset()));
        return offsets;
    }

    private Map<TopicPartition, Long> ends(String topic) {
        Collection<TopicPartition> partitions = IntStream.range(0, 3).mapToObj(number -> new TopicPartition(topic, number)).toList();
        try (var consumer = cluster.consumer()) {
            return consumer.endOffsets(partitions);
        }
    }

    private String tool(String... args) throws Exception {
        return Tools.run(TOOL, Stream.concat(Stream.of("--bootstrap-server", cluster.bootstrap()), Stream.of(args)).toList());
    }

    /** Whether nothing of another cluster is in it, and no hidden prefix. */
    private boolean clean(String text) {
        boolean hides = !cluster.prefix.isEmpty() && !group.startsWith(cluster.prefix);
        return !text.contains("Error") && !text.contains("rror:") && !(hides && text.contains(cluster.prefix));
    }
}
