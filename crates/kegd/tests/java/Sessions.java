package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;

/** Clients whose sessions end every few seconds, and who authenticate again on the connections that they have. */
public final class Sessions {
    private static final int RENEWALS = 2;

    private Sessions() {
    }

    /** After the clusters: the mechanisms. Ann's password is "ann-secret" with all of them. */
    public static void main(String[] args) {
        List<String> mechanisms = List.of(args).subList(1, args.length);
        Clusters.run(args[0], clusters -> clusters.each("sessions", cluster -> {
            List<Client> clients = new ArrayList<>();
            try {
                for (String mechanism : mechanisms) {
                    clients.add(new Client(cluster, mechanism));
                }
                Cluster.await("sessions to be renewed", () -> {
                    clients.forEach(Client::step);
                    return clients.stream().allMatch(Client::isRenewed);
                });
                for (Client client : clients) {
                    client.finish();
                }
            } finally {
                clients.forEach(Client::close);
            }
        }));
    }

    /** A producer that sends nothing twice, and a consumer that reads it. */
    private static final class Client {
        private final String who;
        private final String topic;
        private final KafkaProducer<String, String> producer;
        private final KafkaConsumer<String, String> consumer;
        private final List<String> sent = new ArrayList<>();
        private final List<String> found = new ArrayList<>();
        private double closed = -1;

        Client(Cluster cluster, String mechanism) throws Exception {
            who = "[" + cluster.name + "] " + mechanism + ": ";
            topic = "session-" + mechanism.toLowerCase();
            String[] properties = Authentication.as(mechanism, "ann", "ann-secret");
            try (Admin admin = Admin.create(cluster.properties(properties))) {
                cluster.create(admin, 1, topic);
            }
            producer = cluster.producer(and(properties, "enable.idempotence=false", "retries=0", "acks=all"));
            consumer = cluster.consumer(and(properties, "auto.offset.reset=earliest"));
            TopicPartition partition = new TopicPartition(topic, 0);
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
        }

        void step() {
            try {
                sent.add("record " + sent.size());
                producer.send(new ProducerRecord<>(topic, sent.get(sent.size() - 1))).get();
            } catch (Exception failed) {
                throw new IllegalStateException(who + "after " + sent.size() + " records", failed);
            }
            poll(Duration.ofMillis(20));
            if (closed < 0 && !found.isEmpty()) {
                closed = of("connection-close-total");
            }
        }

        boolean isRenewed() {
            String name = "successful-reauthentication-total";
            return of(producer.metrics(), name) >= RENEWALS && of(consumer.metrics(), name) >= RENEWALS;
        }

        void finish() throws InterruptedException {
            Cluster.await("the last records", () -> {
                poll(Duration.ofMillis(100));
                return found.size() >= sent.size();
            });
            Checks.equal(who + "what is read over several sessions", found, sent);
            Checks.equal(who + "connections that were closed", of("connection-close-total") - closed, 0.0);
        }

        void close() {
            producer.close();
            consumer.close();
        }

        private void poll(Duration time) {
            consumer.poll(time).forEach(record -> found.add(record.value()));
        }

        private double of(String name) {
            return of(producer.metrics(), name) + of(consumer.metrics(), name);
        }

        private static double of(Map<MetricName, ? extends Metric> metrics, String name) {
            return metrics.values().stream()
                .filter(it -> it.metricName().name().equals(name))
                .filter(it -> it.metricName().group().equals("producer-metrics") || it.metricName().group().equals("consumer-metrics"))
                .mapToDouble(it -> (Double) it.metricValue())
                .sum();
        }
    }

    private static String[] and(String[] properties, String... more) {
        return Stream.concat(Arrays.stream(properties), Arrays.stream(more)).toArray(String[]::new);
    }
}
