package keg;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A consumer in a group, polling in a thread of its own until it is closed. Commits when it closes. */
final class Member implements AutoCloseable {
    private final KafkaConsumer<String, String> consumer;
    private final List<String> values = Collections.synchronizedList(new ArrayList<>());
    private final AtomicInteger revocations = new AtomicInteger();
    private final AtomicInteger assignments = new AtomicInteger();
    private final Thread thread;
    private volatile Set<Integer> partitions = Set.of();
    private volatile ConsumerGroupMetadata metadata;
    private volatile boolean stop;
    private volatile boolean commitNow;
    private volatile Throwable problem;

    Member(Cluster cluster, String group, String topic, String... more) {
        List<String> properties = new ArrayList<>(List.of(more));
        Collections.addAll(properties, "group.id=" + group, "auto.offset.reset=earliest", "enable.auto.commit=false");
        consumer = cluster.consumer(properties.toArray(String[]::new));
        consumer.subscribe(List.of(topic), new ConsumerRebalanceListener() {
            @Override
            public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
                if (!revoked.isEmpty()) {
                    revocations.incrementAndGet();
                    consumer.commitSync();
                }
            }

            @Override
            public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
                assignments.incrementAndGet();
            }
        });
        thread = new Thread(this::poll, "member of " + group);
        thread.setDaemon(true);
        thread.start();
    }

    private void poll() {
        try (consumer) {
            while (!stop) {
                consumer.poll(Duration.ofMillis(50)).forEach(record -> values.add(record.value()));
                partitions = new TreeSet<>(consumer.assignment().stream().map(TopicPartition::partition).toList());
                metadata = consumer.groupMetadata();
                if (commitNow) {
                    consumer.commitSync();
                    commitNow = false;
                }
            }
            consumer.commitSync();
        } catch (Throwable thrown) {
            problem = thrown;
        }
    }

    Set<Integer> partitions() {
        rethrow();
        return partitions;
    }

    ConsumerGroupMetadata metadata() {
        return metadata;
    }

    int revocations() {
        return revocations.get();
    }

    int assignments() {
        return assignments.get();
    }

    /** What this member has read so far. */
    List<String> values() {
        rethrow();
        synchronized (values) {
            return new ArrayList<>(values);
        }
    }

    void commit() throws InterruptedException {
        commitNow = true;
        Cluster.await("commit", () -> {
            rethrow();
            return !commitNow;
        });
    }

    @Override
    public void close() throws InterruptedException {
        stop = true;
        thread.join(Cluster.PATIENCE.toMillis());
        rethrow();
    }

    private void rethrow() {
        if (problem != null) {
            throw new IllegalStateException("a member failed", problem);
        }
    }
}
