package keg;

import java.util.Arrays;
import org.apache.kafka.clients.admin.Admin;

/** Creates topics with one partition in every cluster, for clients that can't. */
public final class CreateTopics {
    private CreateTopics() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> clusters.each("topics", cluster -> {
            try (Admin admin = cluster.admin()) {
                cluster.create(admin, 1, Arrays.copyOfRange(args, 1, args.length));
                Checks.that("[" + cluster.name + "] topics created", true, "");
            }
        }));
    }
}
