package keg;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.MemberToRemove;
import org.apache.kafka.clients.admin.RemoveMembersFromConsumerGroupOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;

/** Consumer groups: the classic protocol with its assignors and static members, and the one of KIP-848. */
public final class Groups {
    private static final int PARTITIONS = 6;
    private static final List<String> KINDS = List.of("range", "cooperative", "static", "consumer");

    private Groups() {
    }

    public static void main(String[] args) {
        boolean withNewProtocol = !List.of(args).contains("classic-only");
        boolean withTools = !List.of(args).contains("clients-only");
        List<String> kinds = KINDS.stream().filter(kind -> withNewProtocol || !kind.equals("consumer")).toList();
        Clusters.run(args[0], clusters -> {
            clusters.each("group topics", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, PARTITIONS, kinds.stream().map(Groups::name).toArray(String[]::new));
                }
            });
            clusters.each("range", cluster -> dynamic(cluster, "range", "partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor"));
            clusters.each("cooperative-sticky", cluster -> dynamic(cluster, "cooperative", "partition.assignment.strategy=org.apache.kafka.clients.consumer.CooperativeStickyAssignor"));
            clusters.each("static members", Groups::staticMembers);
            if (withNewProtocol) {
                clusters.each("KIP-848", cluster -> dynamic(cluster, "consumer", "group.protocol=consumer"));
            }
            clusters.each("offsets", Offsets::check);
            if (withTools) {
                clusters.each("lag", Lag::check);
            }
            Stream<String> others = withTools ? Stream.of("group-offsets", "group-lag") : Stream.of("group-offsets");
            List<String> topics = Stream.concat(kinds.stream().map(Groups::name), others).toList();
            Isolation.check(clusters, topics, topics);
        });
    }

    private static String name(String kind) {
        return "group-" + kind;
    }

    /** Three members share the partitions; one leaves; nothing is read twice or not at all. */
    private static void dynamic(Cluster cluster, String kind, String... properties) throws Exception {
        String who = "[" + cluster.name + "] " + kind + ": ";
        String group = name(kind);
        List<Member> members = new ArrayList<>();
        try (Admin admin = cluster.admin()) {
            for (int i = 0; i < 3; i++) {
                members.add(new Member(cluster, group, group, properties));
            }
            awaitShares(members, 2);
            Checks.equal(who + "every partition has one member", all(members), range(PARTITIONS));
            List<String> sent = produce(cluster, group, "first", 50);
            Cluster.await("first records", () -> read(members).size() >= sent.size());
            Checks.equal(who + "each record reaches one member once", read(members), sorted(sent));

            describe(who, admin, group, 3, kind);
            for (Member member : members) {
                member.commit();
            }
            Checks.equal(who + "commits", Offsets.committed(admin, group), Offsets.everywhere(group, PARTITIONS, 50));

            Member leaver = members.remove(0);
            List<Set<Integer>> kept = members.stream().map(Member::partitions).toList();
            int revoked = members.stream().mapToInt(Member::revocations).sum();
            leaver.close();
            awaitShares(members, 3);
            if (kind.equals("cooperative")) {
                boolean stayed = IntStream.range(0, 2).allMatch(i -> members.get(i).partitions().containsAll(kept.get(i)));
                Checks.that(who + "who stays keeps its partitions", stayed, kept);
                Checks.equal(who + "nothing was revoked from who stays", members.stream().mapToInt(Member::revocations).sum() - revoked, 0);
            }
            List<String> more = produce(cluster, group, "second", 20);
            List<String> everything = sorted(Stream.concat(sent.stream(), more.stream()).toList());
            members.add(0, leaver);
            Cluster.await("second records", () -> read(members).size() >= everything.size());
            Checks.equal(who + "nothing is read twice after a member has left", read(members), everything);
            for (Member member : members) {
                member.close();
            }
            Checks.equal(who + "commits at the end", Offsets.committed(admin, group), Offsets.everywhere(group, PARTITIONS, 70));
        }
    }

    /** A member with an instance id may go and come back without a rebalance, until an administrator removes it. */
    private static void staticMembers(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] static: ";
        String group = name("static");
        String[] first = {"group.instance.id=first", "session.timeout.ms=30000"};
        try (Admin admin = cluster.admin();
                Member second = new Member(cluster, group, group, "group.instance.id=second", "session.timeout.ms=30000")) {
            Member member = new Member(cluster, group, group, first);
            List<Member> both = List.of(member, second);
            awaitShares(both, 3);
            List<String> sent = produce(cluster, group, "first", 10);
            Cluster.await("records", () -> read(both).size() >= sent.size());
            Set<Integer> before = member.partitions();
            int generation = second.metadata().generationId();
            Set<String> instances = Cluster.get(admin.describeConsumerGroups(List.of(group)).all()).get(group).members().stream()
                    .map(description -> description.groupInstanceId().orElse("none"))
                    .collect(Collectors.toCollection(TreeSet::new));
            Checks.equal(who + "instance ids", instances, Set.of("first", "second"));

            member.close();
            List<String> more = produce(cluster, group, "second", 10);
            try (Member again = new Member(cluster, group, group, first)) {
                awaitShares(List.of(again, second), 3);
                List<String> everything = sorted(Stream.concat(sent.stream(), more.stream()).toList());
                List<Member> three = List.of(member, again, second);
                Cluster.await("records", () -> read(three).size() >= everything.size());
                Checks.equal(who + "nothing is lost or read twice over a restart", read(three), everything);
                Checks.equal(who + "the same partitions after a restart", again.partitions(), before);
                Checks.equal(who + "no rebalance", second.metadata().generationId(), generation);
            }
            var removed = new RemoveMembersFromConsumerGroupOptions(Set.of(new MemberToRemove("first")));
            Cluster.get(admin.removeMembersFromConsumerGroup(group, removed).all());
            awaitShares(List.of(second), PARTITIONS);
            Checks.that(who + "a removed member's partitions move", second.metadata().generationId() > generation, second.metadata());
        }
    }

    private static void describe(String who, Admin admin, String group, int members, String kind) throws Exception {
        ConsumerGroupDescription description = Cluster.get(admin.describeConsumerGroups(List.of(group)).all()).get(group);
        Checks.equal(who + "described state", description.groupState(), GroupState.STABLE);
        Checks.equal(who + "described members", description.members().size(), members);
        Checks.equal(who + "described group", description.groupId(), group);
        Checks.equal(who + "assignor", description.partitionAssignor(), Map.of("range", "range", "cooperative", "cooperative-sticky", "consumer", "uniform").get(kind));
        Set<TopicPartition> assigned = description.members().stream()
                .flatMap(member -> member.assignment().topicPartitions().stream())
                .collect(Collectors.toSet());
        Set<TopicPartition> every = range(PARTITIONS).stream().map(partition -> new TopicPartition(group, partition)).collect(Collectors.toSet());
        Checks.equal(who + "described assignment", assigned, every);
        Collection<Node> nodes = Cluster.get(admin.describeCluster().nodes());
        Checks.that(who + "the coordinator is a node of the cluster, at its address", nodes.contains(description.coordinator()), description.coordinator());
    }

    private static void awaitShares(List<Member> members, int each) throws InterruptedException {
        Cluster.await(each + " partitions for each of " + members.size() + " members", () ->
                members.stream().allMatch(member -> member.partitions().size() == each) && all(members).size() == each * members.size());
    }

    private static Set<Integer> all(List<Member> members) {
        return members.stream().flatMap(member -> member.partitions().stream()).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<Integer> range(int end) {
        return IntStream.range(0, end).boxed().collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> read(List<Member> members) {
        return sorted(members.stream().flatMap(member -> member.values().stream()).toList());
    }

    private static List<String> sorted(List<String> values) {
        return values.stream().sorted().toList();
    }

    static List<String> produce(Cluster cluster, String topic, String label, int perPartition) {
        List<String> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = cluster.producer()) {
            int partitions = producer.partitionsFor(topic).size();
            for (int i = 0; i < perPartition * partitions; i++) {
                String value = cluster.name + " " + label + " " + i;
                producer.send(new ProducerRecord<>(topic, i % partitions, null, value));
                sent.add(value);
            }
        }
        return sent;
    }
}
