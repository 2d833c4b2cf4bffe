package keg;

import java.util.List;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.errors.SecurityDisabledException;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourceType;

/** Without an authorizer, brokers have no ACLs to administer. */
public final class AclsDisabled {
    private AclsDisabled() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> clusters.each("ACLs without an authorizer", cluster -> {
            String who = "[" + cluster.name + "] refuses to ";
            var exact = Acls.filter(ResourceType.TOPIC, PatternType.LITERAL, "orders");
            var notOwn = Acls.filter(ResourceType.CLUSTER, PatternType.ANY, null);
            try (Admin admin = cluster.admin()) {
                for (AclBindingFilter filter : List.of(AclBindingFilter.ANY, exact, notOwn)) {
                    Checks.fails(who + "describe " + filter, SecurityDisabledException.class, () -> Cluster.get(admin.describeAcls(filter).values()));
                    Checks.fails(who + "delete " + filter, SecurityDisabledException.class, () -> Cluster.get(admin.deleteAcls(List.of(filter)).all()));
                }
                var acl = Acls.allow(ResourceType.TOPIC, PatternType.LITERAL, "orders", "alice");
                Checks.fails(who + "create", SecurityDisabledException.class, () -> Cluster.get(admin.createAcls(List.of(acl)).all()));
            }
        }));
    }
}
