//! Responses that go on while they still arrive.
//!
//! A Fetch response may have any size, and holding it costs memory and time. From version 13 on it names topics by ids, so
//! that its length stays the same unless something is added; before, the name of its first topic stands in front of all
//! records, and where that is the only one, tells how long the response becomes. What is behind such a head needs no policy
//! then, but for the hints about nodes, which come last (KIP-951) and are blanked: clients ask for metadata, as they did
//! before the KIP.

use bytes::{BufMut, Bytes, BytesMut};
use keg_codec::schema::{Entity, EntitySet};
use keg_codec::walk::{Passage, WalkError};
use keg_codec::{Api, ApiKey, FetchHead};

use super::{Chain, Pending, Seen};
use crate::connection::Connection;
use crate::message::{Reply, Response, Streams};
use crate::policy::{Answer, Outcome};

/// What a response must not show, wherever it stands behind the head.
const HIDDEN: EntitySet = EntitySet::of(&[Entity::BrokerHost, Entity::BrokerPort]);

/// What is still to come of a message's body.
#[derive(Debug, Clone)]
pub struct Rest {
    /// How many bytes.
    pub length: usize,
    /// What they pass through, unless they are nobody's business.
    pub guard: Option<Passage>,
}

impl Rest {
    /// So many bytes that nobody has looked at.
    pub fn new(length: usize) -> Self {
        Self { length, guard: None }
    }
}

impl PartialEq for Rest {
    /// Whether as much is to come.
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length
    }
}

impl Eq for Rest {}

/// How many bytes of a response's body policies look at before they let the rest pass, where they do. `beginning` is what
/// there is of the body.
///
/// `None` if they have to look at all of it.
pub fn streamed_head(api: &Api, version: i16, beginning: &[u8]) -> Option<usize> {
    let head = (api.key == ApiKey::FETCH).then(|| FetchHead::of(api, version, beginning));
    head.flatten().map(|head| head.length)
}

impl Chain {
    /// Whether the response to a request may be handed back while it still arrives.
    pub(super) fn streams(&self, pending: &Pending) -> Streams {
        let Pending { api, version, seen, .. } = pending;
        let streams = |seen: &Seen| {
            let policy = self.policies.get(seen.policy);
            policy.is_some_and(|policy| policy.streams(api, *version, &seen.note))
        };
        match api.key {
            ApiKey::API_VERSIONS => Streams::No,
            _ if seen.is_empty() => Streams::Unseen,
            ApiKey::FETCH if seen.iter().all(streams) => Streams::BehindHead,
            _ => Streams::No,
        }
    }

    /// Shows the head of a response to the policies, as a response that has no records behind it.
    pub(super) fn pass(
        &self,
        connection: &Connection,
        pending: Pending,
        mut response: Response,
        mut rest: Box<Rest>,
    ) -> Outcome<Pending> {
        if pending.seen.is_empty() {
            response.rest = Some(rest);
            return Outcome::Reply(Reply::Response(response));
        }
        let (api, version) = (pending.api, pending.version);
        let nothing = FetchHead::without_records(api, version);
        let head = response.body_bytes();
        let mut alone = BytesMut::with_capacity(head.len() + nothing.len());
        alone.put_slice(&head);
        alone.put_slice(nothing);
        let mut alone = Response {
            body: alone.freeze().into(),
            rest: None,
            ..response
        };
        for Seen { policy, note, .. } in pending.seen.into_iter().rev() {
            let answer = Answer {
                api,
                version,
                note: &note,
                response: &mut alone,
            };
            let shown = self
                .policies
                .get(policy)
                .map(|policy| policy.response(connection, answer));
            if let Some(Err(withheld)) = shown {
                return Outcome::Close(withheld.reason);
            }
        }
        let shown = alone.body_bytes();
        let Some(new) = shown.strip_suffix(nothing).filter(|new| is_head(api, version, new)) else {
            return Outcome::Close(format!(
                "a policy added a topic to a {} response of which the rest was passed on, or left it out",
                api.name
            ));
        };
        match guarded(api, version, new, rest.length) {
            Ok((body, guard)) => {
                rest.guard = Some(guard);
                Outcome::Reply(Reply::Response(Response {
                    head: alone.head,
                    body: body.into(),
                    rest: Some(rest),
                }))
            }
            Err(error) => Outcome::Close(format!("the broker's {} response is malformed: {error}", api.name)),
        }
    }
}

/// Whether these bytes are a head, and nothing else.
fn is_head(api: &Api, version: i16, bytes: &[u8]) -> bool {
    streamed_head(api, version, bytes) == Some(bytes.len())
}

/// Takes the head past a guard, which the rest goes past next.
fn guarded(api: &'static Api, version: i16, head: &[u8], rest: usize) -> Result<(Bytes, Passage), WalkError> {
    let guard = Passage::new(&api.response, version, head.len() + rest, HIDDEN);
    let mut guard = guard.ok_or(WalkError::Refused { field: api.name })?;
    let mut head = head.to_vec();
    guard.pass(&mut head)?;
    Ok((head.into(), guard))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use keg_codec::Rope;
    use keg_codec::header::request_head;

    use super::*;
    use crate::message::Request;
    use crate::policy::{Decision, Interest, Note, Policy, Withheld};
    use crate::{AddressBook, BrokerAddresses};

    /// Sets the session of Fetch responses, and adds so many bytes.
    #[derive(Debug)]
    struct Session {
        streams: bool,
        adds: usize,
    }

    impl Policy for Session {
        fn name(&self) -> &str {
            "session"
        }

        fn interest(&self, api: &Api, _: i16) -> Interest {
            Interest::of(false, api.key == ApiKey::FETCH)
        }

        fn streams(&self, _: &Api, _: i16, _: &Note) -> bool {
            self.streams
        }

        fn request(&self, _: &Connection, _: &mut Request) -> Decision {
            Decision::Forward(Note::default())
        }

        fn response(&self, _: &Connection, answer: Answer<'_>) -> Result<(), Withheld> {
            let mut body = answer.response.body_bytes().to_vec();
            body[9] = 5;
            body.splice(0..0, vec![0; self.adds]);
            answer.response.body = Rope::from(Bytes::from(body));
            Ok(())
        }
    }

    #[derive(Debug)]
    struct Nowhere;

    impl AddressBook for Nowhere {
        fn advertise(&self, _: i32) -> Result<(Arc<str>, u16), String> {
            Err("nowhere".to_owned())
        }

        fn learn(&self, _: i32, _: &str, _: u16) {}
    }

    fn chain(sessions: &[(bool, usize)]) -> Chain {
        let sessions = sessions
            .iter()
            .map(|(streams, adds)| Session {
                streams: *streams,
                adds: *adds,
            })
            .map(|policy| Arc::new(policy) as Arc<dyn Policy>);
        Chain::new(sessions.chain([Arc::new(BrokerAddresses) as _]).collect())
    }

    fn sent(chain: &Chain, key: ApiKey, version: i16) -> (Streams, Connection, Pending) {
        let connection = Connection::new("team", "User:ann", Arc::new(Nowhere));
        let api = Api::of(key).unwrap();
        let mut request = Request {
            api,
            version,
            correlation_id: 1,
            head: request_head(api, version, b"me"),
            body: Rope::default(),
            rest: None,
            streams: Streams::No,
        };
        match chain.request(&connection, &mut request) {
            Outcome::Forward(pending) => (request.streams, connection, pending),
            outcome => panic!("{outcome:?}"),
        }
    }

    #[test]
    fn a_response_streams_if_nobody_wants_to_see_more_than_its_head() {
        let check = |sessions: &[(bool, usize)], key, version, expected| {
            assert_eq!(sent(&chain(sessions), key, version).0, expected, "{key:?} {version}");
        };
        check(&[], ApiKey::FETCH, 16, Streams::BehindHead);
        check(&[(true, 0), (true, 0)], ApiKey::FETCH, 13, Streams::BehindHead);
        check(&[(true, 0)], ApiKey::FETCH, 12, Streams::BehindHead);
        check(&[(true, 0), (false, 0)], ApiKey::FETCH, 13, Streams::No);
        // Nobody sees anything of it.
        check(&[], ApiKey::FETCH, 12, Streams::Unseen);
        check(&[], ApiKey::HEARTBEAT, 4, Streams::Unseen);
        // The gateway's addresses are put into it, or what it serves.
        check(&[], ApiKey::METADATA, 12, Streams::No);
        check(&[], ApiKey::API_VERSIONS, 3, Streams::No);
    }

    fn passed(adds: usize) -> Outcome<Pending> {
        let chain = chain(&[(true, adds)]);
        let (_, connection, pending) = sent(&chain, ApiKey::FETCH, 16);
        let response = Response {
            head: Bytes::from_static(&[0; 5]),
            body: Bytes::from_static(&[0; 10]).into(),
            rest: Some(Box::new(Rest::new(2))),
        };
        chain.response(&connection, pending, Reply::Response(response))
    }

    #[test]
    fn policies_change_the_head_and_the_rest_goes_past_a_guard() {
        let Outcome::Reply(Reply::Response(mut response)) = passed(0) else {
            panic!("it is not passed on");
        };
        assert_eq!(response.body_bytes(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 5][..]);
        let rest = response.rest.unwrap();
        let mut guard = rest.guard.unwrap();
        assert_eq!((rest.length, guard.left()), (2, 2));
        assert_eq!(guard.pass(&mut [1, 0]), Ok(2));
    }

    #[test]
    fn a_policy_that_makes_more_of_a_head_ends_the_connection() {
        let Outcome::Close(reason) = passed(1) else {
            panic!("it is no head any more");
        };
        assert!(reason.contains("added a topic"), "{reason}");
    }
}
