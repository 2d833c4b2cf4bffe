package keg;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.GroupType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidRegularExpression;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Lists of transactions by state and by expressions over their ids, and of groups by type and state. */
public final class Filters {
    private static final Set<String> IDS = Set.of("pay-1", "pay-22", "refund-1", "Sink: pay -> db-7", "größe-1", "PAY-3");
    private static final List<String> PATTERNS = List.of(
            "pay-.*", "pay", ".*pay.*", "^pay-[0-9]$", "(?i)pay-\\d+", "refund-1|größe-1", "gr\\p{L}+-1", "Sink: pay -> .*", "[^a-z]+.*", ".*[^\\x00-\\x7f].*", "\\Qpay-1\\E", "(a|b", ".", "team-.*", "\\bpay\\b.*", "gr(?:ö|o)(ß|ss)e.*");

    private static final Set<String> GROUPS = Set.of("filters-classic: Classic", "filters-modern: Consumer", "filters-sharing: Share", "filters-simple: Classic");

    /** What clients of a cluster call things: where the prefix is not hidden, they say it. */
    private final Cluster cluster;
    private final String who;
    private final String prefix;

    private Filters(Cluster cluster, boolean prefixed) {
        this.cluster = cluster;
        who = "[" + cluster.name + "] ";
        prefix = prefixed ? cluster.prefix : "";
    }

    /** The arguments after the first are the clusters whose prefix isn't hidden. */
    public static void main(String[] args) {
        Set<String> prefixed = Set.of(args);
        Clusters.run(args[0], clusters -> {
            clusters.each("transactions and groups", cluster -> new Filters(cluster, prefixed.contains(cluster.name)).check());
        });
    }

    private void check() throws Exception {
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, 1, prefix + "filtered");
            transactions(admin);
            groups(admin);
        }
    }

    private void transactions(Admin admin) throws Exception {
        List<KafkaProducer<String, String>> open = new ArrayList<>();
        for (String id : IDS) {
            KafkaProducer<String, String> producer = cluster.producer("transactional.id=" + prefix + id);
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>(prefix + "filtered", id)).get();
            open.add(producer);
            if (id.startsWith("refund")) {
                producer.commitTransaction();
            }
        }
        Cluster.await("a complete transaction", () -> list(admin, new ListTransactionsOptions().filterStates(Set.of(TransactionState.COMPLETE_COMMIT))).equals(Set.of("refund-1")));
        Set<String> ongoing = new TreeSet<>(IDS);
        ongoing.remove("refund-1");
        Checks.equal(who + "by state", list(admin, new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING))), ongoing);
        Checks.equal(who + "by state and expression", list(admin, new ListTransactionsOptions().filterStates(Set.of(TransactionState.ONGOING)).filterOnTransactionalIdPattern(quoted() + "(?:pay|refund).*")), Set.of("pay-1", "pay-22"));
        Checks.equal(who + "without a filter", list(admin, new ListTransactionsOptions()), new TreeSet<>(IDS));
        Checks.equal(who + "of long ago", list(admin, new ListTransactionsOptions().filterOnDuration(3_600_000)), Set.of());
        for (String pattern : PATTERNS) {
            String whole = prefix.isEmpty() ? pattern : quoted() + "(?:" + pattern + ")";
            Set<String> expected = matches(whole);
            ListTransactionsOptions asked = new ListTransactionsOptions().filterOnTransactionalIdPattern(whole);
            if (expected == null) {
                Checks.fails(who + "no expression: " + pattern, InvalidRegularExpression.class, () -> Cluster.get(admin.listTransactions(asked).all()));
            } else {
                Checks.equal(who + "by " + pattern, list(admin, asked), expected);
            }
        }
        if (!prefix.isEmpty()) {
            Checks.equal(who + "by an expression that could lead out", list(admin, new ListTransactionsOptions().filterOnTransactionalIdPattern(".*")), new TreeSet<>(IDS));
        }
        open.forEach(KafkaProducer::close);
    }

    private String quoted() {
        return com.google.re2j.Pattern.quote(prefix);
    }

    /** Those of the ids that the library of Kafka's brokers matches; null if the expression is none. */
    private Set<String> matches(String pattern) {
        com.google.re2j.Pattern compiled;
        try {
            compiled = com.google.re2j.Pattern.compile(pattern);
        } catch (com.google.re2j.PatternSyntaxException none) {
            return null;
        }
        return IDS.stream().filter(id -> compiled.matcher(prefix + id).matches()).collect(Collectors.toCollection(TreeSet::new));
    }

    /** The ids without the prefix. */
    private Set<String> list(Admin admin, ListTransactionsOptions options) {
        try {
            return Cluster.get(admin.listTransactions(options).all()).stream()
                    .map(TransactionListing::transactionalId)
                    .map(id -> id.startsWith(prefix) ? id.substring(prefix.length()) : "not ours: " + id)
                    .filter(id -> !direct() || IDS.contains(id))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private void groups(Admin admin) throws Exception {
        TopicPartition partition = new TopicPartition(prefix + "filtered", 0);
        try (KafkaConsumer<String, String> simple = cluster.consumer("group.id=" + prefix + "filters-simple")) {
            simple.assign(List.of(partition));
            simple.commitSync(Map.of(partition, new OffsetAndMetadata(1)));
        }
        Map<String, Object> sharing = cluster.properties("group.id=" + prefix + "filters-sharing");
        try (Member classic = new Member(cluster, prefix + "filters-classic", prefix + "filtered");
                Member modern = new Member(cluster, prefix + "filters-modern", prefix + "filtered", "group.protocol=consumer");
                KafkaShareConsumer<String, String> shared = new KafkaShareConsumer<>(sharing, new StringDeserializer(), new StringDeserializer())) {
            shared.subscribe(List.of(prefix + "filtered"));
            Cluster.await("stable groups", () -> {
                shared.poll(java.time.Duration.ofMillis(100));
                return groups(admin, new ListGroupsOptions().inGroupStates(Set.of(GroupState.STABLE))).equals(Set.of("filters-classic: Classic", "filters-modern: Consumer", "filters-sharing: Share"));
            });
            Checks.equal(who + "all groups", groups(admin, new ListGroupsOptions()), GROUPS);
            Checks.equal(who + "empty groups", groups(admin, new ListGroupsOptions().inGroupStates(Set.of(GroupState.EMPTY))), Set.of("filters-simple: Classic"));
            Checks.equal(who + "share groups", groups(admin, new ListGroupsOptions().withTypes(Set.of(GroupType.SHARE))), Set.of("filters-sharing: Share"));
            Checks.equal(who + "consumer groups that are stable", groups(admin, new ListGroupsOptions().withTypes(Set.of(GroupType.CONSUMER)).inGroupStates(Set.of(GroupState.STABLE))), Set.of("filters-modern: Consumer"));
            Checks.equal(who + "streams groups", groups(admin, new ListGroupsOptions().withTypes(Set.of(GroupType.STREAMS))), Set.of());
        }
    }

    private Set<String> groups(Admin admin, ListGroupsOptions options) {
        try {
            return Cluster.get(admin.listGroups(options).all()).stream()
                    .map(group -> (group.groupId().startsWith(prefix) ? group.groupId().substring(prefix.length()) : "not ours: " + group.groupId()) + ": " + type(group))
                    .filter(group -> !direct() || GROUPS.contains(group))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Whether other tests' names are there. */
    private boolean direct() {
        return cluster.prefix.isEmpty();
    }

    private static String type(GroupListing group) {
        return group.type().map(GroupType::toString).orElse("unknown");
    }
}
