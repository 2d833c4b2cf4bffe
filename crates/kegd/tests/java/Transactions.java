package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;

/** Idempotent and transactional producers, and Kafka's own copier as the judge of exactly once. */
public final class Transactions {
    private static final int COPIED = 1000;
    private static final String COMMITTED = "isolation.level=read_committed";

    private Transactions() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("topics", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, 3, "tx-idempotent", "tx-one", "tx-two", "tx-in", "tx-out");
                    cluster.create(admin, 1, "copy-in", "copy-out", "tx-open");
                }
                Groups.produce(cluster, "copy-in", "copied", COPIED);
            });
            // The copiers run beside the other checks, each in a JVM of its own: their end is a System.exit.
            Checks.OUT.println("COPIERS MAY START");
            clusters.each("idempotence", Transactions::idempotent);
            clusters.each("commits and aborts", Transactions::commitsAndAborts);
            clusters.each("read, process, write", Transactions::readProcessWrite);
            clusters.each("open transactions", Transactions::open);
            clusters.each("copiers", Transactions::copied);
            Isolation.check(clusters, List.of("tx-idempotent", "tx-one", "tx-two", "tx-in", "tx-out", "copy-in", "copy-out", "tx-open"), List.of("tx-group", "copy-group"));
            transactionalIds(clusters);
        });
    }

    private static void idempotent(Cluster cluster) {
        Map<Integer, List<String>> sent = new HashMap<>();
        try (KafkaProducer<String, String> producer = cluster.producer("enable.idempotence=true", "batch.size=256", "linger.ms=0", "max.in.flight.requests.per.connection=5")) {
            for (int i = 0; i < 3000; i++) {
                String value = cluster.name + " " + i;
                producer.send(new ProducerRecord<>("tx-idempotent", i % 3, null, value));
                sent.computeIfAbsent(i % 3, partition -> new ArrayList<>()).add(value);
            }
        }
        Map<Integer, List<String>> found = cluster.readAllStrings("tx-idempotent", 3000).stream()
                .collect(Collectors.groupingBy(ConsumerRecord::partition, Collectors.mapping(ConsumerRecord::value, Collectors.toList())));
        for (int partition = 0; partition < 3; partition++) {
            Checks.equal("[" + cluster.name + "] idempotent: partition " + partition + " in order", found.get(partition), sent.get(partition));
        }
    }

    private static void commitsAndAborts(Cluster cluster) {
        List<String> committed = new ArrayList<>();
        List<String> all = new ArrayList<>();
        try (KafkaProducer<String, String> producer = cluster.producer("transactional.id=tx-writer", "batch.size=256")) {
            producer.initTransactions();
            for (int transaction = 0; transaction < 20; transaction++) {
                List<String> values = new ArrayList<>();
                producer.beginTransaction();
                for (int i = 0; i < 15; i++) {
                    String value = cluster.name + " " + transaction + " " + i;
                    producer.send(new ProducerRecord<>(i % 2 == 0 ? "tx-one" : "tx-two", i % 3, null, value));
                    values.add(value);
                }
                all.addAll(values);
                if (transaction % 3 == 0) {
                    producer.flush();
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                    committed.addAll(values);
                }
            }
        }
        Checks.equal("[" + cluster.name + "] transactions: read_committed", both(cluster, committed.size(), COMMITTED), sorted(committed));
        Checks.equal("[" + cluster.name + "] transactions: read_uncommitted", both(cluster, all.size(), "isolation.level=read_uncommitted"), sorted(all));
    }

    private static List<String> both(Cluster cluster, int total, String isolation) {
        List<String> values = new ArrayList<>();
        for (String topic : List.of("tx-one", "tx-two")) {
            cluster.readAllStrings(topic, total / 3, isolation).forEach(record -> values.add(record.value()));
        }
        return sorted(values);
    }

    /** Offsets committed inside the transaction; half of the transactions are aborted at first, and done again. */
    private static void readProcessWrite(Cluster cluster) throws Exception {
        List<String> sent = Groups.produce(cluster, "tx-in", "input", 40);
        try (Admin admin = cluster.admin();
                KafkaProducer<String, String> producer = cluster.producer("transactional.id=tx-processor");
                KafkaConsumer<String, String> consumer = cluster.consumer("group.id=tx-group", COMMITTED, "enable.auto.commit=false", "auto.offset.reset=earliest", "max.poll.records=13")) {
            producer.initTransactions();
            consumer.subscribe(List.of("tx-in"));
            int done = 0;
            boolean abort = false;
            long deadline = System.nanoTime() + Cluster.PATIENCE.toNanos();
            while (done < sent.size() && System.nanoTime() < deadline) {
                var records = consumer.poll(Duration.ofMillis(100));
                if (records.isEmpty()) {
                    continue;
                }
                abort = !abort;
                Map<TopicPartition, OffsetAndMetadata> first = new HashMap<>();
                Map<TopicPartition, OffsetAndMetadata> next = new HashMap<>();
                producer.beginTransaction();
                for (ConsumerRecord<String, String> record : records) {
                    producer.send(new ProducerRecord<>("tx-out", record.partition(), null, record.value().toUpperCase()));
                    TopicPartition partition = new TopicPartition(record.topic(), record.partition());
                    first.putIfAbsent(partition, new OffsetAndMetadata(record.offset()));
                    next.put(partition, new OffsetAndMetadata(record.offset() + 1));
                }
                producer.sendOffsetsToTransaction(next, consumer.groupMetadata());
                if (abort) {
                    producer.abortTransaction();
                    first.forEach(consumer::seek);
                } else {
                    producer.commitTransaction();
                    done += records.count();
                }
            }
            List<String> expected = sorted(sent.stream().map(String::toUpperCase).toList());
            List<String> found = sorted(cluster.readAllStrings("tx-out", expected.size(), COMMITTED).stream().map(ConsumerRecord::value).toList());
            Checks.equal("[" + cluster.name + "] read, process, write: exactly once", found, expected);
            Checks.equal("[" + cluster.name + "] read, process, write: committed offsets", Offsets.committed(admin, "tx-group"), Offsets.everywhere("tx-in", 3, 40));
        }
    }

    /** While a transaction is open: what readers see, what administrators see, and what a second producer of the same id does to it. */
    private static void open(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] open transaction: ";
        TopicPartition partition = new TopicPartition("tx-open", 0);
        try (Admin admin = cluster.admin();
                KafkaProducer<String, String> first = cluster.producer("transactional.id=tx-open");
                KafkaProducer<String, String> second = cluster.producer("transactional.id=tx-open")) {
            first.initTransactions();
            first.beginTransaction();
            first.send(new ProducerRecord<>("tx-open", cluster.name + " lost")).get(30, TimeUnit.SECONDS);

            var committed = new ListOffsetsOptions(IsolationLevel.READ_COMMITTED);
            Checks.equal(who + "last stable offset", Cluster.get(admin.listOffsets(Map.of(partition, OffsetSpec.latest()), committed).all()).get(partition).offset(), 0L);
            Checks.equal(who + "end offset", Cluster.get(admin.listOffsets(Map.of(partition, OffsetSpec.latest())).all()).get(partition).offset(), 1L);
            TransactionDescription description = Cluster.get(admin.describeTransactions(List.of("tx-open")).all()).get("tx-open");
            Checks.equal(who + "described state", description.state(), TransactionState.ONGOING);
            Checks.equal(who + "described partitions", description.topicPartitions(), Set.of(partition));
            var producers = Cluster.get(admin.describeProducers(List.of(partition)).all()).get(partition).activeProducers();
            Checks.equal(who + "described producers", producers.stream().map(state -> state.producerId()).toList(), List.of(description.producerId()));

            second.initTransactions();
            Checks.fails(who + "the first producer is fenced", KafkaException.class, () -> {
                first.send(new ProducerRecord<>("tx-open", "never")).get(30, TimeUnit.SECONDS);
                first.commitTransaction();
                return "a commit";
            });
            second.beginTransaction();
            second.send(new ProducerRecord<>("tx-open", cluster.name + " kept"));
            second.commitTransaction();
            List<String> found = cluster.readAllStrings("tx-open", 1, COMMITTED).stream().map(ConsumerRecord::value).toList();
            Checks.equal(who + "only the second producer's record is there", found, List.of(cluster.name + " kept"));

            second.beginTransaction();
            second.send(new ProducerRecord<>("tx-open", cluster.name + " fenced")).get(30, TimeUnit.SECONDS);
            Cluster.get(admin.fenceProducers(List.of("tx-open")).all());
            Checks.fails(who + "an administrator fences the second", KafkaException.class, () -> {
                second.commitTransaction();
                return "a commit";
            });
        }
    }

    private static void copied(Cluster cluster) throws Exception {
        try (Admin admin = cluster.admin()) {
            String all = Offsets.everywhere("copy-in", 1, COPIED);
            Cluster.await("end of the copier", () -> {
                try {
                    return Offsets.committed(admin, "copy-group").equals(all);
                } catch (Exception notYet) {
                    return false;
                }
            });
        }
        List<String> in = cluster.readAllStrings("copy-in", COPIED).stream().map(ConsumerRecord::value).toList();
        List<String> out = cluster.readAllStrings("copy-out", COPIED, COMMITTED).stream().map(ConsumerRecord::value).toList();
        Checks.equal("[" + cluster.name + "] copier: as many in as were sent", in.size(), COPIED);
        Checks.equal("[" + cluster.name + "] copier: out as in, exactly once and in order", out, in);
    }

    private static void transactionalIds(Clusters clusters) throws Exception {
        List<String> ids = List.of("copier", "tx-open", "tx-processor", "tx-writer");
        for (Cluster cluster : clusters.all) {
            try (Admin admin = cluster.admin(); Admin backend = clusters.backend.admin()) {
                if (clusters.isolated()) {
                    Checks.equal("[" + cluster.name + "] lists exactly its own transactional ids", listed(admin), new TreeSet<>(ids));
                }
                Checks.that("[" + cluster.name + "] transactional ids on the backend", listed(backend).containsAll(cluster.onBackend(ids)), listed(backend));
            }
        }
    }

    private static Set<String> listed(Admin admin) throws Exception {
        return Cluster.get(admin.listTransactions().all()).stream().map(TransactionListing::transactionalId).collect(Collectors.toCollection(TreeSet::new));
    }

    private static List<String> sorted(List<String> values) {
        return values.stream().sorted().toList();
    }
}
