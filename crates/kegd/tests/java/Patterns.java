package keg;

import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.SubscriptionPattern;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;

/** Subscriptions by regular expressions that the broker matches, where other clusters have the same topics. */
public final class Patterns {
    private static final List<String> TOPICS = List.of("pattern-orders", "pattern-orders.dlq", "pattern-bills", "other");

    private Patterns() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("topics", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, 2, TOPICS.toArray(String[]::new));
                }
                try (KafkaProducer<String, String> producer = cluster.producer()) {
                    for (String topic : TOPICS) {
                        producer.send(new ProducerRecord<>(topic, cluster.name + " " + topic)).get();
                    }
                }
            });
            if (clusters.isolated()) {
                // A topic outside of all namespaces, which the clients' expressions would match as they are.
                try (Admin admin = clusters.backend.admin()) {
                    clusters.backend.create(admin, 1, "pattern-beside");
                }
            }
            // Without a gateway, others' topics are there to match.
            String all = clusters.isolated() ? ".*" : "pattern-.*|other";
            clusters.each("own topics", cluster -> {
                reads(cluster, "pattern-all", all, TOPICS);
                reads(cluster, "pattern-anchored", "^pattern-orders$", List.of("pattern-orders"));
                reads(cluster, "pattern-prefix", "pattern-.*", TOPICS.subList(0, 3));
                reads(cluster, "pattern-flags", "(?i)PATTERN-(orders|bills)|\\Qother\\E", List.of("pattern-orders", "pattern-bills", "other"));
                reads(cluster, "pattern-words", "\\bpattern\\b.\\w+", List.of("pattern-orders", "pattern-bills"));
            });
            clusters.each("invalid expressions", cluster -> {
                for (String invalid : List.of("a)|(.*", "(?=.*).*", "[a", ".*\\")) {
                    refused(cluster, invalid);
                }
            });
            clusters.each("new topics", Patterns::follows);
            if (clusters.isolated()) {
                beside(clusters);
            }
        });
    }

    /** A member gets exactly these topics, and is described without anything of others. */
    private static void reads(Cluster cluster, String group, String regex, Collection<String> topics) throws Exception {
        String who = "[" + cluster.name + "] " + regex + ": ";
        Set<String> values = ConcurrentHashMap.newKeySet();
        try (KafkaConsumer<String, String> consumer = subscribe(cluster, group, regex); Admin admin = cluster.admin()) {
            Cluster.await("records of " + regex, () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> values.add(record.value()));
                return values.size() >= topics.size() && consumer.assignment().size() >= 2 * topics.size();
            });
            Checks.equal(who + "assignment", assigned(consumer), new TreeSet<>(topics));
            Checks.equal(who + "records", new TreeSet<>(values), topics.stream().map(topic -> cluster.name + " " + topic).collect(Collectors.toCollection(TreeSet::new)));
            describe(cluster, who, admin, group, topics);
        }
    }

    private static void describe(Cluster cluster, String who, Admin admin, String group, Collection<String> topics) throws Exception {
        var description = Cluster.get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
        Set<String> described = description.members().stream()
                .flatMap(member -> member.assignment().topicPartitions().stream())
                .map(TopicPartition::topic)
                .collect(Collectors.toCollection(TreeSet::new));
        Checks.equal(who + "described assignment", described, new TreeSet<>(topics));
        String printed = Tools.run(Tools.GROUPS, List.of("--describe", "--members", "--verbose", "--group", group, "--bootstrap-server", cluster.bootstrap()));
        boolean leaks = !cluster.prefix.isEmpty() && (printed.contains(cluster.prefix) || printed.contains("team-") || description.toString().contains(cluster.prefix));
        Checks.that(who + "the tool shows the group and no prefix", printed.contains(group) && !leaks, printed);
    }

    private static void refused(Cluster cluster, String regex) throws Exception {
        String who = "[" + cluster.name + "] " + regex + ": ";
        try (KafkaConsumer<String, String> consumer = subscribe(cluster, "pattern-invalid", regex)) {
            Checks.fails(who + "is refused", InvalidRegularExpression.class, () -> {
                long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
                while (System.nanoTime() < deadline) {
                    consumer.poll(Duration.ofMillis(100));
                }
                return consumer.assignment();
            });
            Checks.equal(who + "nothing is assigned", consumer.assignment(), Set.of());
        }
    }

    /** What begins to match is assigned; what another cluster creates is not. */
    private static void follows(Cluster cluster) throws Exception {
        try (KafkaConsumer<String, String> consumer = subscribe(cluster, "pattern-later", "later-.*"); Admin admin = cluster.admin()) {
            consumer.poll(Duration.ofMillis(100));
            cluster.create(admin, 1, "later-" + cluster.name);
            Cluster.await("the new topic", () -> {
                consumer.poll(Duration.ofMillis(100));
                return !consumer.assignment().isEmpty();
            });
            Checks.equal("[" + cluster.name + "] only the own new topic", assigned(consumer), Set.of("later-" + cluster.name));
        }
    }

    /** A member beside the gateway, in a group of a cluster's: its expression is about names that the cluster must not see. */
    private static void beside(Clusters clusters) throws Exception {
        Cluster cluster = clusters.all.get(0);
        String regex = "pattern-beside|" + clusters.all.get(1).prefix + ".*";
        try (KafkaConsumer<String, String> consumer = subscribe(clusters.backend, cluster.prefix + "pattern-beside", regex); Admin admin = cluster.admin()) {
            Cluster.await("assignment beside", () -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() > TOPICS.size();
            });
            describe(cluster, "beside: ", admin, "pattern-beside", Set.of());
        }
    }

    private static KafkaConsumer<String, String> subscribe(Cluster cluster, String group, String regex) {
        // The client's id is shown to others as it is; by default it has the group's name in it.
        KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + group, "client.id=pattern", "group.protocol=consumer", "auto.offset.reset=earliest", "enable.auto.commit=false");
        consumer.subscribe(new SubscriptionPattern(regex));
        return consumer;
    }

    private static Set<String> assigned(KafkaConsumer<?, ?> consumer) {
        return consumer.assignment().stream().map(TopicPartition::topic).collect(Collectors.toCollection(TreeSet::new));
    }
}
