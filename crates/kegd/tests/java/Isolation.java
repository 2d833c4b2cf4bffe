package keg;

import java.util.Collection;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;

/** Each cluster sees its own names and no others; the backend has them all, with their prefixes. */
final class Isolation {
    private Isolation() {
    }

    static void check(Clusters clusters, Collection<String> topics, Collection<String> groups) throws Exception {
        if (!clusters.isolated()) {
            return;
        }
        Set<String> allTopics;
        Set<String> allGroups;
        try (Admin admin = clusters.backend.admin()) {
            allTopics = clusters.backend.topicNames(admin);
            allGroups = groupNames(admin);
        }
        for (Cluster cluster : clusters.all) {
            String who = "[" + cluster.name + "] ";
            try (Admin admin = cluster.admin()) {
                Checks.equal(who + "lists exactly its own topics", cluster.topicNames(admin), new TreeSet<>(topics));
                Checks.equal(who + "lists exactly its own groups", groupNames(admin), new TreeSet<>(groups));
            }
            Checks.equal(who + "topics on the backend", own(allTopics, cluster), cluster.onBackend(topics));
            Checks.equal(who + "groups on the backend", own(allGroups, cluster), cluster.onBackend(groups));
        }
        // A name that reached the backend without its prefix would be there as the client wrote it.
        Checks.equal("no topic reached the backend under its bare name", intersection(allTopics, topics), Set.of());
        Checks.equal("no group reached the backend under its bare name", intersection(allGroups, groups), Set.of());
    }

    static Set<String> groupNames(Admin admin) throws Exception {
        return Cluster.get(admin.listGroups().all()).stream()
                .map(group -> group.groupId())
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> own(Set<String> names, Cluster cluster) {
        return names.stream().filter(name -> name.startsWith(cluster.prefix)).collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> intersection(Set<String> all, Collection<String> some) {
        Set<String> both = new TreeSet<>(all);
        both.retainAll(some);
        return both;
    }
}
