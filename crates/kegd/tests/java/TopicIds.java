package keg;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.CreateTopicsOptions;
import org.apache.kafka.clients.admin.CreateTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicIdException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** Administration through the client library: results by the client's own names, and topics by their ids. */
public final class TopicIds {
    private static final Map<String, Uuid> IDS = new HashMap<>();

    private TopicIds() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("administration by id", TopicIds::check);
            acrossClusters(clusters);
        });
    }

    static void check(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        try (Admin admin = cluster.admin()) {
            short replication = (short) Math.min(3, Cluster.get(admin.describeCluster().nodes()).size());
            CreateTopicsResult created = admin.createTopics(List.of(
                    new NewTopic("id-kept", 3, replication).configs(Map.of("retention.ms", "3600000")),
                    new NewTopic("id-deleted", 1, (short) 1)));
            Cluster.get(created.all());
            Checks.equal(who + "created partitions", Cluster.get(created.numPartitions("id-kept")), 3);
            Checks.equal(who + "created replication", Cluster.get(created.replicationFactor("id-kept")), (int) replication);
            Checks.equal(who + "created config", Cluster.get(created.config("id-kept")).get("retention.ms").value(), "3600000");
            Uuid kept = Cluster.get(created.topicId("id-kept"));
            Uuid deleted = Cluster.get(created.topicId("id-deleted"));
            synchronized (IDS) {
                IDS.put(cluster.name, kept);
            }
            cluster.create(admin, 1, "id-leaders");

            CreateTopicsResult again = admin.createTopics(List.of(new NewTopic("id-kept", 1, (short) 1), new NewTopic("id-new", 1, (short) 1)), new CreateTopicsOptions().validateOnly(true));
            Checks.fails(who + "a topic that exists", TopicExistsException.class, () -> Cluster.get(again.values().get("id-kept")));
            Cluster.get(again.values().get("id-new"));
            Checks.that(who + "a topic that is only validated is not created", !cluster.topicNames(admin).contains("id-new"), "");
            message(who, admin);

            TopicDescription description = Cluster.get(admin.describeTopics(TopicCollection.ofTopicIds(List.of(kept))).allTopicIds()).get(kept);
            Checks.equal(who + "described by id: name", description.name(), "id-kept");
            Checks.equal(who + "described by id: partitions", description.partitions().size(), 3);
            Checks.equal(who + "described by name: id", Cluster.get(admin.describeTopics(List.of("id-kept")).allTopicNames()).get("id-kept").topicId(), kept);

            ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, "id-kept");
            var change = new AlterConfigOp(new ConfigEntry("segment.ms", "700000"), AlterConfigOp.OpType.SET);
            Cluster.get(admin.incrementalAlterConfigs(Map.of(resource, List.of(change))).all());
            Cluster.await("changed configuration", () -> {
                try {
                    Config config = Cluster.get(admin.describeConfigs(List.of(resource)).all()).get(resource);
                    return config.get("segment.ms").value().equals("700000");
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
            Cluster.get(admin.createPartitions(Map.of("id-kept", NewPartitions.increaseTo(5))).all());
            Cluster.await("more partitions", () -> {
                try {
                    return Cluster.get(admin.describeTopics(List.of("id-kept")).allTopicNames()).get("id-kept").partitions().size() == 5;
                } catch (Exception notYet) {
                    return false;
                }
            });
            Checks.fails(who + "partitions of an absent topic", UnknownTopicOrPartitionException.class,
                    () -> Cluster.get(admin.createPartitions(Map.of("id-absent", NewPartitions.increaseTo(5))).all()));

            Cluster.get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(deleted))).all());
            Cluster.await("deletion by id", () -> {
                try {
                    return !cluster.topicNames(admin).contains("id-deleted");
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
            Checks.fails(who + "a deleted id can't be deleted again", UnknownTopicIdException.class,
                    () -> Cluster.get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(deleted))).all()));
        }
    }

    /** Messages quote the client's name, not the backend's. */
    private static void message(String who, Admin admin) {
        try {
            Cluster.get(admin.createTopics(List.of(new NewTopic("id-kept", 1, (short) 1))).all());
            Checks.that(who + "creating a topic twice", false, "it worked");
        } catch (Exception thrown) {
            Checks.equal(who + "the message quotes the client's name", thrown.getCause().getMessage(), "Topic 'id-kept' already exists.");
        }
    }

    /** The id of another cluster's topic is unknown here, although the backend knows it. */
    static void acrossClusters(Clusters clusters) throws Exception {
        if (!clusters.isolated()) {
            return;
        }
        for (Cluster cluster : clusters.all) {
            for (Cluster other : clusters.all) {
                if (cluster == other) {
                    continue;
                }
                String who = "[" + cluster.name + "] " + other.name + "'s topic id: ";
                List<Uuid> foreign = List.of(IDS.get(other.name));
                try (Admin admin = cluster.admin(); Admin owner = other.admin()) {
                    Checks.fails(who + "describe", UnknownTopicIdException.class, () -> Cluster.get(admin.describeTopics(TopicCollection.ofTopicIds(foreign)).allTopicIds()));
                    Checks.fails(who + "delete", UnknownTopicIdException.class, () -> Cluster.get(admin.deleteTopics(TopicCollection.ofTopicIds(foreign)).all()));
                    Checks.that(who + "the topic is still there", other.topicNames(owner).contains("id-kept"), "");
                }
            }
        }
        Isolation.check(clusters, List.of("id-kept", "id-leaders"), List.of());
    }
}
