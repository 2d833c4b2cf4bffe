package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** Kafka's command line tools print for a cluster behind the gateway what they print for a cluster of one's own. */
public final class AdminTools {
    private AdminTools() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            Map<String, String> expected = Map.of();
            List<Cluster> order = new ArrayList<>(List.of(clusters.own));
            order.addAll(clusters.all);
            for (Cluster cluster : order) {
                long start = System.nanoTime();
                Map<String, String> printed = new Session(cluster, clusters.dir, expected).printed();
                Checks.OUT.println("DONE [" + cluster.name + "] tools in " + (System.nanoTime() - start) / 1_000_000 + " ms");
                if (expected.isEmpty()) {
                    expected = printed;
                    printed.forEach((command, output) -> Checks.OUT.println("OWN " + command + "\n" + output));
                } else {
                    for (String command : expected.keySet()) {
                        Checks.equal("[" + cluster.name + "] " + command, printed.get(command).lines().toList(), expected.get(command).lines().toList());
                    }
                }
            }
            clusters.each("administration by id", TopicIds::check);
            TopicIds.acrossClusters(clusters);
        });
    }

    /** One run of all commands on one cluster; leaves the cluster as it found it. */
    private static final class Session {
        private final Cluster cluster;
        private final Path dir;
        private final Map<String, String> expected;
        private final Map<String, String> printed = new TreeMap<>();
        private boolean changed;

        /** Without anything expected, this is the run that the others are compared with. */
        Session(Cluster cluster, Path dir, Map<String, String> expected) {
            this.cluster = cluster;
            this.dir = dir;
            this.expected = expected;
        }

        Map<String, String> printed() throws Exception {
            try (Admin admin = cluster.admin()) {
                cleanUp(admin);
                topics();
                configs();
                records();
                groups(admin);
                clusterTool();
                deletions();
                cleanUp(admin);
            }
            return printed;
        }

        private void topics() throws Exception {
            change(Tools.TOPICS, "--create --topic adm-orders --partitions 4 --replication-factor 3 --config retention.ms=86400000 --config cleanup.policy=delete");
            change(Tools.TOPICS, "--create --topic adm-clicks --partitions 2");
            change(Tools.TOPICS, "--create --topic adm-placed --replica-assignment 1:2,2:3");
            change(Tools.TOPICS, "--create --topic adm-orders --partitions 4 --replication-factor 3");
            change(Tools.TOPICS, "--create --topic adm-orders --if-not-exists");
            change(Tools.TOPICS, "--create --topic adm-many --replication-factor 9");
            change(Tools.TOPICS, "--create --topic adm-none --partitions 0");
            change(Tools.TOPICS, "--create --topic adm/bad");
            change(Tools.TOPICS, "--create --topic adm-config --config no.such.config=1");
            look(Tools.TOPICS, "--list --exclude-internal");
            look(Tools.TOPICS, "--list --topic adm-[oc].*");
            look(Tools.TOPICS, "--describe --exclude-internal");
            look(Tools.TOPICS, "--describe --topic adm-orders");
            look(Tools.TOPICS, "--describe --topic adm-absent");
            look(Tools.TOPICS, "--describe --topics-with-overrides --exclude-internal");
            look(Tools.TOPICS, "--describe --under-replicated-partitions");
            look(Tools.TOPICS, "--describe --unavailable-partitions");
            change(Tools.TOPICS, "--alter --topic adm-clicks --partitions 6");
            change(Tools.TOPICS, "--alter --topic adm-clicks --partitions 1");
            change(Tools.TOPICS, "--alter --topic adm-absent --partitions 9");
            look(Tools.TOPICS, "--describe --topic adm-clicks");
        }

        private void configs() throws Exception {
            change(Tools.CONFIGS, "--alter --entity-type topics --entity-name adm-orders --add-config max.message.bytes=200000,segment.ms=600000");
            look(Tools.CONFIGS, "--describe --entity-type topics --entity-name adm-orders");
            look(Tools.CONFIGS, "--describe --entity-type topics --entity-name adm-orders --all");
            change(Tools.CONFIGS, "--alter --entity-type topics --entity-name adm-orders --delete-config segment.ms");
            change(Tools.CONFIGS, "--alter --entity-type topics --entity-name adm-orders --add-config retention.ms=never");
            change(Tools.CONFIGS, "--alter --entity-type topics --entity-name adm-absent --add-config retention.ms=1");
            look(Tools.CONFIGS, "--describe --entity-type topics --entity-name adm-orders");
            look(Tools.CONFIGS, "--describe --entity-type topics --entity-name adm-absent");
            look(Tools.CONFIGS, "--describe --entity-type topics");
            change(Tools.CONFIGS, "--alter --entity-type groups --entity-name adm-group --add-config consumer.session.timeout.ms=50000");
            look(Tools.CONFIGS, "--describe --entity-type groups --entity-name adm-group");
        }

        private void records() throws Exception {
            Groups.produce(cluster, "adm-clicks", "records", 20);
            look(Tools.OFFSETS, "--topic adm-clicks");
            look(Tools.OFFSETS, "--topic adm-clicks --time earliest --partitions 0,3");
            look(Tools.OFFSETS, "--topic-partitions adm-clicks:1-3,adm-orders:0");
            Path file = Files.writeString(dir.resolve("delete-records.json"), """
                    {"version": 1, "partitions": [
                      {"topic": "adm-clicks", "partition": 0, "offset": 5},
                      {"topic": "adm-clicks", "partition": 1, "offset": -1},
                      {"topic": "adm-clicks", "partition": 2, "offset": 500}]}
                    """);
            change(Tools.DELETE_RECORDS, "--offset-json-file " + file);
            look(Tools.OFFSETS, "--topic adm-clicks --time earliest");
            look(Tools.OFFSETS, "--topic adm-clicks --time latest");
        }

        private void groups(Admin admin) throws Exception {
            commit("adm-group", Map.of(new TopicPartition("adm-clicks", 0), 7L, new TopicPartition("adm-clicks", 1), 20L));
            commit("adm-other", Map.of(new TopicPartition("adm-clicks", 4), 1L));
            look(Tools.GROUPS, "--list");
            look(Tools.GROUPS, "--list --state");
            look(Tools.GROUPS, "--list --type classic");
            look(Tools.GROUPS, "--describe --group adm-group");
            look(Tools.GROUPS, "--describe --all-groups");
            look(Tools.GROUPS, "--describe --state --group adm-group");
            look(Tools.GROUPS, "--describe --members --group adm-group");
            look(Tools.GROUPS, "--describe --group adm-absent");
            look(Tools.GROUPS, "--reset-offsets --group adm-group --topic adm-clicks --to-latest --dry-run");
            change(Tools.GROUPS, "--reset-offsets --group adm-group --topic adm-clicks:0 --to-offset 9 --execute");
            change(Tools.GROUPS, "--reset-offsets --group adm-group --all-topics --shift-by -3 --execute");
            change(Tools.GROUPS, "--reset-offsets --group adm-group --topic adm-absent --to-earliest --execute");
            look(Tools.GROUPS, "--describe --offsets --group adm-group");
            change(Tools.GROUPS, "--delete-offsets --group adm-group --topic adm-clicks:1");
            look(Tools.GROUPS, "--describe --offsets --group adm-group --verbose");
            try (Member member = new Member(cluster, "adm-active", "adm-clicks", "client.id=active")) {
                Cluster.await("assignment", () -> member.partitions().size() == 6 && member.values().size() >= 95);
                member.commit();
                look(Tools.GROUPS, "--describe --group adm-active");
                look(Tools.GROUPS, "--describe --members --verbose --group adm-active");
                look(Tools.GROUPS, "--describe --state --group adm-active");
                change(Tools.GROUPS, "--delete --group adm-active");
                change(Tools.GROUPS, "--reset-offsets --group adm-active --all-topics --to-earliest --execute");
            }
            look("org.apache.kafka.tools.GroupsCommand", "--list");
            change(Tools.GROUPS, "--delete --group adm-other --group adm-absent");
            look(Tools.GROUPS, "--list");
        }

        private void clusterTool() throws Exception {
            look(Tools.CLUSTER, "cluster-id");
            look(Tools.CLUSTER, "list-endpoints");
        }

        private void deletions() throws Exception {
            change(Tools.TOPICS, "--delete --topic adm-placed");
            change(Tools.TOPICS, "--delete --topic adm-absent");
            change(Tools.TOPICS, "--delete --topic adm-absent --if-exists");
            look(Tools.TOPICS, "--list --exclude-internal");
        }

        private void commit(String group, Map<TopicPartition, Long> offsets) {
            try (KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + group)) {
                consumer.commitSync(offsets.entrySet().stream().collect(Collectors.toMap(Map.Entry::getKey, entry -> new OffsetAndMetadata(entry.getValue()))));
            }
        }

        private void change(String mainClass, String args) throws Exception {
            printed.put(command(mainClass, args), run(mainClass, args));
            changed = true;
        }

        /** A change takes a moment to reach all nodes: looks again until what is printed is as expected, or stays the same. */
        private void look(String mainClass, String args) throws Exception {
            String command = command(mainClass, args);
            String now = run(mainClass, args);
            if (expected.isEmpty()) {
                for (String before = ""; changed && !now.equals(before); now = run(mainClass, args)) {
                    before = now;
                    Thread.sleep(500);
                }
            } else {
                long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
                while (!now.equals(expected.get(command)) && System.nanoTime() < deadline) {
                    Thread.sleep(100);
                    now = run(mainClass, args);
                }
            }
            changed = false;
            printed.put(command, now);
        }

        private String command(String mainClass, String args) {
            String command = mainClass.substring(mainClass.lastIndexOf('.') + 1) + " " + args.replace(dir.toString(), "DIR");
            return String.format("%02d %s", printed.size() + 1, command);
        }

        private String run(String mainClass, String args) throws Exception {
            List<String> words = new ArrayList<>(List.of(args.split(" ")));
            words.addAll(List.of("--bootstrap-server", cluster.bootstrap()));
            return comparable(Tools.run(mainClass, words));
        }

        private void cleanUp(Admin admin) throws Exception {
            Set<String> topics = cluster.topicNames(admin).stream().filter(topic -> !topic.startsWith("__")).collect(Collectors.toSet());
            Set<String> groups = Isolation.groupNames(admin);
            Cluster.get(admin.deleteConsumerGroups(groups).all());
            Cluster.get(admin.deleteTopics(topics).all());
            Cluster.await("empty cluster", () -> {
                try {
                    return cluster.topicNames(admin).stream().allMatch(topic -> topic.startsWith("__"));
                } catch (Exception notYet) {
                    return false;
                }
            });
        }
    }

    /** Without what differs between any two clusters: ids, addresses, which replica is where, and the widths and order that follow from them. */
    private static String comparable(String printed) {
        // What is behind the gateway hides the backend's internal topics; one's own cluster shows them where it is not asked to leave them out.
        String visible = printed.replaceAll("Dynamic configs for topic __\\w+ are:\n(  .*\n)*", "");
        return visible.lines()
                .filter(line -> !line.stripLeading().startsWith("at ") && !line.isBlank())
                .map(line -> line.replaceAll("TopicId: \\S{22}", "TopicId: ID")
                        .replaceAll("Cluster ID: \\S+", "Cluster ID: ID")
                        .replaceAll("Leader: [123]\\b", "Leader: N")
                        .replaceAll("(active-)[0-9a-f-]{36}", "$1UUID")
                        .replaceAll("/?(127\\.0\\.0\\.1|localhost):\\d+", "ADDRESS")
                        .replaceAll("/?(127\\.0\\.0\\.1|localhost)\\s+\\d{4,5}", "ADDRESS")
                        .replaceAll("ADDRESS(,ADDRESS)+", "ADDRESS")
                        // A gateway shows no host of a member.
                        .replaceAll("/(127\\.0\\.0\\.1|0\\.0\\.0\\.0)(?=\\s)", "HOST")
                        .replaceAll("ADDRESS\\s+\\([123]\\)", "ADDRESS (N)")
                        .replaceAll("\\[\\d{4}-\\d\\d-\\d\\d[^\\]]*\\]", "[TIME]")
                        .replaceAll("^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} ", "")
                        .replaceAll("adminclient-\\d+", "adminclient-N")
                        .replaceAll("\\s+", " "))
                .map(AdminTools::withoutPlaces)
                .sorted()
                .collect(Collectors.joining("\n"));
    }

    /** Replicas become their number, in-sync replicas too: which nodes a new topic gets is chance. */
    private static String withoutPlaces(String line) {
        String result = line;
        for (String list : List.of("Replicas", "Isr")) {
            var matcher = java.util.regex.Pattern.compile(list + ": ([\\d,]+)").matcher(result);
            result = matcher.replaceAll(match -> list + ": " + match.group(1).split(",").length + " nodes");
        }
        return result;
    }
}
