//! Requests whose values are not all known before they are sent.

use keg_codec::Api;

use super::case::{Kind, Name};

/// A request of a sequence.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) api: &'static Api,
    /// How many versions below the newest that both sides serve, modulo their count.
    pub(super) version: u8,
    /// The top-level fields of all versions.
    pub(super) fields: Vec<(&'static str, Term)>,
}

/// A value of a request. What only the broker knows is said by what it is of: each side has its own.
#[derive(Clone, Debug)]
pub(super) enum Term {
    /// What Kafka gives the field when it isn't set.
    Default,
    Null,
    Integer(i64),
    Text(&'static str),
    Name(Kind, Name),
    /// A topic's name, but none where the version has an id for it.
    NameUnlessId(Name),
    TopicId(TopicId),
    /// The key of a share group's coordinator.
    ShareKey(Name, Name),
    /// A regular expression whose stem matches topics of the case.
    Pattern(&'static str),
    /// A member of the group that the request named last.
    Member(Member),
    /// Its generation or epoch.
    Epoch(Epoch),
    /// How long the broker waits for a member, which in the oldest version is also how long others wait for it.
    SessionTimeout,
    /// The producer of the transactional id that the request named last, or the one without.
    Producer,
    ProducerOf(Name),
    /// Its epoch, and so many more.
    ProducerEpoch(i64),
    /// Fetch sessions.
    SessionId(Session),
    SessionEpoch(Session),
    /// Share sessions of the member.
    ShareEpoch(Session),
    Records(Batch),
    Subscription(Vec<Name>),
    Assignment(Vec<Name>),
    Array(Vec<Term>),
    Fields(Vec<(&'static str, Term)>),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum TopicId {
    Of(Name),
    /// Of the other tenant's topic, which a cluster of one's own has never heard of.
    Foreign,
    Unknown,
    Zero,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    /// The one that was last told its id in this place.
    Known(u8),
    /// One that asks for an id.
    New,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Epoch {
    Current,
    Is(i64),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Session {
    None,
    New,
    Next,
    Wrong,
}

/// Records of one batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Batch {
    pub(super) count: u8,
    /// Of the request's producer, transactional if the request is.
    pub(super) idempotent: bool,
    pub(super) sequence: i32,
    pub(super) corrupt: bool,
}
