package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;

/** Clients whose certificates say who they are. */
public final class Certificates {
    private static final String[] SHORT = {"default.api.timeout.ms=3000", "request.timeout.ms=2000"};

    private Certificates() {
    }

    /** After the clusters: what to check, and the certificates, with the names that their holders' topics begin with. */
    public static void main(String[] args) {
        List<String> rest = List.of(args).subList(2, args.length);
        Clusters.run(args[0], clusters -> {
            Path dir = clusters.dir;
            switch (args[1]) {
                case "known" -> clusters.each("known", cluster -> known(cluster, dir, rest));
                case "sasl" -> clusters.each("sasl", cluster -> sasl(cluster, dir, rest.get(0), rest.get(1)));
                case "refused" -> clusters.each("refused", cluster -> {
                    for (String name : rest) {
                        Checks.fails("[" + cluster.name + "] the certificate '" + name + "'", SslAuthenticationException.class,
                                () -> nodes(cluster, by(dir, name)));
                    }
                });
                case "disconnected" -> clusters.each("disconnected", cluster ->
                        Checks.fails("[" + cluster.name + "] the certificate " + rest.get(0), TimeoutException.class,
                                () -> nodes(cluster, by(dir, rest.get(0), SHORT))));
                case "nobody" -> clusters.each("nobody", cluster ->
                        Checks.fails("[" + cluster.name + "] no certificate", TimeoutException.class, () -> nodes(cluster, SHORT)));
                default -> live(clusters.all.get(0), dir);
            }
        });
    }

    /** Each makes, writes, reads and sees a topic of its own, and sees none of the others'. */
    private static void known(Cluster cluster, Path dir, List<String> holders) throws Exception {
        for (String holder : holders) {
            String[] parts = holder.split(":");
            String[] properties = by(dir, parts[0]);
            String who = "[" + cluster.name + "] " + parts[0] + ": ";
            String topic = parts[1] + "-own";
            try (Admin admin = Admin.create(cluster.properties(properties))) {
                if (!cluster.topicNames(admin).contains(topic)) {
                    cluster.create(admin, 3, topic);
                }
                Checks.equal(who + "the topics", cluster.topicNames(admin), Set.of(topic));
                Checks.fails(who + "a topic of somebody else", TopicAuthorizationException.class, () -> {
                    cluster.create(admin, 1, "somebody-own");
                    return "no error";
                });
            }
            List<String> sent = new ArrayList<>();
            try (KafkaProducer<String, String> producer = cluster.producer(properties)) {
                for (int i = 0; i < 30; i++) {
                    sent.add(holder + " " + i + " " + System.nanoTime());
                    producer.send(new ProducerRecord<>(topic, i % 3, null, sent.get(i))).get();
                }
            }
            List<String> found = new ArrayList<>();
            try (KafkaConsumer<String, String> consumer = cluster.consumer(by(dir, parts[0], "group.id=" + topic + System.nanoTime(), "auto.offset.reset=earliest"))) {
                consumer.subscribe(List.of(topic));
                Cluster.await("records", () -> {
                    consumer.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.value()));
                    return found.containsAll(sent);
                });
            }
            Checks.that(who + "reads what it has written", found.containsAll(sent), found.size());
        }
    }

    /** Who has a certificate and uses SASL is who SASL says, and is seen with the certificate. */
    private static void sasl(Cluster cluster, Path dir, String certificate, String name) throws Exception {
        String who = "[" + cluster.name + "] with a certificate and SASL: ";
        String[] properties = by(dir, certificate, "security.protocol=SASL_SSL", "sasl.mechanism=PLAIN",
                "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username=\"ann\" password=\"ann-secret\";");
        try (Admin admin = Admin.create(cluster.properties(properties)); Admin other = Admin.create(cluster.properties(by(dir, certificate)))) {
            cluster.create(admin, 1, "ann-own");
            cluster.create(other, 1, name + "-seen");
            Checks.equal(who + "the topics of the user, and the one for the certificate", cluster.topicNames(admin), Set.of("ann-own", name + "-seen"));
            Checks.fails(who + "a topic of the certificate's holder", TopicAuthorizationException.class, () -> {
                cluster.create(admin, 1, name + "-other");
                return "no error";
            });
        }
        String[] wrong = Arrays.copyOf(properties, properties.length);
        wrong[wrong.length - 1] = wrong[wrong.length - 1].replace("ann-secret", "wrong");
        Checks.fails(who + "a wrong password is not made good by it", SaslAuthenticationException.class, () -> nodes(cluster, wrong));
    }

    /** One becomes somebody else by another mapping, one is not trusted any more, and one is connected all the time. */
    private static void live(Cluster cluster, Path dir) throws Exception {
        try (Admin orders = Admin.create(cluster.properties(by(dir, "orders")));
                Admin bob = Admin.create(cluster.properties(by(dir, "bob")));
                Admin zoe = Admin.create(cluster.properties(by(dir, "zoe")))) {
            cluster.create(orders, 1, "service-orders-own");
            cluster.create(bob, 1, "bob-own");
            cluster.create(zoe, 1, "zoe-own");
            Checks.equal("orders at first", cluster.topicNames(orders), Set.of("service-orders-own"));
            double bobs = closed(bob.metrics());
            double zoes = closed(zoe.metrics());
            Checks.OUT.println("CONNECTED");
            Cluster.await("another mapping", () -> Files.exists(dir.resolve("mapping")));
            Checks.equal("orders under another name", cluster.topicNames(orders), Set.of());
            cluster.create(orders, 1, "renamed-orders-own");
            Checks.equal("what orders has made", cluster.topicNames(orders), Set.of("renamed-orders-own"));
            Checks.equal("bob", cluster.topicNames(bob), Set.of("bob-own"));
            Checks.equal("zoe", cluster.topicNames(zoe), Set.of("zoe-own"));
            Checks.equal("connections of zoe's that were closed", closed(zoe.metrics()) - zoes, 0.0);
            double renamed = closed(orders.metrics());
            Checks.OUT.println("RENAMED");
            Cluster.await("another trust bundle", () -> Files.exists(dir.resolve("bundle")));
            Checks.fails("zoe is not let in any more", SslAuthenticationException.class, () -> cluster.topicNames(zoe));
            Checks.equal("what orders has made", cluster.topicNames(orders), Set.of("renamed-orders-own"));
            Checks.equal("connections of orders' that were closed by that", closed(orders.metrics()) - renamed, 0.0);
            Checks.equal("bob", cluster.topicNames(bob), Set.of("bob-own"));
            Checks.equal("connections of bob's that were closed", closed(bob.metrics()) - bobs, 0.0);
        }
    }

    /** A client with the certificate and key of a file; without any for an empty name. */
    private static String[] by(Path dir, String certificate, String... others) {
        List<String> properties = new ArrayList<>(List.of(others));
        if (!certificate.isEmpty()) {
            properties.add(0, "ssl.keystore.type=PEM");
            properties.add(0, "ssl.keystore.location=" + dir.resolve(certificate + ".both.pem"));
        }
        return properties.toArray(String[]::new);
    }

    private static Object nodes(Cluster cluster, String... properties) throws Exception {
        try (Admin admin = Admin.create(cluster.properties(properties))) {
            return admin.describeCluster().nodes().get(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }

    private static double closed(Map<MetricName, ? extends Metric> metrics) {
        return metrics.values().stream().filter(it -> it.metricName().name().equals("connection-close-total")).mapToDouble(it -> (Double) it.metricValue()).sum();
    }
}
