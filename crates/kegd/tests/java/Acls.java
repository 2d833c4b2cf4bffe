package keg;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DeleteAclsResult.FilterResults;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AccessControlEntryFilter;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.errors.ClusterAuthorizationException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourcePatternFilter;
import org.apache.kafka.common.resource.ResourceType;

/** Whoever administers ACLs in a virtual cluster sees what a cluster of one's own shows, and others' ACLs stay as they are. */
public final class Acls {
    private static final ResourceType TOPIC = ResourceType.TOPIC;
    private static final ResourceType GROUP = ResourceType.GROUP;
    private static final PatternType LITERAL = PatternType.LITERAL;
    private static final PatternType PREFIXED = PatternType.PREFIXED;

    private Acls() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            Map<Boolean, Map<String, String>> expected = new LinkedHashMap<>();
            for (boolean stars : List.of(true, false)) {
                expected.put(stars, new Session(clusters.own, stars, Map.of()).printed());
            }
            Set<AclBinding> others = clusters.isolated() ? others(clusters) : Set.of();
            try (Admin admin = clusters.backend.admin()) {
                Cluster.get(admin.createAcls(others).all());
                settle(admin, others.size());
            }
            clusters.each("ACLs", cluster -> {
                boolean stars = !showsPrefix(cluster);
                Map<String, String> printed = new Session(cluster, stars, expected.get(stars)).printed();
                for (String step : expected.get(stars).keySet()) {
                    Checks.equal("[" + cluster.name + "] " + step, printed.get(step).lines().toList(), expected.get(stars).get(step).lines().toList());
                }
                if (clusters.isolated()) {
                    onTheBackend(clusters, cluster);
                    refusals(cluster);
                }
            });
            try (Admin admin = clusters.backend.admin()) {
                settle(admin, others.size());
                Checks.equal("others' ACLs are as they were", all(admin), others);
            }
        });
    }

    /** ACLs of the operator and of another tenant, many of which match the virtual clusters' names, too. */
    private static Set<AclBinding> others(Clusters clusters) {
        Set<AclBinding> others = new HashSet<>();
        for (ResourceType type : List.of(TOPIC, GROUP, ResourceType.TRANSACTIONAL_ID)) {
            others.add(allow(type, LITERAL, "*", "alice"));
            others.add(allow(type, LITERAL, "orders", "alice"));
            others.add(allow(type, PREFIXED, "o", "alice"));
            others.add(allow(type, PREFIXED, "acls-", "bob"));
            others.add(allow(type, PREFIXED, "acls-team-c-", "bob"));
        }
        for (Cluster cluster : clusters.all) {
            others.add(allow(TOPIC, PREFIXED, cluster.prefix.substring(0, cluster.prefix.length() - 1), "bob"));
            // There are no words for it under a hidden prefix, and it isn't a resource's name where the prefix shows.
            others.add(allow(ResourceType.DELEGATION_TOKEN, LITERAL, cluster.prefix + "token", "alice"));
        }
        others.add(allow(GROUP, LITERAL, clusters.all.get(0).prefix + "*", "alice"));
        others.add(allow(ResourceType.CLUSTER, LITERAL, "kafka-cluster", "alice"));
        others.add(allow(ResourceType.USER, LITERAL, "User:alice", "alice"));
        return others;
    }

    /** What a client's ACLs are on the backend. */
    private static void onTheBackend(Clusters clusters, Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        boolean shown = showsPrefix(cluster);
        String own = shown ? cluster.prefix : "";
        Map<AclBinding, AclBinding> made = new LinkedHashMap<>();
        made.put(allow(TOPIC, LITERAL, own + "orders", "alice"), allow(TOPIC, LITERAL, cluster.prefix + "orders", "alice"));
        made.put(allow(GROUP, PREFIXED, own + "work", "bob"), allow(GROUP, PREFIXED, cluster.prefix + "work", "bob"));
        made.put(shown ? allow(TOPIC, PREFIXED, own, "carol") : allow(TOPIC, LITERAL, "*", "carol"), allow(TOPIC, PREFIXED, cluster.prefix, "carol"));
        try (Admin admin = cluster.admin(); Admin backend = clusters.backend.admin()) {
            Cluster.get(admin.createAcls(made.keySet()).all());
            settle(admin, made.size());
            Checks.equal(who + "sees what it made", all(admin), made.keySet());
            Checks.that(who + "has made it for its own names", all(backend).containsAll(made.values()), all(backend));
            Cluster.get(admin.deleteAcls(List.of(AclBindingFilter.ANY)).all());
            settle(admin, 0);
            Set<AclBinding> left = all(backend);
            left.retainAll(made.values());
            Checks.equal(who + "has deleted it", left, Set.of());
        }
    }

    /** What can't be administered in a virtual cluster. */
    private static void refusals(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] refuses ACLs of ";
        List<AclBinding> refused = new ArrayList<>(List.of(
                allow(ResourceType.CLUSTER, LITERAL, "kafka-cluster", "alice"),
                allow(ResourceType.USER, LITERAL, "User:alice", "alice"),
                allow(ResourceType.DELEGATION_TOKEN, LITERAL, "token", "alice")));
        if (showsPrefix(cluster)) {
            refused.add(allow(TOPIC, LITERAL, "*", "alice"));
            refused.add(allow(TOPIC, LITERAL, "acls-team-a-orders", "alice"));
            refused.add(allow(TOPIC, PREFIXED, "acls-team-", "alice"));
        }
        try (Admin admin = cluster.admin()) {
            AclBinding good = allow(TOPIC, LITERAL, (showsPrefix(cluster) ? cluster.prefix : "") + "beside", "alice");
            List<AclBinding> asked = new ArrayList<>(refused);
            asked.add(1, good);
            var results = admin.createAcls(asked).values();
            for (AclBinding acl : refused) {
                Checks.fails(who + acl, ClusterAuthorizationException.class, () -> Cluster.get(results.get(acl)));
            }
            Cluster.get(results.get(good));
            FilterResults deleted = Cluster.get(admin.deleteAcls(List.of(AclBindingFilter.ANY)).values().get(AclBindingFilter.ANY));
            Checks.equal(who + "others, and makes those beside them", bindings(deleted), Set.of(good));
            settle(admin, 0);
        }
    }

    /** One run of all steps on one cluster, which has no ACLs before and after it. */
    private static final class Session {
        private final Cluster cluster;
        private final boolean stars;
        private final Map<String, String> expected;
        private final Map<String, String> printed = new LinkedHashMap<>();
        private final String own;

        Session(Cluster cluster, boolean stars, Map<String, String> expected) {
            this.cluster = cluster;
            this.stars = stars;
            this.expected = expected;
            this.own = showsPrefix(cluster) ? cluster.prefix : "";
        }

        Map<String, String> printed() throws Exception {
            try (Admin admin = cluster.admin()) {
                settle(admin, 0);
                client(admin);
                settle(admin, 0);
                tool();
                Cluster.get(admin.deleteAcls(List.of(AclBindingFilter.ANY)).all());
                settle(admin, 0);
            }
            return printed;
        }

        private void client(Admin admin) throws Exception {
            int count = create(admin);
            looks(admin, "all");
            // Together, and some match the same.
            count -= delete(admin, List.of(
                    filter(TOPIC, LITERAL, own + "orders"),
                    filter(ResourceType.ANY, PatternType.MATCH, own + "orders-2"),
                    filter(GROUP, PatternType.ANY, own + "workers"),
                    filter(ResourceType.ANY, PatternType.ANY, own + "orders")));
            settle(admin, count);
            looks(admin, "some");
            var ofBob = new AclBindingFilter(ResourcePatternFilter.ANY, new AccessControlEntryFilter("User:bob", null, AclOperation.ANY, AclPermissionType.ANY));
            count -= delete(admin, List.of(ofBob, filter(GROUP, LITERAL, null)));
            settle(admin, count);
            Checks.equal("[" + cluster.name + "] deletes the rest", delete(admin, List.of(AclBindingFilter.ANY)), count);
            settle(admin, 0);
            // At once: whoever has made an ACL can delete it.
            for (int round = 0; round < 5; round++) {
                Cluster.get(admin.createAcls(acls()).all());
                delete(admin, List.of(filter(TOPIC, PatternType.ANY, null)));
                delete(admin, List.of(AclBindingFilter.ANY));
            }
            record("create nothing", attempt(admin.createAcls(List.of(allow(TOPIC, LITERAL, "", "alice"))).all()));
            record("delete nothing", delete(admin, List.of()));
        }

        private int create(Admin admin) throws Exception {
            List<AclBinding> acls = acls();
            Cluster.get(admin.createAcls(acls).all());
            settle(admin, acls.size());
            return acls.size();
        }

        private List<AclBinding> acls() {
            List<AclBinding> acls = new ArrayList<>(List.of(
                    allow(TOPIC, LITERAL, own + "orders", "alice"),
                    allow(TOPIC, LITERAL, own + "orders", "bob"),
                    allow(TOPIC, PREFIXED, own + "orders", "bob"),
                    allow(TOPIC, PREFIXED, own + "or", "alice"),
                    allow(TOPIC, LITERAL, own + "clicks", "alice"),
                    allow(GROUP, LITERAL, own + "workers", "bob"),
                    allow(GROUP, PREFIXED, own + "work", "alice"),
                    allow(ResourceType.TRANSACTIONAL_ID, PREFIXED, own + "tx", "alice")));
            if (stars) {
                acls.add(allow(TOPIC, LITERAL, "*", "alice"));
                acls.add(allow(GROUP, LITERAL, "*", "bob"));
                acls.add(allow(TOPIC, PREFIXED, "*", "bob"));
            }
            return acls;
        }

        private void looks(Admin admin, String when) throws Exception {
            List<String> names = new ArrayList<>(List.of("", "*", own + "orders", own + "orders-1", own + "or", own + "workers", own + "tx-1", "absent"));
            names.add(null);
            for (ResourceType type : List.of(ResourceType.ANY, TOPIC, GROUP, ResourceType.TRANSACTIONAL_ID, ResourceType.CLUSTER, ResourceType.USER)) {
                for (PatternType pattern : List.of(PatternType.ANY, PatternType.MATCH, LITERAL, PREFIXED)) {
                    for (String name : names) {
                        AclBindingFilter filter = filter(type, pattern, name);
                        record("describe " + when + " " + filter, lines(Cluster.get(admin.describeAcls(filter).values())));
                    }
                }
            }
        }

        /** How many ACLs were deleted. */
        private int delete(Admin admin, List<AclBindingFilter> filters) throws Exception {
            Set<AclBinding> deleted = new HashSet<>();
            var results = admin.deleteAcls(filters).values();
            for (AclBindingFilter filter : filters) {
                Set<AclBinding> matching = bindings(Cluster.get(results.get(filter)));
                record("delete " + filter, lines(matching));
                deleted.addAll(matching);
            }
            return deleted.size();
        }

        private void tool() throws Exception {
            change("--add --allow-principal User:alice --operation Read --topic {}orders");
            change("--add --allow-principal User:bob --operation Write --topic {}or --resource-pattern-type prefixed");
            change("--add --allow-principal User:alice --consumer --topic {}orders --group {}workers");
            change("--add --allow-principal User:carol --producer --topic {}clicks --transactional-id {}tx");
            change("--add --deny-principal User:eve --deny-host 10.0.0.1 --operation All --topic {}orders --topic {}clicks");
            if (stars) {
                change("--add --allow-principal User:dora --operation Describe --topic *");
                look("--list --topic *");
            }
            look("--list");
            look("--list --topic {}orders");
            look("--list --topic {}orders --resource-pattern-type match");
            look("--list --topic {}orders --resource-pattern-type any");
            look("--list --topic {}or --resource-pattern-type prefixed");
            look("--list --principal User:alice");
            look("--list --group {}workers");
            look("--list --transactional-id {}tx");
            look("--list --cluster");
            look("--list --topic {}absent");
            change("--remove --allow-principal User:alice --operation Read --topic {}orders --force");
            look("--list --topic {}orders");
            change("--remove --group {}workers --force");
            change("--remove --topic {}absent --force");
            look("--list");
            change("--remove --topic {}orders --resource-pattern-type match --force");
            look("--list");
        }

        /** What is printed of a change; not the list behind it, for which the broker may be late. */
        private void change(String args) throws Exception {
            record(args, run(args).lines().takeWhile(line -> !line.startsWith("Current ACLs")).sorted().collect(Collectors.joining("\n")));
        }

        private void look(String args) throws Exception {
            String step = printed.size() + " " + args;
            String now = sorted(run(args));
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(expected.isEmpty() ? 1 : 5);
            while (!now.equals(expected.get(step)) && System.nanoTime() < deadline) {
                Thread.sleep(100);
                now = sorted(run(args));
            }
            record(args, now);
        }

        private String run(String args) throws Exception {
            List<String> words = new ArrayList<>(List.of(args.replace("{}", own).split(" ")));
            words.addAll(List.of("--bootstrap-server", cluster.bootstrap()));
            return comparable(Tools.run(Tools.ACLS, words).replaceAll("(?m)^\\tat .*\\R", ""));
        }

        private void record(String step, Object outcome) {
            printed.put(comparable(printed.size() + " " + step), comparable(String.valueOf(outcome)));
        }

        /** Without the prefix that this cluster's names have and others' have not. */
        private String comparable(String text) {
            return own.isEmpty() ? text : text.replace(own, "");
        }
    }

    private static String attempt(KafkaFuture<?> future) {
        try {
            return "succeeded: " + Cluster.get(future);
        } catch (Exception failed) {
            return "failed: " + failed.getCause();
        }
    }

    private static String sorted(String text) {
        return text.lines().filter(line -> !line.isBlank()).sorted().collect(Collectors.joining("\n"));
    }

    private static String lines(Collection<AclBinding> acls) {
        return acls.stream().map(AclBinding::toString).sorted().collect(Collectors.joining("\n"));
    }

    private static Set<AclBinding> bindings(FilterResults results) {
        return results.values().stream().map(result -> result.binding()).collect(Collectors.toSet());
    }

    private static Set<AclBinding> all(Admin admin) throws Exception {
        return new HashSet<>(Cluster.get(admin.describeAcls(AclBindingFilter.ANY).values()));
    }

    /** Waits until the broker knows what its controller has done. */
    private static void settle(Admin admin, int count) throws Exception {
        Cluster.await(count + " ACLs", () -> {
            try {
                return all(admin).size() == count;
            } catch (Exception failed) {
                throw new IllegalStateException(failed);
            }
        });
    }

    static AclBinding allow(ResourceType type, PatternType pattern, String name, String who) {
        return new AclBinding(new ResourcePattern(type, name, pattern), new AccessControlEntry("User:" + who, "*", AclOperation.DESCRIBE, AclPermissionType.ALLOW));
    }

    static AclBindingFilter filter(ResourceType type, PatternType pattern, String name) {
        return new AclBindingFilter(new ResourcePatternFilter(type, name, pattern), AccessControlEntryFilter.ANY);
    }

    private static boolean showsPrefix(Cluster cluster) {
        return cluster.name.equals("team-b");
    }
}
