package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.errors.UnsupportedSaslMechanismException;

/** Clients that say who they are, and a gateway that does. */
public final class Authentication {
    private static final List<String> MECHANISMS = List.of("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");

    private Authentication() {
    }

    /** After the clusters: what to check. */
    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            switch (args[1]) {
                case "mechanisms" -> clusters.each("mechanisms", Authentication::mechanisms);
                case "removal" -> removal(clusters.all.get(0), clusters.dir);
                case "revocation" -> revocation(clusters.all.get(0), clusters.dir);
                case "conditions" -> clusters.each("conditions", Authentication::conditions);
                case "renewal" -> renewal(clusters.all.get(0), clusters.dir.resolve("good-short"));
                case "passed" -> {
                    makeUser(clusters.backend, ScramMechanism.SCRAM_SHA_256, "sha256-secret");
                    makeUser(clusters.backend, ScramMechanism.SCRAM_SHA_512, "sha512-secret");
                    passed(clusters.all.get(0), clusters.dir.resolve("good-ann"));
                }
                case "forwarded" -> {
                    Path token = clusters.dir.resolve("good-ann");
                    System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", token.toUri().toString());
                    renewed(clusters.all.get(0), "forwarded", byToken(token.toUri().toString()));
                }
                case "tokens" -> clusters.each("tokens", cluster -> tokens(cluster, clusters.dir, args));
                case "backend" -> {
                    makeUser(clusters.backend, ScramMechanism.SCRAM_SHA_256, "sha256-secret");
                    makeUser(clusters.backend, ScramMechanism.SCRAM_SHA_512, "sha512-secret");
                    clusters.each("backend", Authentication::backend);
                }
                default -> clusters.each("unreachable", Authentication::unreachable);
            }
        });
    }

    private static void mechanisms(Cluster cluster) throws Exception {
        for (String mechanism : MECHANISMS) {
            String who = "[" + cluster.name + "] " + mechanism + ": ";
            String topic = "by-" + mechanism.toLowerCase();
            for (String user : List.of("ann", "bob")) {
                String[] properties = as(mechanism, user, user + "-secret");
                List<String> sent = new ArrayList<>();
                try (Admin admin = Admin.create(cluster.properties(properties))) {
                    if (user.equals("ann")) {
                        cluster.create(admin, 3, topic);
                    }
                }
                try (KafkaProducer<String, String> producer = cluster.producer(properties)) {
                    for (int i = 0; i < 30; i++) {
                        sent.add(user + " " + i);
                        producer.send(new ProducerRecord<>(topic, i % 3, null, sent.get(i))).get();
                    }
                }
                String[] reading = and(properties, "group.id=" + topic + "-" + user, "auto.offset.reset=earliest");
                List<String> found = new ArrayList<>();
                try (KafkaConsumer<String, String> consumer = cluster.consumer(reading)) {
                    consumer.subscribe(List.of(topic));
                    Cluster.await("records", () -> {
                        for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(200))) {
                            if (record.value().startsWith(user)) {
                                found.add(record.value());
                            }
                        }
                        return found.size() >= sent.size();
                    });
                }
                Checks.equal(who + user + " reads what " + user + " has written", found.stream().sorted().toList(), sent.stream().sorted().toList());
            }
            refused(who + "a wrong password", cluster, as(mechanism, "ann", "wrong-secret"));
            refused(who + "an unknown user", cluster, as(mechanism, "eve", "wrong-secret"));
        }
        String who = "[" + cluster.name + "] ";
        Checks.fails(who + "a mechanism that isn't offered", UnsupportedSaslMechanismException.class, () -> nodes(cluster, oauth()));
        Checks.fails(who + "no authentication at all", TimeoutException.class, () -> nodes(cluster, "default.api.timeout.ms=3000", "request.timeout.ms=2000"));
    }

    /** Brokers that know the users, and end sessions after three seconds; the gateway knows nobody, but blocks ann. */
    private static void passed(Cluster cluster, Path token) throws Exception {
        String url = token.toUri().toString();
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
        Map<String, String[]> users = new LinkedHashMap<>();
        users.put("keg", as("PLAIN", "keg", "gateway's"));
        users.put("scram-keg-256", as("SCRAM-SHA-256", "scram-keg", "sha256-secret"));
        users.put("scram-keg-512", as("SCRAM-SHA-512", "scram-keg", "sha512-secret"));
        users.put("ann", byToken(url));
        for (Map.Entry<String, String[]> user : users.entrySet()) {
            String topic = "passed-" + user.getKey();
            renewed(cluster, topic, user.getValue());
            try (Admin admin = Admin.create(cluster.properties(user.getValue()))) {
                var deleted = Map.of(new TopicPartition(topic, 0), RecordsToDelete.beforeOffset(0));
                if (user.getKey().equals("ann")) {
                    Checks.fails("what is blocked for ann", PolicyViolationException.class, () -> Cluster.get(admin.deleteRecords(deleted).all()));
                } else {
                    Cluster.get(admin.deleteRecords(deleted).all());
                }
            }
        }
        for (String mechanism : MECHANISMS) {
            refused(mechanism + ": a wrong password", cluster, as(mechanism, mechanism.equals("PLAIN") ? "keg" : "scram-keg", "wrong-secret"));
            refused(mechanism + ": an unknown user", cluster, as(mechanism, "eve", "wrong-secret"));
        }
        Checks.fails("no authentication at all", TimeoutException.class, () -> nodes(cluster, "default.api.timeout.ms=3000", "request.timeout.ms=2000"));
    }

    private static void refused(String what, Cluster cluster, String[] properties) {
        Checks.fails(what, SaslAuthenticationException.class, () -> nodes(cluster, properties));
    }

    private static void removal(Cluster cluster, Path dir) throws Exception {
        String[] asAnn = as("SCRAM-SHA-512", "ann", "ann-secret");
        String[] asBob = as("SCRAM-SHA-512", "bob", "bob-secret");
        try (Admin ann = Admin.create(cluster.properties(asAnn)); Admin bob = Admin.create(cluster.properties(asBob))) {
            Cluster.get(ann.listTopics().names());
            Cluster.get(bob.listTopics().names());
            double closed = closed(ann.metrics());
            Checks.OUT.println("CONNECTED");
            Cluster.await("the removal", () -> Files.exists(dir.resolve("removed")));
            Checks.fails("bob is removed", SaslAuthenticationException.class, () -> Cluster.get(bob.listTopics().names()));
            Cluster.get(ann.listTopics().names());
            Checks.equal("connections of ann's that were closed", closed(ann.metrics()) - closed, 0.0);
        }
    }

    private static void revocation(Cluster cluster, Path dir) throws Exception {
        try (Admin admin = cluster.admin(); KafkaConsumer<String, String> consumer = cluster.consumer()) {
            cluster.create(admin, 1, "kept", "revoked");
            try (KafkaProducer<String, String> producer = cluster.producer()) {
                for (String topic : List.of("kept", "revoked")) {
                    producer.send(new ProducerRecord<>(topic, 0, null, topic)).get();
                }
            }
            TopicPartition kept = new TopicPartition("kept", 0);
            TopicPartition revoked = new TopicPartition("revoked", 0);
            consumer.assign(List.of(kept, revoked));
            consumer.seekToBeginning(List.of(kept, revoked));
            List<String> found = new ArrayList<>();
            Cluster.await("records of both", () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.value()));
                return found.size() == 2;
            });
            Checks.OUT.println("CONNECTED");
            Cluster.await("the revocation", () -> Files.exists(dir.resolve("removed")));
            Checks.fails("the revoked topic is not read any more", TopicAuthorizationException.class, () -> {
                for (int i = 0; i < 100; i++) {
                    consumer.poll(Duration.ofMillis(200));
                }
                return "no error";
            });
            Checks.fails("nor described", TopicAuthorizationException.class, () -> Cluster.get(admin.describeTopics(List.of("revoked")).allTopicNames()));
            consumer.assign(List.of(kept));
            consumer.seekToBeginning(List.of(kept));
            found.clear();
            Cluster.await("records of what is left", () -> {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> found.add(record.value()));
                return !found.isEmpty();
            });
            Checks.equal("what is left is read", found, List.of("kept"));
        }
    }

    /** Rules with names of the client's own, and a topic and an alias that are Ann's. */
    private static void conditions(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        for (String user : List.of("ann", "bob", "*")) {
            try (Admin admin = Admin.create(cluster.properties(as("PLAIN", user, user + "-secret")))) {
                if (user.equals("ann")) {
                    cluster.create(admin, 1, "ann-own", "shared");
                    Checks.fails(who + "what is blocked on a condition that fails", PolicyViolationException.class,
                            () -> Cluster.get(admin.deleteRecords(Map.of(new TopicPartition("ann-own", 0), RecordsToDelete.beforeOffset(0))).all()));
                    Checks.equal(who + "ann's alias", Cluster.get(admin.describeTopics(List.of("alias")).allTopicNames()).keySet(), Set.of("alias"));
                    continue;
                }
                Checks.fails(who + user + ": a topic of ann's", TopicAuthorizationException.class, () -> Cluster.get(admin.describeTopics(List.of("ann-own")).allTopicNames()));
                Checks.fails(who + user + ": one more of ann's", TopicAuthorizationException.class, () -> {
                    cluster.create(admin, 1, "ann-other");
                    return "no error";
                });
                Checks.fails(who + user + ": the topic for ann alone", TopicAuthorizationException.class, () -> Cluster.get(admin.describeTopics(List.of("shared")).allTopicNames()));
                Checks.fails(who + user + ": the alias for ann alone", UnknownTopicOrPartitionException.class, () -> Cluster.get(admin.describeTopics(List.of("alias")).allTopicNames()));
                if (user.equals("bob")) {
                    cluster.create(admin, 1, "bob-own");
                }
                Checks.equal(who + user + ": the topics", Cluster.get(admin.listTopics().names()), user.equals("bob") ? Set.of("bob-own") : Set.of());
            }
        }
    }

    private static void makeUser(Cluster backend, ScramMechanism mechanism, String password) throws Exception {
        try (Admin admin = backend.admin()) {
            var credential = new UserScramCredentialUpsertion("scram-keg", new ScramCredentialInfo(mechanism, 4096), password);
            Cluster.get(admin.alterUserScramCredentials(List.of(credential)).all());
        }
    }

    private static void backend(Cluster cluster) throws Exception {
        try (Admin admin = cluster.admin(); KafkaProducer<String, String> producer = cluster.producer()) {
            String topic = "topic-" + System.nanoTime();
            cluster.create(admin, 3, topic);
            for (int i = 0; i < 3; i++) {
                producer.send(new ProducerRecord<>(topic, i, null, "record " + i)).get();
            }
            List<String> found = cluster.readAllStrings(topic, 3).stream().map(ConsumerRecord::value).sorted().toList();
            Checks.equal("[" + cluster.name + "] records", found, List.of("record 0", "record 1", "record 2"));
        }
    }

    private static void unreachable(Cluster cluster) {
        Checks.fails("[" + cluster.name + "] the client may try again", TimeoutException.class, () -> nodes(cluster, "default.api.timeout.ms=3000", "request.timeout.ms=2000"));
    }

    static String[] as(String mechanism, String user, String password) {
        String module = mechanism.equals("PLAIN") ? "plain.Plain" : "scram.Scram";
        return new String[] {
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=" + mechanism,
            "sasl.jaas.config=org.apache.kafka.common.security." + module + "LoginModule required username=\"" + user + "\" password=\"" + password + "\";",
        };
    }

    /** Behind the word: names of files with tokens; those that begin with good are taken, and no others. */
    private static void tokens(Cluster cluster, Path dir, String[] args) throws Exception {
        List<String> names = List.of(args).subList(2, args.length);
        List<String> urls = names.stream().map(name -> dir.resolve(name).toUri().toString()).toList();
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", String.join(",", urls));
        for (int i = 0; i < names.size(); i++) {
            String what = "[" + cluster.name + "] the token " + names.get(i);
            String[] properties = byToken(urls.get(i));
            if (names.get(i).startsWith("good")) {
                nodes(cluster, properties);
            } else {
                Checks.fails(what, SaslAuthenticationException.class, () -> nodes(cluster, properties));
            }
        }
    }

    /** A token ends every few seconds, and the next one is in the same file by then. Nothing is sent twice. */
    private static void renewal(Cluster cluster, Path token) throws Exception {
        String url = token.toUri().toString();
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
        renewed(cluster, "renewed", byToken(url, "sasl.login.refresh.min.period.seconds=0", "sasl.login.refresh.buffer.seconds=0"));
    }

    private static void renewed(Cluster cluster, String topic, String[] properties) throws Exception {
        try (Admin admin = Admin.create(cluster.properties(properties))) {
            cluster.create(admin, 1, topic);
        }
        String[] once = and(properties, "enable.idempotence=false", "retries=0", "acks=all");
        List<String> sent = new ArrayList<>();
        try (KafkaProducer<String, String> producer = cluster.producer(once)) {
            long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
            while (reauthentications(producer) < 3 && System.nanoTime() < deadline) {
                sent.add("record " + sent.size());
                producer.send(new ProducerRecord<>(topic, sent.get(sent.size() - 1))).get();
            }
            Checks.that(topic + ": the producer authenticated again", reauthentications(producer) >= 3, sent.size());
        }
        String[] reading = and(properties, "group.id=" + topic, "auto.offset.reset=earliest");
        List<String> found = new ArrayList<>();
        try (KafkaConsumer<String, String> consumer = cluster.consumer(reading)) {
            consumer.subscribe(List.of(topic));
            Cluster.await("records", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> found.add(record.value()));
                return found.size() >= sent.size();
            });
        }
        Checks.equal(topic + ": what was sent in three sessions", found, sent);
    }

    private static String[] and(String[] properties, String... more) {
        return Stream.concat(Arrays.stream(properties), Arrays.stream(more)).toArray(String[]::new);
    }

    private static double reauthentications(KafkaProducer<String, String> producer) {
        double total = 0;
        for (Map.Entry<MetricName, ? extends Metric> metric : producer.metrics().entrySet()) {
            if (metric.getKey().name().equals("successful-reauthentication-total")
                && metric.getKey().group().equals("producer-metrics")) {
                total += (Double) metric.getValue().metricValue();
            }
        }
        return total;
    }

    private static String[] byToken(String url, String... others) {
        List<String> properties = new ArrayList<>(List.of(
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=OAUTHBEARER",
            "sasl.login.callback.handler.class=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler",
            "sasl.oauthbearer.token.endpoint.url=" + url,
            "sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;"));
        properties.addAll(List.of(others));
        return properties.toArray(String[]::new);
    }

    private static String[] oauth() {
        return new String[] {
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=OAUTHBEARER",
            "sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub=\"ann\";",
        };
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
