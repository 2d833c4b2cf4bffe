package keg;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.KafkaShareConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicCollection;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;

/** Topics under other names; the cluster called team-b shows its prefix, and its aliases don't have it. */
public final class Aliases {
    private static final String ALIAS = "aliases-alias";
    private static final String SECOND = "aliases-second";
    private static final String ABSENT = "aliases-absent";
    /** An alias of which there is a topic too, where the prefix is hidden. */
    private static final String HIDDEN = "aliases-hidden";
    private static final int PARTITIONS = 4;
    private static final int RECORDS = 40;
    private static final String NOT_IDEMPOTENT = "enable.idempotence=false";

    private Aliases() {
    }

    public static void main(String[] args) {
        Clusters.run(args[0], clusters -> {
            clusters.each("topics", cluster -> {
                try (Admin admin = cluster.admin()) {
                    cluster.create(admin, PARTITIONS, topic(cluster));
                    cluster.create(admin, 1, own(cluster, "aliases-other"));
                }
            });
            try (Admin admin = clusters.backend.admin()) {
                for (Cluster cluster : clusters.all) {
                    if (!showsPrefix(cluster)) {
                        clusters.backend.create(admin, 1, cluster.prefix + HIDDEN);
                    }
                }
            }
            clusters.each("descriptions", Aliases::describe);
            clusters.each("records", Aliases::records);
            clusters.each("both names at once", Aliases::both);
            clusters.each("idempotence", Aliases::idempotence);
            clusters.each("transactions", Aliases::transactions);
            clusters.each("classic groups", cluster -> groups(cluster, "classic"));
            clusters.each("consumer groups", cluster -> groups(cluster, "consumer"));
            clusters.each("share groups", Aliases::shares);
            clusters.each("streams", cluster -> streams(cluster, clusters.dir, "classic"));
            clusters.each("streams groups", cluster -> streams(cluster, clusters.dir, "streams"));
            clusters.each("tools", Aliases::tools);
            clusters.each("refusals", Aliases::refusals);
            clusters.each("absent topics", Aliases::absent);
        });
    }

    private static boolean showsPrefix(Cluster cluster) {
        return cluster.name.equals("team-b");
    }

    private static String own(Cluster cluster, String name) {
        return (showsPrefix(cluster) ? cluster.prefix : "") + name;
    }

    private static String topic(Cluster cluster) {
        return own(cluster, "aliases-topic");
    }

    private static void describe(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        String topic = topic(cluster);
        try (Admin admin = cluster.admin()) {
            Set<String> names = new TreeSet<>(List.of(topic, own(cluster, "aliases-other"), ALIAS, SECOND, HIDDEN));
            Checks.equal(who + "lists aliases beside topics", cluster.topicNames(admin), names);
            List<String> all = List.of(topic, ALIAS, SECOND, HIDDEN);
            Map<String, TopicDescription> topics = Cluster.get(admin.describeTopics(all).allTopicNames());
            Checks.equal(who + "describes all of them at once", topics.keySet(), Set.copyOf(all));
            Set<Uuid> ids = topics.values().stream().map(TopicDescription::topicId).collect(Collectors.toSet());
            Checks.equal(who + "each has an id", ids.size(), all.size());
            for (String name : all) {
                Checks.equal(who + name + " has the topic's partitions", topics.get(name).partitions().size(), PARTITIONS);
            }
            Map<Uuid, TopicDescription> byId = Cluster.get(admin.describeTopics(TopicCollection.ofTopicIds(ids)).allTopicIds());
            Map<String, Uuid> found = new TreeMap<>();
            byId.forEach((id, description) -> found.put(description.name(), id));
            Map<String, Uuid> expected = new TreeMap<>();
            topics.forEach((name, description) -> expected.put(name, description.topicId()));
            Checks.equal(who + "finds them by their ids", found, expected);
            Set<ConfigResource> resources = Set.of(resource(topic), resource(ALIAS));
            Checks.equal(who + "configurations", Cluster.get(admin.describeConfigs(resources).all()).keySet(), resources);
            Set<TopicPartition> partitions = Set.of(new TopicPartition(topic, 0), new TopicPartition(ALIAS, 0), new TopicPartition(ALIAS, 1));
            Checks.equal(who + "producers", Cluster.get(admin.describeProducers(partitions).all()).keySet(), partitions);
            Cluster.get(admin.describeCluster().nodes());
        }
    }

    /** What is written under one name is read under the others. */
    private static void records(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] ";
        List<String> sent = produce(cluster, ALIAS, "by alias");
        sent.addAll(produce(cluster, topic(cluster), "by topic"));
        for (String name : List.of(ALIAS, topic(cluster), SECOND)) {
            List<String> read = cluster.readAllStrings(name, sent.size()).stream().map(ConsumerRecord::value).sorted().toList();
            Checks.equal(who + "reads everything by " + name, read, sent.stream().sorted().toList());
            Checks.that(who + "under the name of " + name, cluster.readAllStrings(name, sent.size()).stream().allMatch(record -> record.topic().equals(name)), "");
        }
    }

    private static List<String> produce(Cluster cluster, String topic, String what, String... more) throws Exception {
        List<String> sent = new ArrayList<>();
        List<Future<RecordMetadata>> acknowledged = new ArrayList<>();
        try (KafkaProducer<String, String> producer = cluster.producer(more)) {
            for (int i = 0; i < RECORDS; i++) {
                String value = what + " " + i;
                acknowledged.add(producer.send(new ProducerRecord<>(topic, i % PARTITIONS, null, value)));
                sent.add(value);
            }
        }
        for (Future<RecordMetadata> one : acknowledged) {
            Checks.that("acknowledged under its name", one.get().topic().equals(topic), one.get());
        }
        return sent;
    }

    private static void both(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] both names: ";
        List<String> names = List.of(topic(cluster), ALIAS, SECOND);
        int before = cluster.readAllStrings(ALIAS, 0).size();
        for (String acks : List.of("1", "all", "0")) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            try (KafkaProducer<String, String> producer = cluster.producer(NOT_IDEMPOTENT, "acks=" + acks, "linger.ms=500")) {
                names.forEach(producer::partitionsFor);
                for (int i = 0; i < RECORDS; i++) {
                    for (String name : names) {
                        sent.add(producer.send(new ProducerRecord<>(name, i % PARTITIONS, null, acks + " " + name + " " + i)));
                    }
                }
            }
            for (Future<RecordMetadata> one : sent) {
                one.get();
            }
            before += sent.size();
            int expected = before;
            Set<String> values = cluster.readAllStrings(topic(cluster), expected).stream().map(ConsumerRecord::value).collect(Collectors.toSet());
            for (String name : names) {
                long found = values.stream().filter(value -> value.startsWith(acks + " " + name + " ")).count();
                Checks.equal(who + "acks=" + acks + ": nothing written to " + name + " is lost", found, (long) RECORDS);
            }
        }
        // The same partitions twice in one consumer, from two positions.
        TopicPartition byTopic = new TopicPartition(topic(cluster), 0);
        TopicPartition byAlias = new TopicPartition(ALIAS, 0);
        try (KafkaConsumer<String, String> consumer = cluster.consumer()) {
            consumer.assign(List.of(byTopic, byAlias));
            Map<TopicPartition, Long> ends = consumer.endOffsets(List.of(byTopic, byAlias));
            Checks.equal(who + "ends", ends.get(byAlias), ends.get(byTopic));
            long end = ends.get(byTopic);
            consumer.seek(byTopic, 0);
            consumer.seek(byAlias, end - 5);
            Map<String, List<Long>> offsets = new HashMap<>();
            Cluster.await("records of both", () -> {
                consumer.poll(Duration.ofMillis(100)).forEach(record -> offsets.computeIfAbsent(record.topic(), name -> new ArrayList<>()).add(record.offset()));
                return consumer.position(byTopic) == end && consumer.position(byAlias) == end;
            });
            Checks.that(who + "a consumer reads each from its own position",
                    offsets.get(ALIAS).get(0) >= end - 5 && offsets.get(topic(cluster)).get(0) == 0, offsets.get(ALIAS));
            // With nothing there for one of them, the other's records come at once.
            Checks.equal(who + "offset by time", consumer.offsetsForTimes(Map.of(byTopic, 0L, byAlias, 0L)).size(), 2);
        }
        try (Admin admin = cluster.admin()) {
            Map<TopicPartition, OffsetSpec> specs = Map.of(byTopic, OffsetSpec.earliest(), byAlias, OffsetSpec.latest());
            Map<TopicPartition, ListOffsetsResultInfo> offsets = Cluster.get(admin.listOffsets(specs).all());
            Checks.equal(who + "earliest by topic", offsets.get(byTopic).offset(), 0L);
            Checks.that(who + "latest by alias", offsets.get(byAlias).offset() > 5, offsets);
            String group = own(cluster, "aliases-offsets");
            Cluster.get(admin.alterConsumerGroupOffsets(group, Map.of(byTopic, new OffsetAndMetadata(3), new TopicPartition(ALIAS, 1), new OffsetAndMetadata(4))).all());
            Map<TopicPartition, OffsetAndMetadata> committed = Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
            Checks.equal(who + "offsets are the topic's", committed, Map.of(byTopic, new OffsetAndMetadata(3), new TopicPartition(topic(cluster), 1), new OffsetAndMetadata(4)));
        }
        try (KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + own(cluster, "aliases-offsets"))) {
            Map<TopicPartition, OffsetAndMetadata> committed = consumer.committed(Set.of(byTopic, byAlias));
            Checks.equal(who + "committed by both", committed.get(byAlias), committed.get(byTopic));
        }
    }

    /** A producer that counts its records twice would lose some: it is told instead. */
    private static void idempotence(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] idempotence: ";
        try (KafkaProducer<String, String> producer = cluster.producer("enable.idempotence=true")) {
            producer.send(new ProducerRecord<>(ALIAS, 0, null, "first")).get();
            Checks.fails(who + "records under a second name are refused", PolicyViolationException.class,
                    () -> producer.send(new ProducerRecord<>(topic(cluster), 0, null, "second")).get());
            producer.send(new ProducerRecord<>(topic(cluster), 1, null, "another partition")).get();
            producer.send(new ProducerRecord<>(ALIAS, 0, null, "third")).get();
        }
        Set<String> values = cluster.readAllStrings(ALIAS, 0).stream().map(ConsumerRecord::value).collect(Collectors.toSet());
        Checks.that(who + "what was acknowledged is there", values.containsAll(List.of("first", "another partition", "third")), "");
        Checks.that(who + "what was refused isn't", !values.contains("second"), "");
    }

    private static void transactions(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] transactions: ";
        String group = own(cluster, "aliases-transactions");
        int before = cluster.readAllStrings(ALIAS, 0, "isolation.level=read_committed").size();
        try (KafkaProducer<String, String> producer = cluster.producer("transactional.id=" + own(cluster, "aliases")); KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + group)) {
            producer.initTransactions();
            for (boolean commits : List.of(true, false, true)) {
                producer.beginTransaction();
                for (int i = 0; i < RECORDS; i++) {
                    producer.send(new ProducerRecord<>(ALIAS, i % PARTITIONS, null, (commits ? "committed " : "aborted ") + i));
                }
                producer.sendOffsetsToTransaction(Map.of(new TopicPartition(ALIAS, 2), new OffsetAndMetadata(commits ? 8 : 9)), consumer.groupMetadata());
                if (commits) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
        List<String> values = cluster.readAllStrings(ALIAS, before + 2 * RECORDS, "isolation.level=read_committed").stream().map(ConsumerRecord::value).toList();
        Checks.equal(who + "committed", values.stream().filter(value -> value.startsWith("committed")).count(), 2L * RECORDS);
        Checks.that(who + "aborted", values.stream().noneMatch(value -> value.startsWith("aborted")), "");
        try (Admin admin = cluster.admin()) {
            Checks.equal(who + "offset", Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata()), Map.of(new TopicPartition(topic(cluster), 2), new OffsetAndMetadata(8)));
        }
    }

    /** A group has a topic once, whatever its members call it. */
    private static void groups(Cluster cluster, String protocol) throws Exception {
        String who = "[" + cluster.name + "] " + protocol + " group: ";
        String group = own(cluster, "aliases-" + protocol);
        String property = "group.protocol=" + protocol;
        int records = cluster.readAllStrings(ALIAS, 0, "isolation.level=read_committed").size();
        String committed = "isolation.level=read_committed";
        Member byAlias = new Member(cluster, group, ALIAS, property, committed);
        Cluster.await(who + "the alias' partitions", () -> byAlias.partitions().size() == PARTITIONS);
        Cluster.await(who + "records", () -> byAlias.values().size() >= records);
        byAlias.commit();
        Member byTopic = new Member(cluster, group, topic(cluster), property, committed);
        Cluster.await(who + "shares", () -> byAlias.partitions().size() == 2 && byTopic.partitions().size() == 2);
        Set<Integer> all = new TreeSet<>(byAlias.partitions());
        all.addAll(byTopic.partitions());
        Checks.equal(who + "who calls the topic by its name and who by its alias share it", all, Set.of(0, 1, 2, 3));
        List<String> more = produce(cluster, SECOND, protocol, NOT_IDEMPOTENT);
        Cluster.await(who + "more records", () -> byAlias.values().size() + byTopic.values().size() >= records + more.size());
        byAlias.close();
        Cluster.await(who + "all partitions", () -> byTopic.partitions().size() == PARTITIONS);
        byTopic.close();
        Checks.equal(who + "each record is read once", byAlias.values().size() + byTopic.values().size(), records + more.size());
        twoNames(cluster, who, group, property);
        try (Admin admin = cluster.admin()) {
            Map<TopicPartition, OffsetAndMetadata> offsets = Cluster.get(admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata());
            Set<String> topics = offsets.keySet().stream().map(TopicPartition::topic).collect(Collectors.toSet());
            Checks.equal(who + "offsets are the topic's", topics, Set.of(topic(cluster)));
        }
    }

    /** One member that subscribes to both names, and later to the other one alone. */
    private static void twoNames(Cluster cluster, String who, String group, String property) throws Exception {
        try (KafkaConsumer<String, String> consumer = cluster.consumer("group.id=" + group, property, "auto.offset.reset=earliest")) {
            consumer.subscribe(List.of(ALIAS, topic(cluster)));
            Cluster.await(who + "an assignment", () -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == PARTITIONS;
            });
            Set<String> topics = consumer.assignment().stream().map(TopicPartition::topic).collect(Collectors.toSet());
            Checks.equal(who + "who subscribes to both gets the topic once, by its name", topics, Set.of(topic(cluster)));
            consumer.subscribe(List.of(SECOND));
            Cluster.await(who + "another assignment", () -> {
                consumer.poll(Duration.ofMillis(100));
                return consumer.assignment().size() == PARTITIONS && consumer.assignment().stream().allMatch(partition -> partition.topic().equals(SECOND));
            });
            Checks.that(who + "and then by the other alias", true, consumer.assignment());
        }
    }

    private static void shares(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] share group: ";
        Map<String, Object> properties = cluster.properties("group.id=" + own(cluster, "aliases-share"));
        try (KafkaShareConsumer<String, String> consumer = new KafkaShareConsumer<>(properties, new StringDeserializer(), new StringDeserializer());
                KafkaProducer<String, String> producer = cluster.producer(NOT_IDEMPOTENT)) {
            for (String name : List.of(ALIAS, topic(cluster), SECOND)) {
                consumer.subscribe(List.of(name));
                Set<String> topics = new TreeSet<>();
                String value = "shared by " + name;
                Cluster.await(who + value, () -> {
                    // A share group begins at the end, once it has a partition.
                    producer.send(new ProducerRecord<>(topic(cluster), 0, null, value));
                    consumer.poll(Duration.ofMillis(200)).forEach(record -> {
                        if (record.value().equals(value)) {
                            topics.add(record.topic());
                        }
                    });
                    // By the name before it, until the group has heard of this one.
                    return topics.contains(name);
                });
                consumer.commitSync();
                Checks.that(who + "reads by " + name, topics.contains(name), topics);
            }
        }
    }

    private static void streams(Cluster cluster, Path dir, String protocol) throws Exception {
        String who = "[" + cluster.name + "] streams, " + protocol + ": ";
        String out = own(cluster, "aliases-out-" + protocol);
        try (Admin admin = cluster.admin()) {
            cluster.create(admin, PARTITIONS, out);
        }
        Properties properties = new Properties();
        properties.putAll(cluster.properties("application.id=" + own(cluster, "aliases-streams-" + protocol), "state.dir=" + dir.resolve("streams-" + cluster.name + protocol),
                "processing.guarantee=exactly_once_v2", "group.protocol=" + protocol, "auto.offset.reset=earliest", "commit.interval.ms=100"));
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(ALIAS, Consumed.with(Serdes.String(), Serdes.String())).to(out, Produced.with(Serdes.String(), Serdes.String()));
        int records = cluster.readAllStrings(ALIAS, 0, "isolation.level=read_committed").size();
        try (KafkaStreams streams = new KafkaStreams(builder.build(), properties)) {
            streams.start();
            List<String> copied = cluster.readAllStrings(out, records, "isolation.level=read_committed").stream().map(ConsumerRecord::value).sorted().toList();
            List<String> read = cluster.readAllStrings(ALIAS, records, "isolation.level=read_committed").stream().map(ConsumerRecord::value).sorted().toList();
            Checks.that(who + "copies what it reads by an alias", copied.equals(read), copied.size() + " of " + read.size());
        }
    }

    private static void tools(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] tools: ";
        String bootstrap = "--bootstrap-server";
        Collection<String> listed = Tools.run(Tools.TOPICS, List.of(bootstrap, cluster.bootstrap(), "--list")).lines().toList();
        Checks.that(who + "kafka-topics lists aliases", listed.containsAll(List.of(ALIAS, SECOND, topic(cluster))), listed);
        String described = Tools.run(Tools.TOPICS, List.of(bootstrap, cluster.bootstrap(), "--describe", "--topic", ALIAS));
        Checks.that(who + "kafka-topics describes an alias", described.contains("Topic: " + ALIAS + "\t") && !described.contains("aliases-topic"), described);
        String byTopic = Tools.run(Tools.OFFSETS, List.of(bootstrap, cluster.bootstrap(), "--topic", topic(cluster)));
        String byAlias = Tools.run(Tools.OFFSETS, List.of(bootstrap, cluster.bootstrap(), "--topic", ALIAS));
        Checks.equal(who + "kafka-get-offsets", byAlias, byTopic.replace(topic(cluster), ALIAS));
        String created = Tools.run(Tools.TOPICS, List.of(bootstrap, cluster.bootstrap(), "--create", "--if-not-exists", "--topic", ALIAS));
        Checks.that(who + "kafka-topics finds that an alias is there", !created.contains("exit code"), created);
    }

    private static void refusals(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] refuses to ";
        try (Admin admin = cluster.admin()) {
            Uuid id = Cluster.get(admin.describeTopics(List.of(ALIAS)).allTopicNames()).get(ALIAS).topicId();
            TopicPartition first = new TopicPartition(ALIAS, 0);
            var change = List.of(new AlterConfigOp(new ConfigEntry("retention.ms", "1"), AlterConfigOp.OpType.SET));
            Checks.fails(who + "create it", TopicExistsException.class, () -> Cluster.get(admin.createTopics(List.of(new NewTopic(ALIAS, 1, (short) 1))).all()));
            refused(who + "delete it", () -> Cluster.get(admin.deleteTopics(List.of(ALIAS)).all()));
            refused(who + "delete it by id", () -> Cluster.get(admin.deleteTopics(TopicCollection.ofTopicIds(List.of(id))).all()));
            refused(who + "delete records", () -> Cluster.get(admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(5))).all()));
            refused(who + "add partitions", () -> Cluster.get(admin.createPartitions(Map.of(ALIAS, NewPartitions.increaseTo(9))).all()));
            refused(who + "change its configuration", () -> Cluster.get(admin.incrementalAlterConfigs(Map.of(resource(ALIAS), change)).all()));
            refused(who + "elect leaders", () -> Cluster.get(admin.electLeaders(ElectionType.PREFERRED, Set.of(first)).partitions()).get(first).map(thrown -> {
                throw (RuntimeException) thrown;
            }));
            refused(who + "move partitions", () -> Cluster.get(admin.alterPartitionReassignments(Map.of(first, java.util.Optional.empty())).all()));
            var results = admin.deleteTopics(List.of(ALIAS, own(cluster, "aliases-other"))).topicNameValues();
            refused(who + "delete it beside another", () -> Cluster.get(results.get(ALIAS)));
            Cluster.get(results.get(own(cluster, "aliases-other")));
            Checks.equal("[" + cluster.name + "] the topic is as it was", Cluster.get(admin.describeTopics(List.of(topic(cluster))).allTopicNames()).get(topic(cluster)).partitions().size(), PARTITIONS);
        }
    }

    /** An alias of a topic that isn't there is not there, and using it makes none. */
    private static void absent(Cluster cluster) throws Exception {
        String who = "[" + cluster.name + "] absent: ";
        try (Admin admin = cluster.admin(); KafkaProducer<String, String> producer = cluster.producer("max.block.ms=2000")) {
            Checks.fails(who + "describe", UnknownTopicOrPartitionException.class, () -> Cluster.get(admin.describeTopics(List.of(ABSENT)).allTopicNames()));
            Checks.fails(who + "produce", TimeoutException.class, () -> {
                try {
                    return producer.send(new ProducerRecord<>(ABSENT, "nothing")).get();
                } catch (ExecutionException thrown) {
                    throw (Exception) thrown.getCause();
                }
            });
            Set<String> topics = cluster.topicNames(admin);
            Checks.that(who + "nothing was made", !topics.contains(ABSENT) && topics.stream().noneMatch(name -> name.endsWith("nowhere")), topics);
            String nowhere = own(cluster, "aliases-nowhere");
            cluster.create(admin, 1, nowhere);
            Cluster.await(who + "the alias once there is a topic", () -> {
                try {
                    return cluster.topicNames(admin).containsAll(List.of(ABSENT, nowhere));
                } catch (Exception thrown) {
                    throw new IllegalStateException(thrown);
                }
            });
            producer.send(new ProducerRecord<>(ABSENT, "something")).get();
            Uuid old = Cluster.get(admin.describeTopics(List.of(ABSENT)).allTopicNames()).get(ABSENT).topicId();
            Cluster.get(admin.deleteTopics(List.of(nowhere)).all());
            Cluster.await(who + "the topic gone", () -> {
                try {
                    return !cluster.topicNames(admin).contains(nowhere);
                } catch (Exception thrown) {
                    throw new IllegalStateException(thrown);
                }
            });
            cluster.create(admin, 1, nowhere);
            Uuid made = Cluster.get(admin.describeTopics(List.of(ABSENT)).allTopicNames()).get(ABSENT).topicId();
            Checks.that(who + "a topic that is made again has an alias with another id", !made.equals(old), made);
        }
        try (KafkaProducer<String, String> producer = cluster.producer()) {
            producer.send(new ProducerRecord<>(ABSENT, "again")).get();
        }
        Checks.equal(who + "read again", cluster.readAllStrings(ABSENT, 1).get(0).value(), "again");
    }

    private static void refused(String what, Callable<?> call) {
        Checks.fails(what, TopicAuthorizationException.class, call);
    }

    private static ConfigResource resource(String name) {
        return new ConfigResource(ConfigResource.Type.TOPIC, name);
    }
}
