package keg;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What ConsumerGroupCommand prints about a group's lag, and what its resets do. */
final class Lag {
    private static final String NAME = "group-lag";

    private Lag() {
    }

    static void check(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ConsumerGroupCommand ";
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 2, NAME);
            Groups.produce(cluster, NAME, "lag", 10);
            try (KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + NAME)) {
                consumer.assign(List.of(new TopicPartition(NAME, 0), new TopicPartition(NAME, 1)));
                consumer.commitSync(Map.of(new TopicPartition(NAME, 0), new OffsetAndMetadata(4), new TopicPartition(NAME, 1), new OffsetAndMetadata(10)));
            }
            Checks.equal(who + "--describe: current offset, end offset, lag", rows(cluster), List.of("0 4 10 6", "1 10 10 0"));
            tool(cluster, "--group", NAME, "--reset-offsets", "--to-earliest", "--topic", NAME, "--execute");
            Checks.equal(who + "after --reset-offsets --to-earliest", rows(cluster), List.of("0 0 10 10", "1 0 10 10"));
            tool(cluster, "--group", NAME, "--reset-offsets", "--shift-by", "3", "--topic", NAME + ":1", "--execute");
            Checks.equal(who + "after --reset-offsets --shift-by 3 of one partition", rows(cluster), List.of("0 0 10 10", "1 3 10 7"));
            // Without a gateway others use the same cluster at the same time.
            Checks.equal(who + "--list", ours(tool(cluster, "--list").lines().toList()), ours(Isolation.groupNames(admin)));

            Groups.produce(cluster, NAME, "more", 5);
            try (Member member = new Member(cluster, NAME, NAME, "client.id=reader")) {
                Cluster.await("all records", () -> member.values().size() >= 27);
                member.commit();
                Checks.equal(who + "--describe of an active group", rows(cluster), List.of("0 15 15 0", "1 15 15 0"));
                String members = tool(cluster, "--describe", "--members", "--group", NAME);
                Checks.that(who + "--describe --members", members.lines().anyMatch(line -> line.startsWith(NAME) && line.contains("reader")), members);
                String state = tool(cluster, "--describe", "--state", "--group", NAME);
                Checks.that(who + "--describe --state", state.contains("Stable") && !state.contains(NAME + "-") && line(state, NAME).contains("("), state);
            }
        }
    }

    private static Set<String> ours(Collection<String> groups) {
        return groups.stream().filter(group -> group.startsWith("group-")).collect(Collectors.toCollection(TreeSet::new));
    }

    private static String line(String printed, String start) {
        return printed.lines().filter(line -> line.startsWith(start)).findFirst().orElse("");
    }

    /** Partition, current offset, end offset and lag of each printed row. */
    private static List<String> rows(Cluster cluster) throws Exception {
        List<String> rows = new ArrayList<>();
        List<String> header = List.of();
        for (String line : tool(cluster, "--describe", "--group", NAME).lines().toList()) {
            List<String> cells = List.of(line.trim().split("\\s+"));
            if (cells.contains("LAG")) {
                header = cells;
            } else if (!header.isEmpty() && cells.get(0).equals(NAME)) {
                List<String> row = new ArrayList<>();
                for (String column : List.of("PARTITION", "CURRENT-OFFSET", "LOG-END-OFFSET", "LAG")) {
                    row.add(cells.get(header.indexOf(column)));
                }
                rows.add(String.join(" ", row));
            }
        }
        rows.sort(null);
        return rows;
    }

    private static String tool(Cluster cluster, String... args) throws Exception {
        List<String> all = new ArrayList<>(List.of("--bootstrap-server", cluster.bootstrap()));
        all.addAll(List.of(args));
        return Tools.run(Tools.GROUPS, all);
    }
}
