package keg;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * Consumers that have subscribed to an alias, while it comes, goes and leads elsewhere. The test writes what they are to read into
 * the files "step-0", "step-1" and so on: "one" or "two", "nothing", or "stop".
 */
public final class LiveAliases {
    private LiveAliases() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> clusters.each("aliases", cluster -> new Run(cluster, clusters.dir).check()));
    }

    private static final class Run {
        private final Cluster cluster;
        private final Path dir;
        /** What all names begin with: what is absent is not refused then. */
        private final String prefix;
        private final String alias;
        /** What each consumer has read last. */
        private final Map<String, String> latest = new ConcurrentHashMap<>();
        private volatile Throwable problem;
        private volatile boolean stop;
        private int sent;

        Run(Cluster cluster, Path dir) {
            this.cluster = cluster;
            this.dir = dir;
            prefix = cluster.name.equals("team-b") ? cluster.prefix : "";
            alias = prefix + "live-alias";
        }

        void check() throws Exception {
            List<String> names = List.of("one", "two");
            try (Admin admin = cluster.admin(); KafkaProducer<String, String> producer = cluster.producer("linger.ms=0")) {
                names.forEach(name -> {
                    try {
                        cluster.create(admin, 1, prefix + "live-" + name);
                    } catch (Exception thrown) {
                        throw new IllegalStateException(thrown);
                    }
                });
                List<Thread> consumers = List.of(consume("classic"), consume("consumer"), assigned());
                Checks.OUT.println("CONSUMERS RUN " + cluster.name);
                for (int step = 0;; step++) {
                    String reads = next(step);
                    if (reads.equals("stop")) {
                        break;
                    }
                    latest.clear();
                    if (reads.equals("nothing")) {
                        // What is read now was on its way; then nothing is.
                        Cluster.await("an alias that is gone", () -> {
                            rethrow();
                            try {
                                return !cluster.topicNames(admin).contains(alias);
                            } catch (Exception thrown) {
                                throw new IllegalStateException(thrown);
                            }
                        });
                        // What a broker was asked for before that is read yet. What is sent later isn't.
                        Cluster.await("silence", () -> {
                            rethrow();
                            int first = sent;
                            names.forEach(name -> producer.send(new ProducerRecord<>(prefix + "live-" + name, name + " " + sent++)));
                            producer.flush();
                            return unread(first);
                        });
                        Checks.that("[" + cluster.name + "] step " + step + ": nothing is read by an alias that is gone", true, "");
                    } else {
                        Cluster.await("records of " + reads + " by all", () -> {
                            rethrow();
                            names.forEach(name -> producer.send(new ProducerRecord<>(prefix + "live-" + name, name + " " + sent++)));
                            producer.flush();
                            return latest.size() == 3 && latest.values().stream().allMatch(value -> value.startsWith(reads));
                        });
                        Checks.equal("[" + cluster.name + "] step " + step + ": all consumers read " + reads, latest.keySet(), Set.of("classic", "consumer", "assigned"));
                    }
                    Checks.OUT.println("STEP " + step + " DONE " + cluster.name);
                }
                stop = true;
                for (Thread consumer : consumers) {
                    consumer.join(Cluster.PATIENCE.toMillis());
                }
                rethrow();
            }
        }

        /** Whether nothing from the record of this number on is read for longer than fetches wait. */
        private boolean unread(int first) {
            long end = System.nanoTime() + Duration.ofSeconds(1).toNanos();
            while (System.nanoTime() < end) {
                if (latest.values().stream().anyMatch(value -> Integer.parseInt(value.split(" ")[1]) >= first)) {
                    return false;
                }
                java.util.concurrent.locks.LockSupport.parkNanos(10_000_000);
            }
            return true;
        }

        private String next(int step) throws Exception {
            Path file = dir.resolve("step-" + step);
            Cluster.await("step " + step, () -> {
                try {
                    return Files.exists(file) && !Files.readString(file).isEmpty();
                } catch (java.io.IOException thrown) {
                    throw new IllegalStateException(thrown);
                }
            });
            return Files.readString(file);
        }

        private Thread consume(String protocol) {
            KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + prefix + "live-" + protocol, "group.protocol=" + protocol, "auto.offset.reset=latest", "metadata.max.age.ms=500");
            consumer.subscribe(List.of(alias));
            return poll(protocol, consumer);
        }

        /** One that is in no group. */
        private Thread assigned() {
            KafkaConsumer<String, String> consumer = cluster.consumer("auto.offset.reset=latest", "metadata.max.age.ms=500");
            consumer.assign(List.of(new org.apache.kafka.common.TopicPartition(alias, 0)));
            return poll("assigned", consumer);
        }

        private Thread poll(String name, KafkaConsumer<String, String> polled) {
            Thread thread = new Thread(() -> {
                try (KafkaConsumer<String, String> consumer = polled) {
                    while (!stop) {
                        consumer.poll(Duration.ofMillis(50)).forEach(record -> latest.put(name, record.value()));
                    }
                } catch (Throwable thrown) {
                    problem = thrown;
                }
            }, name);
            thread.setDaemon(true);
            thread.start();
            return thread;
        }

        private void rethrow() {
            if (problem != null) {
                throw new IllegalStateException("a consumer failed", problem);
            }
        }
    }
}
