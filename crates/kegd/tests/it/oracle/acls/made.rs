//! What there is before a sequence begins: made by somebody who may do anything, on both sides.

use std::collections::HashMap;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use crate::oracle::case::{Case, Kind, Name};
use crate::oracle::play::Player;
use crate::oracle::settle::{errors, is_retriable, patiently, set, until_topics_are};
use crate::oracle::term::Operation;

/// The topics, beside one of the two that can't be there together. The first is the client's to make.
const TOPICS: [u8; 2] = [1, 2];
const EITHER: [u8; 2] = [3, 4];
const GROUP: Name = Name::Own(1);
const TRANSACTION: Name = Name::Own(1);

/// Makes topics, offsets of a group, and a producer's transactional id. Clients have been told of the topics: they ask by
/// ids that they can't have got by themselves.
pub(in crate::oracle) fn make_what_there_is(case: &Case<'_>, operations: &[Operation], players: &mut [Player; 2]) {
    // The same whenever a sequence is repeated.
    let either = operations.first().map_or(0, |it| it.version % 2);
    let [one, other] = TOPICS;
    let topics = [one, other, EITHER[usize::from(either)]];
    let names = topics.map(|index| case.name(Kind::Topic, Name::Own(index)));
    for player in players {
        player.make(case, &names);
    }
}

impl Player {
    fn make(&mut self, case: &Case<'_>, topics: &[String]) {
        let created = self.observer.ask(ApiKey::CREATE_TOPICS, 5, |request| {
            let topics = topics.iter().map(|name| {
                vec![
                    ("Name", Value::text(name)),
                    ("NumPartitions", Value::Integer(2)),
                    ("ReplicationFactor", Value::Integer(1)),
                ]
            });
            set(request, "Topics", topics.collect());
            request.set("timeoutMs", Value::Integer(10_000));
        });
        assert!(has_no_error(&created), "{created:?}");
        let expected: HashMap<_, _> = topics.iter().map(|name| (name.clone(), Some(2))).collect();
        until_topics_are(&mut self.observer, &expected);
        self.number_topics(case);
        for (name, id) in self.topics(case) {
            self.memory.hear_of_topic(name, id);
        }
        self.ask_until_done(ApiKey::OFFSET_COMMIT, 8, |request| {
            request.set("GroupId", Value::text(&case.name(Kind::Group, GROUP)));
            let committed = topics.iter().filter_map(|name| {
                let mut topic = request.nested("Topics", 8)?;
                topic.set("Name", Value::text(name));
                set(
                    &mut topic,
                    "Partitions",
                    vec![vec![("CommittedOffset", Value::Integer(3))]],
                );
                Some(Value::Struct(topic))
            });
            let committed = committed.collect();
            request.set("Topics", Value::Array(committed));
        });
        self.ask_until_done(ApiKey::INIT_PRODUCER_ID, 4, |request| {
            let transaction = case.name(Kind::Transaction, TRANSACTION);
            request.set("TransactionalId", Value::text(&transaction));
            request.set("TransactionTimeoutMs", Value::Integer(60_000));
        });
    }

    fn ask_until_done(&mut self, key: ApiKey, version: i16, fill: impl Fn(&mut Struct)) {
        let last = patiently(
            || self.observer.ask(key, version, &fill),
            |response| !is_retriable(response),
        );
        assert!(has_no_error(&last), "{key:?}: {last:?}");
    }
}

fn has_no_error(response: &Struct) -> bool {
    errors(response).iter().all(|code| *code == 0)
}
