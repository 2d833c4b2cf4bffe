package keg;

import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListConfigResourcesOptions;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;

/** Clients push their metrics, as the operator of the backend has subscribed to them (KIP-714). */
public final class Telemetry {
    private static final String SUBSCRIPTION = "keg-telemetry";
    private static final Set<Uuid> INSTANCES = ConcurrentHashMap.newKeySet();

    private Telemetry() {
    }

    /** Says when metrics are subscribed to, and ends when there is a file "stop". */
    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            ConfigResource subscription = new ConfigResource(ConfigResource.Type.CLIENT_METRICS, SUBSCRIPTION);
            try (Admin backend = clusters.backend.admin()) {
                change(backend, subscription, AlterConfigOp.OpType.SET);
                try {
                    clusters.each("telemetry", cluster -> check(cluster, clusters));
                } finally {
                    change(backend, subscription, AlterConfigOp.OpType.DELETE);
                }
            }
            Checks.equal("every client has an id of its own", INSTANCES.size(), 2 * clusters.all.size());
        });
    }

    private static Optional<Uuid> instance(KafkaConsumer<?, ?> consumer) {
        try {
            return Optional.ofNullable(consumer.clientInstanceId(Duration.ofMillis(50)));
        } catch (org.apache.kafka.common.errors.TimeoutException notYet) {
            return Optional.empty();
        }
    }

    private static void change(Admin backend, ConfigResource subscription, AlterConfigOp.OpType op) throws Exception {
        List<AlterConfigOp> changes = Map.of("metrics", "*", "interval.ms", "500", "match", "client_id=telemetry-.*").entrySet().stream()
                .map(it -> new AlterConfigOp(new ConfigEntry(it.getKey(), it.getValue()), op))
                .toList();
        Cluster.get(backend.incrementalAlterConfigs(Map.of(subscription, changes)).all());
    }

    private static void check(Cluster cluster, Clusters clusters) throws Exception {
        String who = "[" + cluster.name + "] ";
        try (Admin admin = cluster.admin();
                KafkaProducer<String, String> producer = cluster.producer("client.id=telemetry-producer-" + cluster.name);
                KafkaConsumer<String, String> consumer = cluster.consumer(
                        "client.id=telemetry-consumer-" + cluster.name, "group.id=telemetry-workers", "auto.offset.reset=earliest")) {
            cluster.create(admin, 1, "telemetry");
            consumer.subscribe(List.of("telemetry"));
            INSTANCES.add(producer.clientInstanceId(Cluster.PATIENCE));
            // It has connections only while it polls.
            Cluster.await("an instance id", () -> {
                consumer.poll(Duration.ofMillis(50));
                Optional<Uuid> id = instance(consumer);
                id.ifPresent(INSTANCES::add);
                return id.isPresent();
            });
            Checks.OUT.println("METRICS ARE SUBSCRIBED TO");
            long read = 0;
            while (!Files.exists(clusters.dir.resolve("stop"))) {
                producer.send(new ProducerRecord<>("telemetry", "value")).get();
                read += consumer.poll(Duration.ofMillis(50)).count();
            }
            Checks.that(who + "records were read meanwhile", read > 0, read);
            if (clusters.isolated()) {
                Checks.equal(who + "the subscription is the operator's", Cluster.get(admin.listConfigResources(
                        Set.of(ConfigResource.Type.CLIENT_METRICS), new ListConfigResourcesOptions()).all()), List.of());
            }
        }
    }
}
