package keg;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/** Clients that live on while another Kafka cluster takes the place of the one behind their addresses. */
public final class Elsewhere {
    private static final String TOPIC = "elsewhere";
    /** A client in a loop makes hundreds in the time that this takes. */
    private static final double FEW_CONNECTIONS = 60;

    private Elsewhere() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> clusters.each("elsewhere", Elsewhere::check));
    }

    private static void check(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        try (Admin admin = cluster.admin();
                KafkaProducer<String, String> producer = cluster.producer();
                KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + TOPIC, "auto.offset.reset=earliest")) {
            cluster.create(admin, 3, TOPIC);
            consumer.subscribe(List.of(TOPIC));
            roundTrip(who + "on the first cluster", producer, consumer, "first");
            String first = Cluster.get(admin.describeCluster().clusterId());
            Checks.OUT.println("THE CLUSTER MAY CHANGE");
            Cluster.await("another cluster", () -> !first.equals(clusterId(admin)));
            cluster.create(admin, 3, TOPIC);
            roundTrip(who + "on the other cluster", producer, consumer, "other");
            Checks.that(who + "the producer's connections", created(producer.metrics()) < FEW_CONNECTIONS, created(producer.metrics()));
            Checks.that(who + "the consumer's connections", created(consumer.metrics()) < FEW_CONNECTIONS, created(consumer.metrics()));
            Checks.that(who + "the administrator's connections", created(admin.metrics()) < FEW_CONNECTIONS, created(admin.metrics()));
        }
    }

    private static void roundTrip(String what, KafkaProducer<String, String> producer, KafkaConsumer<String, String> consumer, String value)
            throws Exception {
        // Until the clients have heard of the topic as it is now.
        long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
        while (true) {
            try {
                producer.send(new ProducerRecord<>(TOPIC, value)).get(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
                break;
            } catch (java.util.concurrent.ExecutionException notYet) {
                if (System.nanoTime() > deadline) {
                    throw notYet;
                }
            }
        }
        boolean read = false;
        while (!read && System.nanoTime() < deadline) {
            for (var record : consumer.poll(Duration.ofMillis(100))) {
                read |= record.value().equals(value);
            }
        }
        Checks.that(what, read, "");
    }

    private static String clusterId(Admin admin) {
        try {
            return Cluster.get(admin.describeCluster().clusterId());
        } catch (Exception notNow) {
            throw new IllegalStateException(notNow);
        }
    }

    private static double created(Map<MetricName, ? extends Metric> metrics) {
        return metrics.entrySet().stream()
                .filter(it -> it.getKey().name().equals("connection-creation-total") && !it.getKey().group().contains("node"))
                .mapToDouble(it -> (double) it.getValue().metricValue())
                .sum();
    }
}
