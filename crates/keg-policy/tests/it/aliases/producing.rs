//! Produce: nothing that was written under a second name is lost.

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::play::{plain, play, play_silent};
use crate::support::message::{ints, texts, values};
use crate::support::{Gateway, answering, asking, int, text};

const KEY: ApiKey = ApiKey::PRODUCE;
const VERSION: i16 = 9;

/// A batch of an idempotent producer, or of another one if that is -1, as far as it is looked at.
fn batch(producer: i64, epoch: i16, content: &str) -> Value {
    let mut batch = vec![0; 61];
    batch[16] = 2;
    batch[43..51].copy_from_slice(&producer.to_be_bytes());
    batch[51..53].copy_from_slice(&epoch.to_be_bytes());
    batch.extend(content.as_bytes());
    Value::Bytes(batch)
}

fn produce(acks: i64, topics: &[(&str, &[(i64, Value)])]) -> Struct {
    let mut fields = vec![("Acks".to_owned(), int(acks))];
    for (at, (name, partitions)) in topics.iter().enumerate() {
        fields.push((format!("TopicData.{at}.Name"), text(name)));
        for (index, (partition, records)) in partitions.iter().enumerate() {
            let place = format!("TopicData.{at}.PartitionData.{index}");
            fields.push((format!("{place}.Index"), int(*partition)));
            fields.push((format!("{place}.Records"), records.clone()));
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    asking(KEY, VERSION, &fields)
}

/// A broker that takes everything.
fn taken(request: &Struct) -> Struct {
    let mut fields = Vec::new();
    for (at, name) in texts(request, "TopicData.*.Name").into_iter().enumerate() {
        fields.push((format!("Responses.{at}.Name"), text(&name)));
        let partitions = ints(request, &format!("TopicData.{at}.PartitionData.*.Index"));
        for (index, partition) in partitions.into_iter().enumerate() {
            let place = format!("Responses.{at}.PartitionResponses.{index}");
            fields.push((format!("{place}.Index"), int(partition)));
            fields.push((format!("{place}.BaseOffset"), int(100)));
        }
    }
    let fields: Vec<_> = fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect();
    answering(KEY, VERSION, &fields)
}

fn gateway() -> Gateway {
    plain(&[("alias", "orders"), ("second", "orders")])
}

#[test]
fn a_partition_under_three_names_is_written_three_times() {
    let content = |number: i64| batch(-1, -1, &format!("records {number}"));
    let (one, two, three, four) = (
        [(0, content(1))],
        [(0, content(2)), (1, content(3))],
        [(0, content(4))],
        [(0, content(5))],
    );
    let topics: [(&str, &[_]); 4] = [("alias", &one), ("orders", &two), ("second", &three), ("bills", &four)];
    let played = play(&gateway(), &[], KEY, VERSION, &produce(-1, &topics), taken);
    let sent: Vec<_> = played.sent.iter().map(|it| texts(it, "TopicData.*.Name")).collect();
    assert_eq!(sent, [vec!["orders", "bills"], vec!["orders"], vec!["orders"]]);
    let records: Vec<_> = played
        .sent
        .iter()
        .flat_map(|it| values(it, "TopicData.*.PartitionData.*.Records"))
        .collect();
    assert_eq!(
        records,
        [&content(2), &content(3), &content(5), &content(1), &content(4)]
    );
    let seen = played.seen();
    assert_eq!(texts(seen, "Responses.*.Name"), ["orders", "bills", "alias", "second"]);
    assert_eq!(ints(seen, "Responses.*.PartitionResponses.*.BaseOffset"), [100; 5]);

    let silent = play_silent(&gateway(), KEY, VERSION, &produce(0, &topics)).unwrap();
    assert_eq!(silent, played.sent.iter().map(|it| acks(it, 0)).collect::<Vec<_>>());
}

fn acks(request: &Struct, acks: i64) -> Struct {
    let mut request = request.clone();
    request.set("Acks", int(acks));
    request
}

#[test]
fn an_idempotent_producer_goes_on_by_the_name_that_it_began_with() {
    let gateway = gateway();
    let send = |name: &str, partition, producer, epoch| {
        let partitions = [(partition, batch(producer, epoch, "records"))];
        let played = play(&gateway, &[], KEY, VERSION, &produce(1, &[(name, &partitions)]), taken);
        let code = ints(played.seen(), "Responses.*.PartitionResponses.*.ErrorCode");
        assert_eq!(texts(played.seen(), "Responses.*.Name"), [name]);
        assert_eq!(
            played.sent.len(),
            usize::from(code == [0]),
            "what is refused goes nowhere"
        );
        if code == [44] {
            let why = texts(played.seen(), "Responses.*.PartitionResponses.*.ErrorMessage");
            assert!(why[0].contains("idempotent"), "{why:?}");
        }
        code[0]
    };
    assert_eq!(send("alias", 0, 7, 0), 0);
    assert_eq!(send("orders", 0, 7, 0), 44);
    assert_eq!(send("second", 0, 7, 0), 44);
    assert_eq!(send("alias", 0, 7, 0), 0);
    assert_eq!(send("orders", 1, 7, 0), 0, "another partition");
    assert_eq!(send("alias", 1, 7, 0), 44);
    assert_eq!(send("orders", 0, 8, 0), 0, "another producer");
    assert_eq!(send("orders", 0, 7, 1), 0, "a new epoch counts anew");
    assert_eq!(send("alias", 0, 7, 1), 44);
    assert_eq!(send("orders", 0, -1, -1), 0);
    assert_eq!(send("alias", 0, -1, -1), 0);
    assert_eq!(send("bills", 0, 7, 0), 0);
}

#[test]
fn of_one_request_only_what_would_be_lost_is_refused() {
    let gateway = gateway();
    let idempotent = |partition| (partition, batch(7, 0, "records"));
    let (by_alias, by_topic, other) = (
        [idempotent(0), idempotent(1)],
        [idempotent(1), idempotent(2)],
        [idempotent(0)],
    );
    let topics: [(&str, &[_]); 3] = [("alias", &by_alias), ("orders", &by_topic), ("bills", &other)];
    let played = play(&gateway, &[], KEY, VERSION, &produce(1, &topics), taken);
    let seen = played.seen();
    let mut answers = Vec::new();
    for (at, name) in texts(seen, "Responses.*.Name").into_iter().enumerate() {
        let partitions = ints(seen, &format!("Responses.{at}.PartitionResponses.*.Index"));
        let codes = ints(seen, &format!("Responses.{at}.PartitionResponses.*.ErrorCode"));
        answers.extend(
            partitions
                .into_iter()
                .zip(codes)
                .map(|(partition, code)| (name.clone(), partition, code)),
        );
    }
    answers.sort();
    let expected = [
        ("alias", 0, 0),
        ("alias", 1, 0),
        ("bills", 0, 0),
        ("orders", 1, 44),
        ("orders", 2, 0),
    ];
    assert_eq!(
        answers,
        expected.map(|(name, partition, code)| (name.to_owned(), partition, code))
    );
    // Nobody can be told.
    let refused = play_silent(&gateway, KEY, VERSION, &produce(0, &topics)).unwrap_err();
    assert!(refused.contains("acks=0"), "{refused}");
}
