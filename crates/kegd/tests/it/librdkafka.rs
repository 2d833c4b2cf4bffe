//! A current librdkafka, through the crate `rdkafka`.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::message::{BorrowedMessage, Header, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use crate::scenario::{Scenario, Target, direct};

const PATIENCE: Duration = Duration::from_secs(60);
const PARTITIONS: i32 = 3;
const RECORDS: usize = 300;
/// All that this build of librdkafka has; zstd would need one more C library.
const CODECS: [&str; 4] = ["none", "gzip", "snappy", "lz4"];
const FIRST_TIMESTAMP: i64 = 1_600_000_000_000;

#[test]
fn a_current_librdkafka_produces_consumes_and_runs_transactions() {
    let Some(scenario) = Scenario::new("librdkafka") else {
        return;
    };
    thread::scope(|scope| {
        let runs: Vec<_> = scenario
            .targets
            .iter()
            .map(|target| scope.spawn(|| run(target)))
            .collect();
        for run in runs {
            run.join().unwrap();
        }
    });
    if !direct() {
        let backend = topics(&config(&scenario.backend.bootstrap()));
        for target in &scenario.targets {
            let names = |prefix: &str| -> BTreeSet<String> {
                topic_names().iter().map(|name| format!("{prefix}{name}")).collect()
            };
            assert_eq!(
                topics(&config(&target.bootstrap)),
                names(""),
                "{} lists its own topics and no others",
                target.name
            );
            let own: BTreeSet<String> = backend
                .iter()
                .filter(|name| name.starts_with(&target.prefix))
                .cloned()
                .collect();
            assert_eq!(own, names(&target.prefix), "topics of {} on the backend", target.name);
        }
    }
}

fn run(target: &Target) {
    let config = config(&target.bootstrap);
    create_topics(&config);
    for codec in CODECS {
        let topic = format!("native-{codec}");
        produce(&config, target, codec, &topic);
        let read = consume(&config, &topic, &format!("native-{codec}"), "classic", RECORDS);
        check_records(target, codec, &topic, &read);
    }
    // The group protocol of KIP-848, with the same records for a group of its own.
    let read = consume(&config, "native-gzip", "native-new-protocol", "consumer", RECORDS);
    check_records(target, "gzip", "native-gzip", &read);
    transactions(&config, target);
}

fn config(bootstrap: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap)
        .set("broker.address.family", "v4");
    config
}

fn topic_names() -> Vec<String> {
    let codecs = CODECS.iter().map(|codec| format!("native-{codec}"));
    codecs.chain(["native-transactions".to_owned()]).collect()
}

fn create_topics(config: &ClientConfig) {
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let names = topic_names();
    let topics: Vec<NewTopic<'_>> = names
        .iter()
        .map(|name| NewTopic::new(name, PARTITIONS, TopicReplication::Fixed(3)))
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for created in runtime.block_on(admin.create_topics(&topics, &options)).unwrap() {
        created.unwrap();
    }
}

fn topics(config: &ClientConfig) -> BTreeSet<String> {
    let consumer: BaseConsumer = config.create().unwrap();
    let metadata = consumer.fetch_metadata(None, PATIENCE).unwrap();
    metadata.topics().iter().map(|topic| topic.name().to_owned()).collect()
}

/// What one record must come back as.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Expected {
    partition: i32,
    offset: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    timestamp: Option<i64>,
    headers: Vec<(String, Option<Vec<u8>>)>,
}

fn expected(target: &Target, codec: &str) -> Vec<Expected> {
    let record = |index: usize| {
        let place = i32::try_from(index).unwrap();
        let headers = [
            ("codec", Some(codec.as_bytes().to_vec())),
            ("again", Some(b"one".to_vec())),
            ("empty", None),
            ("again", Some(b"two".to_vec())),
        ];
        Expected {
            partition: place % PARTITIONS,
            offset: i64::from(place / PARTITIONS),
            key: (!index.is_multiple_of(4)).then(|| format!("key-{index}").into_bytes()),
            value: (!index.is_multiple_of(7))
                .then(|| format!("{} {codec} {index} {}", target.name, "x".repeat(index)).into_bytes()),
            timestamp: Some(FIRST_TIMESTAMP + i64::from(place)),
            headers: headers.map(|(key, value)| (key.to_owned(), value)).to_vec(),
        }
    };
    (0..RECORDS).map(record).collect()
}

fn produce(config: &ClientConfig, target: &Target, codec: &str, topic: &str) {
    let producer: BaseProducer = config
        .clone()
        .set("compression.codec", codec)
        .set("enable.idempotence", "true")
        .set("linger.ms", "10")
        .create()
        .unwrap();
    for Expected {
        partition,
        key,
        value,
        timestamp,
        headers,
        ..
    } in expected(target, codec)
    {
        let mut owned = OwnedHeaders::new();
        for (key, value) in &headers {
            owned = owned.insert(Header {
                key,
                value: value.as_ref(),
            });
        }
        let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(topic)
            .partition(partition)
            .timestamp(timestamp.unwrap())
            .headers(owned);
        record.key = key.as_deref();
        record.payload = value.as_deref();
        producer.send(record).map_err(|(error, _)| error).unwrap();
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE).unwrap();
}

/// Reads with two members of a group until there are `count` records, and checks what was committed.
fn consume(config: &ClientConfig, topic: &str, group: &str, protocol: &str, count: usize) -> Vec<Expected> {
    let members: Vec<BaseConsumer> = (0..2)
        .map(|_| {
            let member: BaseConsumer = config
                .clone()
                .set("group.id", group)
                .set("group.protocol", protocol)
                .set("auto.offset.reset", "earliest")
                .set("enable.auto.commit", "false")
                .create()
                .unwrap();
            member.subscribe(&[topic]).unwrap();
            member
        })
        .collect();
    let mut read = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    while read.len() < count {
        assert!(Instant::now() < deadline, "{group}: {} of {count} records", read.len());
        for member in &members {
            if let Some(message) = member.poll(Duration::from_millis(20)) {
                let message = message.unwrap();
                read.push(found(&message));
                member.commit_message(&message, CommitMode::Sync).unwrap();
            }
        }
    }
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_range(topic, 0, PARTITIONS - 1);
    let committed = members[0].committed_offsets(partitions, PATIENCE).unwrap();
    let each = i64::try_from(count).unwrap() / i64::from(PARTITIONS);
    for partition in committed.elements() {
        assert_eq!(partition.topic(), topic, "{group}");
        assert_eq!(
            partition.offset(),
            Offset::Offset(each),
            "{group}, partition {}",
            partition.partition()
        );
    }
    read
}

fn found(message: &BorrowedMessage<'_>) -> Expected {
    let headers = message.headers().map_or_else(Vec::new, |headers| {
        headers
            .iter()
            .map(|header| (header.key.to_owned(), header.value.map(<[u8]>::to_vec)))
            .collect()
    });
    Expected {
        partition: message.partition(),
        offset: message.offset(),
        key: message.key().map(<[u8]>::to_vec),
        value: message.payload().map(<[u8]>::to_vec),
        timestamp: message.timestamp().to_millis(),
        headers,
    }
}

fn check_records(target: &Target, codec: &str, topic: &str, read: &[Expected]) {
    // A group of two may read a record again when the second member joins; it may not miss or change one.
    let read: BTreeSet<Expected> = read.iter().cloned().collect();
    let expected: BTreeSet<Expected> = expected(target, codec).into_iter().collect();
    let missing = expected.difference(&read).next();
    let unexpected = read.difference(&expected).next();
    assert!(
        missing.is_none() && unexpected.is_none(),
        "{} {topic}: missing {missing:?}, unexpected {unexpected:?}",
        target.name
    );
}

/// Five transactions of which two are aborted, and what each isolation level reads.
fn transactions(config: &ClientConfig, target: &Target) {
    let topic = "native-transactions";
    let producer: BaseProducer = config.clone().set("transactional.id", "native").create().unwrap();
    producer.init_transactions(PATIENCE).unwrap();
    let mut committed = BTreeSet::new();
    let mut all = BTreeSet::new();
    for transaction in 0..5 {
        producer.begin_transaction().unwrap();
        let values: Vec<String> = (0..10)
            .map(|index| format!("{} {transaction} {index}", target.name))
            .collect();
        for value in &values {
            let record: BaseRecord<'_, (), String> = BaseRecord::to(topic).partition(0).payload(value);
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        all.extend(values.iter().cloned());
        if transaction % 2 == 1 {
            producer.flush(PATIENCE).unwrap();
            producer.abort_transaction(PATIENCE).unwrap();
        } else {
            producer.commit_transaction(PATIENCE).unwrap();
            committed.extend(values);
        }
    }
    assert_eq!(
        read_isolated(config, topic, "read_committed", committed.len()),
        committed,
        "{}",
        target.name
    );
    assert_eq!(
        read_isolated(config, topic, "read_uncommitted", all.len()),
        all,
        "{}",
        target.name
    );
}

/// The values in the first partition up to its end, which must be `count` records.
fn read_isolated(config: &ClientConfig, topic: &str, isolation: &str, count: usize) -> BTreeSet<String> {
    let consumer: BaseConsumer = config
        .clone()
        .set("isolation.level", isolation)
        .set("group.id", "native-unused")
        .set("enable.partition.eof", "true")
        .create()
        .unwrap();
    let mut partitions = TopicPartitionList::new();
    partitions.add_partition_offset(topic, 0, Offset::Beginning).unwrap();
    consumer.assign(&partitions).unwrap();
    let mut values = Vec::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        assert!(
            Instant::now() < deadline,
            "{topic}: {} records and no end",
            values.len()
        );
        match consumer.poll(Duration::from_millis(100)) {
            Some(Ok(message)) => values.push(message.payload_view::<str>().unwrap().unwrap().to_owned()),
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => panic!("{error}"),
            None => {}
        }
    }
    assert_eq!(values.len(), count, "{isolation}");
    values.into_iter().collect()
}
