//! What another tenant of the same backend has: the same names, and it never shows.

use std::sync::atomic::{AtomicU64, Ordering};

use keg_codec::ApiKey;
use keg_codec::message::Value;

use super::case::{Case, Kind};
use super::play::Arena;
use super::settle::{elements, set};
use super::side::Side;

/// Which of a case's topics the other tenant has as well.
const TOPICS: [u8; 3] = [0, 1, 3];

/// Making something in every case would take more time than the cases.
const EVERY: u64 = 4;

impl Arena {
    /// Now and then makes topics, a group and a transactional id of the other tenant, with this case's names. Gives the
    /// id of one of its topics, or one that nobody has.
    pub(super) fn others_objects(&self, case: &Case<'_>) -> [u8; 16] {
        static CASES: AtomicU64 = AtomicU64::new(0);
        const NOBODYS: [u8; 16] = [0xcd; 16];
        let Some(address) = &self.other_tenant else {
            return NOBODYS;
        };
        if !CASES.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
            return NOBODYS;
        }
        let name = |kind, index| self.others_name(case, kind, index);
        let mut other = Side::connect(address);
        let created = other.ask(ApiKey::CREATE_TOPICS, 7, |request| {
            let topic = |index| {
                vec![
                    ("Name", name(Kind::Topic, index)),
                    ("NumPartitions", Value::Integer(2)),
                    ("ReplicationFactor", Value::Integer(1)),
                ]
            };
            set(request, "Topics", TOPICS.map(topic).to_vec());
            request.set("timeoutMs", Value::Integer(10_000));
        });
        other.ask(ApiKey::JOIN_GROUP, 3, |request| {
            request.set("GroupId", name(Kind::Group, 0));
            request.set("SessionTimeoutMs", Value::Integer(10_000));
            request.set("RebalanceTimeoutMs", Value::Integer(10_000));
            request.set("ProtocolType", Value::text("consumer"));
            set(request, "Protocols", vec![vec![("Name", Value::text("range"))]]);
        });
        other.ask(ApiKey::INIT_PRODUCER_ID, 4, |request| {
            request.set("TransactionalId", name(Kind::Transaction, 0));
            request.set("TransactionTimeoutMs", Value::Integer(60_000));
        });
        let id = elements(&created, "Topics")
            .next()
            .and_then(|topic| topic.get("TopicId"));
        match id {
            Some(Value::Uuid(id)) => *id,
            _ => panic!("the other tenant's topics: {created:?}"),
        }
    }

    /// Deletes them again, where there are any: a broker with many topics is slow.
    pub(super) fn delete_others_topics(&self, case: &Case<'_>) {
        if let Some(address) = &self.other_tenant {
            let names = TOPICS.map(|index| self.others_name(case, Kind::Topic, index));
            Side::connect(address).ask(ApiKey::DELETE_TOPICS, 5, |request| {
                request.set("TopicNames", Value::Array(names.to_vec()));
                request.set("TimeoutMs", Value::Integer(10_000));
            });
        }
    }

    fn others_name(&self, case: &Case<'_>, kind: Kind, index: u8) -> Value {
        Value::text(&format!("{}{}", self.others_prefix, case.others_name(kind, index)))
    }
}
