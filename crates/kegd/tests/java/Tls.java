package keg;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.errors.SslAuthenticationException;
import org.apache.kafka.common.errors.TimeoutException;

/** Clients that use TLS and check the certificates of all nodes against the names they connect to. */
public final class Tls {
    private static final int RECORDS = 900;

    private Tls() {
    }

    /** After the clusters: a stem for names, the pattern of the nodes' host names, and an authority that has signed none of their certificates. */
    public static void main(String[] args) {
        String stem = args[1];
        Clusters.run(args[0], clusters -> {
            clusters.each("tls", cluster -> check(cluster, stem, args[2].replace("NAME", cluster.name), args[3]));
            Isolation.check(clusters, List.of(stem), List.of(stem));
        });
    }

    private static void check(Cluster cluster, String name, String hosts, String otherAuthority) throws Exception {
        String who = "[" + cluster.name + "] tls: ";
        List<String> sent = new ArrayList<>();
        try (Admin admin = cluster.admin()) {
            Collection<Node> nodes = Cluster.get(admin.describeCluster().nodes());
            Checks.equal(who + "nodes", nodes.size(), 3);
            for (Node node : nodes) {
                Checks.that(who + "address of node " + node.id(), node.host().matches(hosts.replace("N", String.valueOf(node.id()))), node);
            }
            cluster.create(admin, 6, name);
            try (KafkaProducer<String, String> producer = cluster.producer("transactional.id=" + name, "compression.type=gzip")) {
                producer.initTransactions();
                producer.beginTransaction();
                for (int i = 0; i < RECORDS; i++) {
                    sent.add(cluster.name + " " + i + " " + "x".repeat(i));
                    producer.send(new ProducerRecord<>(name, i % 6, null, sent.get(i)));
                }
                producer.commitTransaction();
            }
            List<String> found = cluster.readAllStrings(name, RECORDS, "isolation.level=read_committed").stream().map(ConsumerRecord::value).sorted().toList();
            Checks.equal(who + "records of all partitions, and so of all nodes", found, sent.stream().sorted().toList());
            try (Member one = new Member(cluster, name, name); Member two = new Member(cluster, name, name)) {
                Cluster.await("two members", () -> one.partitions().size() == 3 && two.partitions().size() == 3);
                Cluster.await("records", () -> one.values().size() + two.values().size() >= RECORDS);
            }
            Checks.equal(who + "a group has read to the end", Offsets.committed(admin, name), Offsets.everywhere(name, 6, RECORDS / 6 + 1));
        }
        refusals(who, cluster, otherAuthority);
    }

    private static void refusals(String who, Cluster cluster, String otherAuthority) {
        Map<String, Object> distrusting = new HashMap<>(cluster.properties("ssl.truststore.location=" + otherAuthority));
        Checks.fails(who + "a client that trusts another authority refuses the certificate", SslAuthenticationException.class, () -> nodes(distrusting));
        Map<String, Object> plaintext = new HashMap<>(cluster.properties("security.protocol=PLAINTEXT", "default.api.timeout.ms=3000", "request.timeout.ms=2000"));
        Checks.fails(who + "a plaintext client gets nowhere", TimeoutException.class, () -> nodes(plaintext));
    }

    private static Object nodes(Map<String, Object> properties) throws Exception {
        try (Admin admin = Admin.create(properties)) {
            return admin.describeCluster().nodes().get(Cluster.PATIENCE.toSeconds(), TimeUnit.SECONDS);
        }
    }
}
