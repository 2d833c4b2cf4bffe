package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Metric;
import org.apache.kafka.common.MetricName;

/**
 * A producer and a consumer that run while the test disturbs what is between them and the brokers, and a count of what was
 * acknowledged, what is there and what was read. The test talks to it by files: "probe-N" tries to delete a topic, "stop" ends it.
 */
public final class Load {
    private static final int PARTITIONS = 3;

    private Load() {
    }

    /** The second argument: "undisturbed" if no connection may be closed, and no record read twice. */
    public static void main(String[] args) {
        boolean undisturbed = List.of(args).contains("undisturbed");
        Clusters.run(args[0], clusters -> {
            clusters.each("load", cluster -> new Run(cluster, clusters.dir, undisturbed).check());
            List<String> topics = undisturbed ? List.of("load", "load-probe") : List.of("load");
            Isolation.check(clusters, topics, List.of("load-readers"));
        });
    }

    private static final class Run {
        private final Cluster cluster;
        private final Path dir;
        private final boolean undisturbed;
        private final String who;
        private final Map<Integer, List<String>> acknowledged = new TreeMap<>();
        private final Map<Integer, List<String>> read = new TreeMap<>();
        private final List<Throwable> problems = Collections.synchronizedList(new ArrayList<>());
        private volatile boolean stop;
        private volatile boolean flushed;
        private volatile long sent;
        private volatile long consumed;

        Run(Cluster cluster, Path dir, boolean undisturbed) {
            this.cluster = cluster;
            this.dir = dir;
            this.undisturbed = undisturbed;
            who = "[" + cluster.name + "] load: ";
            for (int partition = 0; partition < PARTITIONS; partition++) {
                acknowledged.put(partition, Collections.synchronizedList(new ArrayList<>()));
                read.put(partition, Collections.synchronizedList(new ArrayList<>()));
            }
        }

        void check() throws Exception {
            try (Admin admin = cluster.admin();
                    KafkaProducer<String, String> producer = cluster.producer("delivery.timeout.ms=120000", "request.timeout.ms=10000", "reconnect.backoff.max.ms=300", "linger.ms=5");
                    KafkaConsumer<String, String> consumer = cluster.consumer("group.id=load-readers", "auto.offset.reset=earliest", "enable.auto.commit=false", "reconnect.backoff.max.ms=300", "session.timeout.ms=15000", "heartbeat.interval.ms=1000")) {
                cluster.create(admin, PARTITIONS, "load");
                if (undisturbed) {
                    cluster.create(admin, 1, "load-probe");
                }
                Thread producing = thread("producer", () -> produce(producer));
                Thread consuming = thread("consumer", () -> consume(consumer));
                Cluster.await("first records", () -> consumed > 500 || !problems.isEmpty());
                double closed = closed(producer.metrics()) + closed(consumer.metrics());

                control(admin);
                stop = true;
                producing.join(Cluster.PATIENCE.toMillis());
                producer.flush();
                flushed = true;
                long total = acknowledged.values().stream().mapToLong(List::size).sum();
                Cluster.await("last records", () -> consumed >= total || !problems.isEmpty());
                consuming.join(Cluster.PATIENCE.toMillis());
                Checks.equal(who + "no errors", problems, List.of());
                Checks.that(who + "records were acknowledged", total > 0, total);
                if (undisturbed) {
                    Checks.equal(who + "connections closed", closed(producer.metrics()) + closed(consumer.metrics()) - closed, 0.0);
                }
            }
            compare();
        }

        private void produce(KafkaProducer<String, String> producer) throws InterruptedException {
            for (long i = 0; !stop; i++) {
                int partition = (int) (i % PARTITIONS);
                String value = cluster.name + " " + i;
                producer.send(new ProducerRecord<>("load", partition, null, value), (result, problem) -> {
                    if (problem == null) {
                        acknowledged.get(partition).add(value);
                        sent++;
                    } else {
                        problems.add(problem);
                    }
                });
                if (i % 10 == 9) {
                    Thread.sleep(10);
                }
            }
        }

        /** Reads on until everything that was acknowledged was read, and a moment longer. What is still being sent may take a while. */
        private void consume(KafkaConsumer<String, String> consumer) throws InterruptedException {
            consumer.subscribe(List.of("load"));
            long lastRecord = System.nanoTime();
            while (!flushed || System.nanoTime() - lastRecord < TimeUnit.SECONDS.toNanos(1) || consumed < sent) {
                for (ConsumerRecord<String, String> record : consumer.poll(Duration.ofMillis(100))) {
                    read.get(record.partition()).add(record.value());
                    consumed++;
                    lastRecord = System.nanoTime();
                }
                consumer.commitAsync();
                if (flushed && System.nanoTime() - lastRecord > TimeUnit.SECONDS.toNanos(20)) {
                    throw new IllegalStateException("nothing more to read after " + consumed + " of " + sent);
                }
            }
        }

        private void control(Admin admin) throws Exception {
            int probe = 1;
            long reported = 0;
            while (!Files.exists(dir.resolve("stop")) && problems.isEmpty()) {
                if (consumed - reported >= 100) {
                    reported = consumed;
                    Checks.OUT.println("PROGRESS " + cluster.name + " " + reported);
                }
                if (Files.exists(dir.resolve("probe-" + probe))) {
                    Checks.OUT.println("PROBE " + probe + " " + cluster.name + " " + probe(admin));
                    probe++;
                }
                Thread.sleep(20);
            }
        }

        /** Tries to delete a topic, with the connections that were there before. */
        private String probe(Admin admin) throws Exception {
            try {
                Cluster.get(admin.deleteTopics(List.of("load-probe")).all());
            } catch (Exception refused) {
                boolean there = cluster.topicNames(admin).contains("load-probe");
                return (there ? "refused " : "gone although refused ") + refused.getCause();
            }
            Cluster.await("deletion", () -> {
                try {
                    return !cluster.topicNames(admin).contains("load-probe");
                } catch (Exception failed) {
                    throw new IllegalStateException(failed);
                }
            });
            cluster.create(admin, 1, "load-probe");
            return "deleted";
        }

        private void compare() {
            Map<Integer, List<String>> there = cluster.readAllStrings("load", 0).stream()
                    .collect(Collectors.groupingBy(ConsumerRecord::partition, TreeMap::new, Collectors.mapping(ConsumerRecord::value, Collectors.toList())));
            for (int partition = 0; partition < PARTITIONS; partition++) {
                List<String> expected = acknowledged.get(partition);
                Checks.equal(who + "partition " + partition + " has what was acknowledged, once, in order", there.get(partition), expected);
                List<String> readOnce = read.get(partition).stream().distinct().toList();
                Checks.equal(who + "partition " + partition + " was read whole and in order", readOnce, expected);
                if (undisturbed) {
                    Checks.equal(who + "partition " + partition + " was read once", read.get(partition).size(), expected.size());
                }
            }
        }

        private static double closed(Map<MetricName, ? extends Metric> metrics) {
            return metrics.values().stream()
                    .filter(metric -> metric.metricName().name().equals("connection-close-total"))
                    .filter(metric -> metric.metricName().group().equals("producer-metrics") || metric.metricName().group().equals("consumer-metrics"))
                    .mapToDouble(metric -> (double) metric.metricValue())
                    .sum();
        }

        private interface Work {
            void run() throws Exception;
        }

        private Thread thread(String name, Work work) {
            Thread thread = new Thread(() -> {
                try {
                    work.run();
                } catch (Throwable thrown) {
                    problems.add(thrown);
                }
            }, name);
            thread.setDaemon(true);
            thread.start();
            return thread;
        }
    }
}
