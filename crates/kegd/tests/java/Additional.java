package keg;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Topics and groups of the backend that every cluster has beside its own; the one called team-b shows its prefix. */
public final class Additional {
    private static final String SHARED = "additional-shared-prices";
    private static final String LEGACY = "additional-legacy";
    private static final String CLASSIC = "additional-app-classic";
    private static final String CONSUMER = "additional-app-consumer";
    private static final int PARTITIONS = 4;
    private static final int RECORDS = 40;

    private Additional() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            try (Admin admin = clusters.backend.admin()) {
                clusters.backend.create(admin, PARTITIONS, SHARED, LEGACY);
                if (clusters.isolated()) {
                    // In team-a it would have the name of the other.
                    clusters.backend.create(admin, 1, hidden(clusters).prefix + LEGACY);
                }
            }
            clusters.each("own topics", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, 1, own(cluster));
                }
            });
            clusters.each("records", Additional::produceAndRead);
            members(clusters, CLASSIC);
            members(clusters, CONSUMER, "group.protocol=consumer");
            clusters.each("transactions", Additional::transaction);
            clusters.each("descriptions", Additional::describe);
            if (clusters.isolated()) {
                clusters.each("refusals", Additional::refusals);
                isolation(clusters);
            }
        });
    }

    private static Cluster hidden(Clusters clusters) {
        return clusters.all.stream().filter(cluster -> !showsPrefix(cluster)).findFirst().orElseThrow();
    }

    private static boolean showsPrefix(Cluster cluster) {
        return cluster.name.equals("team-b");
    }

    private static String own(Cluster cluster) {
        return (showsPrefix(cluster) ? cluster.prefix : "") + "own";
    }

    private static void produceAndRead(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        List<String> sent = produce(cluster);
        List<String> read = cluster.readAllStrings(SHARED, RECORDS).stream().map(record -> record.value()).toList();
        Checks.that(who + "reads what it produced", read.containsAll(sent), read);
    }

    private static List<String> produce(Cluster cluster) throws Exception {
        List<String> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = cluster.producer()) {
            for (int i = 0; i < RECORDS; i++) {
                String value = cluster.name + " " + i;
                producer.send(new ProducerRecord<>(SHARED, i % PARTITIONS, null, value));
                sent.add(value);
            }
        }
        return sent;
    }

    /** Members in all clusters are one group: they share the partitions, and what one commits the others see. */
    private static void members(Clusters clusters, String group, String... properties) throws Exception {
        List<Member> members = new ArrayList<>();
        for (Cluster cluster : clusters.all) {
            members.add(new Member(cluster, group, SHARED, properties));
        }
        int each = PARTITIONS / members.size();
        Cluster.await("shares of " + group, () -> members.stream().allMatch(member -> member.partitions().size() == each));
        Set<Integer> all = new TreeSet<>();
        members.forEach(member -> all.addAll(member.partitions()));
        Checks.equal(group + ": members of all clusters share the partitions", all, Set.of(0, 1, 2, 3));
        int records = RECORDS * members.size();
        Cluster.await("records of " + group, () -> members.stream().mapToInt(member -> member.values().size()).sum() >= records);
        for (Cluster cluster : clusters.all) {
            try (Admin admin = cluster.admin()) {
                int seen = Cluster.get(admin.describeConsumerGroups(List.of(group)).all()).get(group).members().size();
                Checks.equal("[" + cluster.name + "] sees the members of " + group, seen, members.size());
            }
        }
        for (Member member : members) {
            member.close();
        }
        for (Cluster cluster : clusters.all) {
            Checks.equal("[" + cluster.name + "] sees what was committed to " + group, committed(cluster, group), (long) records);
        }
    }

    private static long committed(Cluster cluster, String group) throws Exception {
        try (Admin admin = cluster.admin()) {
            return Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).entrySet().stream()
                    .filter(entry -> entry.getKey().topic().equals(SHARED))
                    .mapToLong(entry -> entry.getValue().offset())
                    .sum();
        }
    }

    /** Records of an additional topic and an own one, and offsets of an additional group, in one transaction. */
    private static void transaction(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        String id = (showsPrefix(cluster) ? cluster.prefix : "") + "additional-transaction";
        String group = "additional-app-" + cluster.name;
        TopicPartition read = new TopicPartition(SHARED, 1);
        try (KafkaProducer<String, String> producer = cluster.producer("transactional.id=" + id);
                var consumer = cluster.consumer("group.id=" + group)) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(LEGACY, 0, null, cluster.name));
            producer.send(new ProducerRecord<>(own(cluster), cluster.name));
            producer.sendOffsetsToTransaction(Map.of(read, new OffsetAndMetadata(3)), consumer.groupMetadata());
            producer.commitTransaction();
        }
        List<String> values = cluster.readAllStrings(LEGACY, 1, "isolation.level=read_committed").stream().map(record -> record.value()).toList();
        Checks.that(who + "a transaction writes to an additional topic", values.contains(cluster.name), values);
        try (Admin admin = cluster.admin()) {
            Cluster.await("the transaction's offsets", () -> {
                try {
                    var offset = Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()).get(read);
                    return offset != null && offset.offset() == 3;
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
        }
    }

    private static void describe(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        try (Admin admin = cluster.admin()) {
            Map<String, TopicDescription> topics = Cluster.get(admin.describeTopics(List.of(SHARED, LEGACY, own(cluster))).allTopicNames());
            Checks.equal(who + "describes topics", topics.keySet(), Set.of(SHARED, LEGACY, own(cluster)));
            Checks.equal(who + "partitions", topics.get(LEGACY).partitions().size(), PARTITIONS);
            Uuid id = topics.get(SHARED).topicId();
            Checks.equal(who + "by id", Cluster.get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(id))).allTopicIds()).get(id).name(), SHARED);
            ConfigResource resource = topic(SHARED);
            Checks.equal(who + "configuration", Cluster.get(admin.describeConfigs(List.of(resource)).all()).keySet(), Set.of(resource));
            Set<TopicPartition> partitions = Set.of(new TopicPartition(SHARED, 0));
            Checks.equal(who + "producers", Cluster.get(admin.describeProducers(partitions).all()).keySet(), partitions);
        }
    }

    private static void refusals(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] refuses to ";
        try (Admin admin = cluster.admin()) {
            Uuid id = Cluster.get(admin.describeTopics(List.of(SHARED)).allTopicNames()).get(SHARED).topicId();
            TopicPartition first = new TopicPartition(SHARED, 0);
            var change = List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "1"), AlterConfigOp.OpType.SET));
            ofTopic(who + "create what is there", () -> Cluster.get(admin.createTopics(List.of(new NewTopic(SHARED, 1, (short) 1))).all()));
            ofTopic(who + "create what is not there", () -> Cluster.get(admin.createTopics(List.of(new NewTopic("additional-shared-new", 1, (short) 1))).all()));
            ofTopic(who + "delete a topic", () -> Cluster.get(admin.deleteTopics(List.of(SHARED)).all()));
            ofTopic(who + "delete a topic by id", () -> Cluster.get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()));
            ofTopic(who + "delete records", () -> Cluster.get(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(5))).all()));
            ofTopic(who + "add partitions", () -> Cluster.get(admin.createPartitions(Map.of(SHARED, NewPartitions.increaseTo(9))).all()));
            ofTopic(who + "change a configuration", () -> Cluster.get(admin.incrementalAlterConfigs(Map.of(topic(SHARED), change)).all()));
            ofTopic(who + "elect leaders", () -> Cluster.get(admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).partitions()).get(first).map(thrown -> {
                throw (RuntimeException) thrown;
            }));
            ofTopic(who + "move partitions", () -> Cluster.get(admin.alterPartitionReassignments(Map.of(first, java.util.Optional.empty())).all()));
            ofGroup(who + "delete a group", () -> Cluster.get(admin.deleteConsumerGroups(List.of(CLASSIC)).all()));
            ofGroup(who + "delete offsets", () -> Cluster.get(admin.deleteConsumerGroupOffsets(CLASSIC, Set.of(first)).all()));
            var group = new ConfigResource(ConfigResource.Type.GROUP, CLASSIC);
            var heartbeats = List.of(new AlterConfigOp(new ConfigEntry("consumer.heartbeat.interval.ms", "5000"), AlterConfigOp.OpType.SET));
            ofGroup(who + "change a group's configuration", () -> Cluster.get(admin.incrementalAlterConfigs(Map.of(group, heartbeats)).all()));
        }
    }

    private static void ofTopic(String what, Callable<?> call) {
        Checks.fails(what, TopicAuthorizationException.class, call);
    }

    private static void ofGroup(String what, Callable<?> call) {
        Checks.fails(what, GroupAuthorizationException.class, call);
    }

    private static ConfigResource topic(String name) {
        return new ConfigResource(ConfigResource.Type.TOPIC, name);
    }

    /** Each cluster sees its own and the additional names and no others, and nothing of the additional ones has changed. */
    private static void isolation(Clusters clusters) throws Exception {
        Set<String> groups = new TreeSet<>(List.of(CLASSIC, CONSUMER));
        clusters.all.forEach(cluster -> groups.add("additional-app-" + cluster.name));
        for (Cluster cluster : clusters.all) {
            String who = "[" + cluster.name + "] ";
            Set<String> topics = new TreeSet<>(List.of(SHARED, LEGACY, own(cluster)));
            try (Admin admin = cluster.admin()) {
                Checks.equal(who + "lists the additional topics beside its own", cluster.topicNames(admin), topics);
                Checks.equal(who + "lists the additional groups", Isolation.groupNames(admin), groups);
            }
        }
        try (Admin admin = clusters.backend.admin()) {
            Collection<String> names = clusters.backend.topicNames(admin);
            Checks.that("nothing was created", !names.contains("additional-shared-new"), names);
            Checks.equal("partitions", Cluster.get(admin.describeTopics(List.of(SHARED)).allTopicNames()).get(SHARED).partitions().size(), PARTITIONS);
            ConfigEntry retention = Cluster.get(admin.describeConfigs(List.of(topic(SHARED))).all()).get(topic(SHARED)).get("retention.ms");
            Checks.that("the configuration is as it was", !retention.value().equals("1"), retention);
            Checks.equal("the group is there", committed(clusters.backend, CLASSIC), (long) RECORDS * clusters.all.size());
            Checks.equal("records", clusters.backend.readAllStrings(SHARED, 0).size(), RECORDS * clusters.all.size());
        }
    }
}
