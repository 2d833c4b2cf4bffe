//! What is asked of the topic or the group that is the client's to use, most likely, and of others in the same request: by random requests
//! alone, hardly ever one succeeds where another is denied.

use keg_codec::ApiKey;

use super::stories::{
    ONE, acknowledgement, commit_in_transaction, creation, fetch, heartbeat, offsets_in_transaction, op, producer,
    production, share_fetch, share_offsets_deletion, subscription,
};
use crate::oracle::case::{GROUPS, Kind, Name, TOPICS};
use crate::oracle::term::{Epoch, Operation, Session, Term};

/// What comes before such a request of an API, and the request.
pub(super) fn told(key: ApiKey, other: u8) -> Option<Vec<Operation>> {
    let [one] = ONE;
    let both = [one, Name::Own(other)];
    let topics = all(&TOPICS);
    let groups = all(&GROUPS);
    let joined = || {
        vec![
            creation(),
            heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(0), subscription()),
        ]
    };
    let (before, asked) = match key {
        ApiKey::CREATE_PARTITIONS => (vec![creation()], partitions(&topics)),
        ApiKey::METADATA => (vec![creation()], metadata(&topics)),
        ApiKey::FETCH => (vec![creation()], fetch(Session::None, &topics)),
        ApiKey::TXN_OFFSET_COMMIT => (
            vec![creation(), producer(), offsets_in_transaction()],
            commit_in_transaction(&topics),
        ),
        // What a group doesn't subscribe to has no state, which a broker finds out in its own time, and a topic may be for the
        // client to read and not to subscribe to.
        ApiKey::SHARE_FETCH | ApiKey::SHARE_ACKNOWLEDGE if other == 2 => return None,
        ApiKey::SHARE_FETCH => (joined(), share_fetch(Session::New, &both)),
        ApiKey::SHARE_ACKNOWLEDGE => {
            // The first records are acknowledged.
            let mut before = vec![deletion(&ONE)];
            before.extend(joined());
            before.extend([
                share_fetch(Session::New, &ONE),
                production(false),
                share_fetch(Session::Next, &ONE),
            ]);
            (before, acknowledgement(&both))
        }
        ApiKey::DELETE_SHARE_GROUP_OFFSETS => {
            let mut before = joined();
            before.push(heartbeat(ApiKey::SHARE_GROUP_HEARTBEAT, Epoch::Is(-1), Vec::new()));
            (before, share_offsets_deletion(&topics))
        }
        ApiKey::FIND_COORDINATOR => (Vec::new(), coordinators(&groups)),
        ApiKey::CONSUMER_GROUP_DESCRIBE => {
            let first = heartbeat(ApiKey::CONSUMER_GROUP_HEARTBEAT, Epoch::Is(0), subscription());
            (vec![creation(), first], description(&groups))
        }
        _ => return None,
    };
    Some(before.into_iter().chain([asked]).collect())
}

fn all(names: &[&str]) -> Vec<Name> {
    (0_u8..).zip(names).map(|(index, _)| Name::Own(index)).collect()
}

fn deletion(names: &[Name]) -> Operation {
    let topics = names
        .iter()
        .map(|name| Term::Fields(vec![("Name", Term::Name(Kind::Topic, *name))]));
    let fields = vec![
        ("Topics", Term::Array(topics.collect())),
        ("TimeoutMs", Term::Integer(10_000)),
    ];
    op(ApiKey::DELETE_TOPICS, fields)
}

fn partitions(names: &[Name]) -> Operation {
    let topics = names.iter().map(|name| {
        Term::Fields(vec![
            ("Name", Term::Name(Kind::Topic, *name)),
            ("Count", Term::Integer(4)),
            ("Assignments", Term::Null),
        ])
    });
    let fields = vec![
        ("Topics", Term::Array(topics.collect())),
        ("TimeoutMs", Term::Integer(10_000)),
    ];
    op(ApiKey::CREATE_PARTITIONS, fields)
}

fn metadata(names: &[Name]) -> Operation {
    let topics = names
        .iter()
        .map(|name| Term::Fields(vec![("Name", Term::Name(Kind::Topic, *name))]));
    op(ApiKey::METADATA, vec![("Topics", Term::Array(topics.collect()))])
}

fn coordinators(names: &[Name]) -> Operation {
    let groups: Vec<_> = names.iter().map(|name| Term::Name(Kind::Group, *name)).collect();
    let fields = vec![
        ("Key", groups.first().cloned().unwrap_or(Term::Default)),
        ("CoordinatorKeys", Term::Array(groups)),
    ];
    op(ApiKey::FIND_COORDINATOR, fields)
}

fn description(names: &[Name]) -> Operation {
    let groups = names.iter().map(|name| Term::Name(Kind::Group, *name)).collect();
    op(ApiKey::CONSUMER_GROUP_DESCRIBE, vec![("GroupIds", Term::Array(groups))])
}
