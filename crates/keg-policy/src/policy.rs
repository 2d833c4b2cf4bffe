//! The seam: what looks at or changes Kafka traffic.

use std::any::Any;
use std::fmt;

use keg_codec::schema::EntitySet;
use keg_codec::{Api, ErrorCode};

use crate::chain::{Asking, StreamedNames};
use crate::connection::Connection;
use crate::message::{Reply, Request, Response};

/// Something that looks at or changes Kafka traffic.
///
/// A policy is shared by all connections of a virtual cluster. It is called synchronously, in the order of the wire,
/// and never waits. What it has to remember of a connection goes into [`Connection::remember`], what it has to remember of a
/// request into a [`Note`].
pub trait Policy: fmt::Debug + Send + Sync {
    /// What the policy is called in logs and errors.
    fn name(&self) -> &str;

    /// Which messages of an API's version the policy must see. Others pass it by, undecoded.
    ///
    /// A [`Chain`](crate::Chain) asks once, when it is made.
    fn interest(&self, api: &Api, version: i16) -> Interest;

    /// The kinds of values that a response must have for the policy to do anything with it, where nothing was noted of the
    /// request. `None` if it is to see every response, and no kind if it is to see none. Of a policy that looks for some, a
    /// response may also be shown that has none of them: any with tagged fields is, as these may be anything.
    ///
    /// What is looked for by none of a [`Chain`](crate::Chain)'s policies is seen once for all of them, and quickly. It is
    /// asked when the chain is made, as [`interest`](Self::interest) is.
    fn looks_for(&self, api: &Api, version: i16) -> Option<EntitySet> {
        let _ = (api, version);
        None
    }

    /// Looks at a request on its way to the broker, and may change its body.
    ///
    /// The body is as the client, or the policy before, left it: nobody has checked it.
    fn request(&self, connection: &Connection, request: &mut Request) -> Decision {
        let _ = (connection, request);
        Decision::Forward(Note::default())
    }

    /// Whether a Produce request of one topic needs to be seen no further than the topic's name or id, so that what is behind
    /// may go on while it arrives; of several topics, it is asked of the first. `request` is that request of one topic without partitions, as
    /// the client has sent it; so is what [`request`](Self::request) is given then, which keeps all else than names as it is, and
    /// forwards. A guard lets nothing else follow than partitions of the topic, and [topics](Self::streams_topics), no tagged
    /// fields that aren't known, and without a transactional id no batches of transactions.
    ///
    /// It changes and tells nothing. If it says no, or [`request`](Self::request) doesn't forward, that is asked again with
    /// the whole request.
    fn streams_request(&self, connection: &Connection, request: &Request) -> bool {
        let _ = (connection, request);
        false
    }

    /// Whether it says of each topic of a Produce request by its id or its name whether that may go on, so that requests of several
    /// topics, too, may go on while they arrive. Of the first, it is asked as of the [only one](Self::streams_request), and of
    /// those behind it by [`streamed_topic`](Self::streamed_topic) and, before version 13, [`streamed_name`](Self::streamed_name).
    fn streams_topics(&self, version: i16) -> bool {
        let _ = version;
        false
    }

    /// Whether a topic behind the first may go on, in a request that is already on its way; it is asked wherever one stands, but
    /// for one that was refused as unknown in the same request.
    ///
    /// # Errors
    /// What the topic's partitions are answered if not. The broker drops their records then: it gets them under an id that no
    /// topic has. If the topic isn't known, that is UNKNOWN_TOPIC_ID, upon which clients try again, and the next requests of
    /// several topics on the connection are shown to [`request`](Self::request) as a whole.
    fn streamed_topic(&self, connection: &Connection, id: &[u8; 16]) -> Result<(), ErrorCode> {
        let _ = (connection, id);
        Err(ErrorCode::UNKNOWN_TOPIC_ID)
    }

    /// The same of a topic by the name that the policy before left it, and what is put in front of that: as much as of the first,
    /// of which [`request`](Self::request) tells, or else the connection ends.
    ///
    /// # Errors
    /// What the topic's partitions are answered if it may not go on. The broker gets their records under a name that no topic can
    /// have.
    fn streamed_name(&self, connection: &Connection, name: &[u8]) -> Result<&[u8], ErrorCode> {
        let _ = (connection, name);
        Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
    }

    /// Looks again at a request for which it had a [`Question`], now with the reply to that.
    ///
    /// The request is as [`request`](Self::request) left it. What comes after it on the connection waits meanwhile, so
    /// that the order of the wire stays. A policy may ask again; that this ends is its own affair.
    fn resume(&self, connection: &Connection, request: &mut Request, note: Note, reply: Reply) -> Decision {
        let _ = (connection, request, note, reply);
        Decision::Close(format!("the policy {} asked for nothing", self.name()))
    }

    /// Whether the response to a request that it has noted this of needs to be seen no further than its head, so that what is
    /// behind may be passed on while it still arrives. It is asked of Fetch alone. [`response`](Self::response) is given a
    /// response without topics then, of which it must keep the length. Addresses of nodes behind the head are hidden.
    ///
    /// Before version 13 names of topics are behind the head, of which [`streamed_names`](Self::streamed_names) says what
    /// becomes of them. Where that isn't the same for all, only responses of one topic are passed on: it is in the
    /// response then, without partitions, so that its name may be changed.
    fn streams(&self, api: &Api, version: i16, note: &Note) -> bool {
        let _ = (api, version, note);
        false
    }

    /// What becomes of the names of topics in a response that [streams](Self::streams), the same for all of them; `None` if
    /// it isn't.
    fn streamed_names(&self, connection: &Connection, note: &Note) -> Option<StreamedNames> {
        let _ = (connection, note);
        None
    }

    /// Looks at a response on its way to the client, and may change its body. `note` is what
    /// [`request`](Self::request) left for it.
    ///
    /// # Errors
    /// When the response must not reach the client; an error takes its place.
    fn response(&self, connection: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
        let _ = (connection, answer);
        Ok(())
    }
}

/// What a policy wants to see of an API's version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Nothing: both messages pass by.
    None,
    /// Only requests.
    Request,
    /// Only responses.
    Response,
    /// Both.
    Both,
    /// The policy can't do its work on this version: it isn't served.
    Unsupported,
}

impl Interest {
    /// The interest in requests, in responses, or in both.
    pub const fn of(request: bool, response: bool) -> Self {
        match (request, response) {
            (false, false) => Self::None,
            (true, false) => Self::Request,
            (false, true) => Self::Response,
            (true, true) => Self::Both,
        }
    }
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Decision {
    /// It goes on. The note comes back with the response.
    Forward(Note),
    /// The broker is asked something first, and [`Policy::resume`] decides then.
    Ask(Question),
    /// It is answered here, and doesn't go on.
    Answer(Response),
    /// The connection is over, for this reason.
    Close(String),
}

/// A request of a policy's own, on the connection of the client's request and before it.
///
/// It goes through the policies behind the one that asks, as a client's request would, and its reply comes back through
/// them.
#[derive(Debug)]
pub struct Question {
    /// What is asked.
    pub request: Request,
    /// What the policy keeps until the reply.
    pub note: Note,
}

/// What a policy keeps from a request until its response.
#[derive(Default)]
pub struct Note(Option<Box<dyn Any + Send>>);

impl Note {
    /// Keeps a value.
    pub fn new<T: Send + 'static>(value: T) -> Self {
        Self(Some(Box::new(value)))
    }

    /// Whether nothing is kept.
    pub fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// The value, if it is of this type.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        self.0.as_ref()?.downcast_ref()
    }

    /// The value itself, if it is of this type.
    pub fn take<T: 'static>(self) -> Option<T> {
        self.0?.downcast().ok().map(|value| *value)
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Note").field(&self.0.is_some()).finish()
    }
}

/// A response, the request that it answers, and what the policy noted of that.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The API.
    pub api: &'static Api,
    /// The version of the API.
    pub version: i16,
    /// What [`Policy::request`] noted.
    pub note: &'a Note,
    /// The response.
    pub response: &'a mut Response,
}

/// Why a response must not reach the client.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct Withheld {
    /// The reason, for the log: what was found and what to do.
    pub reason: String,
    /// Whether the connection is over, since the client expects no response and is to notice something.
    pub ends_connection: bool,
}

impl Withheld {
    /// A response is withheld for this reason.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self {
            reason: reason.to_string(),
            ends_connection: false,
        }
    }

    /// The client expects no response, and its connection is over for this reason.
    pub fn ending(reason: impl fmt::Display) -> Self {
        Self {
            ends_connection: true,
            ..Self::new(reason)
        }
    }
}

/// What the chain made of a request.
#[derive(Debug)]
pub enum Outcome<P> {
    /// It goes to the broker, and its response comes back through the chain.
    Forward(P),
    /// It waits, and all that comes after it, until the broker has answered something else.
    Ask(Box<Asking>),
    /// It is answered.
    Reply(Reply),
    /// The connection is over, for this reason.
    Close(String),
}
