package keg;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.StreamsGroupDescription;
import org.apache.kafka.clients.admin.StreamsGroupSubtopologyDescription;
import org.apache.kafka.common.GroupState;

/** What is told of a streams group (KIP-1071) while its application runs. */
final class StreamsGroups {
    private static final String TOOL = "org.apache.kafka.tools.streams.StreamsGroupCommand";

    private StreamsGroups() {
    }

    /** The topics are the source, and those that the broker has made; no subtopology has the sink. */
    static void check(Cluster cluster, Admin admin, String group, Set<String> topics) throws Exception {
        String who = "[" + cluster.name + "] streams group: ";
        StreamsGroupDescription described = Cluster.get(admin.describeStreamsGroups(List.of(group)).all()).get(group);
        Checks.equal(who + "state", described.groupState(), GroupState.STABLE);
        Set<String> named = described.subtopologies().stream().flatMap(StreamsGroups::topics).collect(Collectors.toCollection(TreeSet::new));
        Checks.equal(who + "topics of the topology", named, new TreeSet<>(topics));
        Checks.equal(who + "members", described.members().size(), 2);
        Checks.that(who + "endpoints of members", described.members().stream().allMatch(member -> member.userEndpoint().map(endpoint -> endpoint.host().equals("app.example") && endpoint.port() == 8080).orElse(false)), described.members());
        Checks.equal(who + "listed by type", Cluster.get(admin.listGroups(ListGroupsOptions.forStreamsGroups()).all()).stream().map(listing -> listing.groupId()).toList(), List.of(group));

        Checks.equal(who + "the tool lists", tool(cluster, "--list").strip(), group);
        for (String view : List.of("--offsets", "--members", "--state")) {
            String printed = tool(cluster, "--describe", "--group", group, view);
            Checks.that(who + "the tool describes " + view, printed.contains(group) && !printed.contains("Error") && !printed.contains("exit code"), printed);
            boolean hides = !cluster.prefix.isEmpty();
            Checks.that(who + "the tool shows no prefix in " + view, !(hides && printed.contains(cluster.prefix)), printed);
        }
    }

    private static Stream<String> topics(StreamsGroupSubtopologyDescription subtopology) {
        return Stream.of(subtopology.sourceTopics(), subtopology.repartitionSinkTopics(), subtopology.stateChangelogTopics().keySet(), subtopology.repartitionSourceTopics().keySet()).flatMap(names -> names.stream());
    }

    private static String tool(Cluster cluster, String... args) throws Exception {
        return Tools.run(TOOL, Stream.concat(Stream.of("--bootstrap-server", cluster.bootstrap()), Stream.of(args)).toList());
    }
}
