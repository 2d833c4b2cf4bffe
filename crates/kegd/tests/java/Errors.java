package keg;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;

/** Error messages that quote names say what they say on a cluster of one's own. */
public final class Errors {
    private Errors() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], Errors::run);
    }

    private static void run(Clusters clusters) throws Exception {
        clusters.each("errors", cluster -> {
            String start = start(cluster);
            Map<String, String> found = provoke(cluster, start);
            Map<String, String> expected = clusters.isolated() ? provoke(clusters.own, start) : found;
            expected.forEach((what, message) ->
                    Checks.equal("[" + cluster.name + "] " + what + " (" + message + ")", found.get(what), message));
            long quoting = expected.values().stream().filter(message -> message.contains(start + "err")).count();
            Checks.that("[" + cluster.name + "] names are quoted", quoting >= 10, quoting + " messages: " + expected);
        });
        if (clusters.isolated()) {
            clusters.each("a stranger's topic", cluster -> collide(clusters, cluster));
        }
    }

    /** What the client's own names begin with: the one called team-b shows its prefix. */
    private static String start(Cluster cluster) {
        return cluster.name.equals("team-b") ? cluster.prefix : "";
    }

    /** A topic that another one of the backend collides with, which is not the client's to know. */
    private static void collide(Clusters clusters, Cluster cluster) throws Exception {
        String stranger = cluster.prefix.replace('.', '_') + "strangers.topic";
        try (Admin backend = clusters.backend.admin(); Admin admin = cluster.admin()) {
            clusters.backend.create(backend, 1, stranger);
            String topic = start(cluster) + "strangers.topic";
            String message = message(() -> Cluster.get(admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all()));
            Checks.equal("[" + cluster.name + "] a stranger's topic is not named", message,
                    "InvalidTopicException: Topic '" + topic + "' collides with existing topic");
        }
    }

    private static Map<String, String> provoke(Cluster cluster, String start) throws Exception {
        String topic = start + "err.orders";
        String compacted = start + "err-compacted";
        String group = start + "err-workers";
        String nothing = start + "err-nothing";
        Map<String, String> messages = new TreeMap<>();
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 2, topic);
            cluster.create(admin, 1, compacted);
            change(admin, ConfigResource.Type.TOPIC, compacted, "cleanup.policy", "compact");
            messages.put("a topic that exists", message(() -> create(admin, new NewTopic(topic, 1, (short) 1))));
            messages.put("a topic that collides",
                    message(() -> create(admin, new NewTopic(start + "err_orders", 1, (short) 1))));
            messages.put("a topic with an illegal name",
                    message(() -> create(admin, new NewTopic(start + "err not a name", 1, (short) 1))));
            messages.put("a topic with too many replicas",
                    message(() -> create(admin, new NewTopic(nothing, 1, (short) 99))));
            messages.put("a topic with an unknown setting",
                    message(() -> create(admin, new NewTopic(nothing, 1, (short) 1).configs(Map.of("no.such", "1")))));
            messages.put("a topic with an illegal setting", message(() ->
                    create(admin, new NewTopic(nothing, 1, (short) 1).configs(Map.of("retention.ms", "soon")))));
            messages.put("a topic on an unknown broker",
                    message(() -> create(admin, new NewTopic(nothing, Map.of(0, List.of(99))))));
            messages.put("fewer partitions",
                    message(() -> Cluster.get(admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(1))).all())));
            messages.put("partitions of nothing",
                    message(() -> Cluster.get(admin.createPartitions(Map.of(nothing, NewPartitions.increaseTo(2))).all())));
            messages.put("an unknown setting",
                    message(() -> change(admin, ConfigResource.Type.TOPIC, topic, "no.such", "1")));
            messages.put("an illegal setting",
                    message(() -> change(admin, ConfigResource.Type.TOPIC, topic, "min.insync.replicas", "-1")));
            messages.put("a setting of nothing",
                    message(() -> change(admin, ConfigResource.Type.TOPIC, nothing, "retention.ms", "1")));
            messages.put("an unknown setting of a group",
                    message(() -> change(admin, ConfigResource.Type.GROUP, group, "no.such", "1")));
            messages.put("settings of nothing", message(() -> Cluster.get(
                    admin.describeConfigs(List.of(new ConfigResource(ConfigResource.Type.TOPIC, nothing))).all())));
            messages.put("deleting nothing", message(() -> Cluster.get(admin.deleteTopics(List.of(nothing)).all())));
            messages.put("describing nothing",
                    message(() -> Cluster.get(admin.describeTopics(List.of(nothing)).allTopicNames())));
            messages.put("a group of nobody",
                    message(() -> Cluster.get(admin.describeConsumerGroups(List.of(nothing)).all())));
            messages.put("a classic group of nobody",
                    message(() -> Cluster.get(admin.describeClassicGroups(List.of(nothing)).all())));
            messages.put("deleting a group of nobody",
                    message(() -> Cluster.get(admin.deleteConsumerGroups(List.of(nothing)).all())));
            messages.put("a move to an unknown broker", message(() -> move(admin, topic, List.of(99))));
            messages.put("a move to nowhere", message(() -> move(admin, topic, List.of())));
            messages.put("a move of nothing", message(() -> move(admin, nothing, List.of(1))));
            messages.put("ending no move", message(() -> Cluster.get(
                    admin.alterPartitionReassignments(Map.of(new TopicPartition(topic, 0), Optional.empty())).all())));
            messages.put("an election for nothing", message(() -> elect(admin, nothing)));
            messages.put("a transaction of nobody",
                    message(() -> Cluster.get(admin.describeTransactions(List.of(nothing)).all())));
            inGroup(cluster, admin, topic, group, messages);
            messages.put("a record without a key", message(() -> {
                try (var producer = cluster.producer()) {
                    return producer.send(new ProducerRecord<>(compacted, "value")).get();
                }
            }));
        }
        return messages;
    }

    /** What is said about a group with a member. */
    private static void inGroup(Cluster cluster, Admin admin, String topic, String group, Map<String, String> messages)
            throws Exception {
        String[] settings = {"group.id=" + group, "group.protocol=consumer", "group.instance.id=one"};
        try (var member = cluster.consumer(settings)) {
            member.subscribe(List.of(topic));
            Cluster.await("a member of " + group, () -> {
                member.poll(Duration.ofMillis(100));
                return !member.assignment().isEmpty();
            });
            messages.put("a group with members",
                    message(() -> Cluster.get(admin.deleteConsumerGroups(List.of(group)).all())));
            messages.put("offsets of a group with members", message(() -> Cluster.get(admin.alterConsumerGroupOffsets(
                    group, Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(0))).all())));
            messages.put("a classic group that is none",
                    message(() -> Cluster.get(admin.describeClassicGroups(List.of(group)).all())));
            messages.put("a member that isn't", message(() -> Cluster.get(admin.removeMembersFromConsumerGroup(group,
                    new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("two")))).all())));
            messages.put("two of one name", message(() -> {
                try (var second = cluster.consumer(settings)) {
                    second.subscribe(List.of(topic));
                    return second.poll(Duration.ofSeconds(20));
                }
            }).replaceAll("(member|by) [A-Za-z0-9_-]{22}", "$1 <id>"));
        }
    }

    private static Object create(Admin admin, NewTopic topic) throws Exception {
        return Cluster.get(admin.createTopics(List.of(topic)).all());
    }

    private static Object change(Admin admin, ConfigResource.Type type, String name, String key, String value) throws Exception {
        AlterConfigOp change = new AlterConfigOp(new ConfigEntry(key, value), AlterConfigOp.OpType.SET);
        return Cluster.get(admin.incrementalAlterConfigs(Map.of(new ConfigResource(type, name), List.of(change))).all());
    }

    private static Object move(Admin admin, String topic, List<Integer> to) throws Exception {
        var target = Optional.of(new NewPartitionReassignment(to));
        return Cluster.get(admin.alterPartitionReassignments(Map.of(new TopicPartition(topic, 0), target)).all());
    }

    private static Object elect(Admin admin, String topic) throws Exception {
        TopicPartition partition = new TopicPartition(topic, 0);
        var outcome = Cluster.get(admin.electLeaders(ElectionType.PREFERRED, Set.of(partition)).partitions());
        if (outcome.get(partition).isPresent()) {
            throw new Exception(outcome.get(partition).get());
        }
        return outcome;
    }

    /** What a call fails with, the cause of all. */
    private static String message(Callable<?> call) {
        try {
            return "no error: " + call.call();
        } catch (Throwable thrown) {
            Throwable cause = thrown;
            while (cause.getCause() != null) {
                cause = cause.getCause();
            }
            return cause.getClass().getSimpleName() + ": " + cause.getMessage();
        }
    }
}
