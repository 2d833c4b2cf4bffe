//! Responses that go on while they still arrive.
//!
//! A Fetch response may have any size, and holding it costs memory and time. From version 13 on it names topics by ids, so
//! that its length stays the same unless something is added; what is behind its head needs no policy then, but for the
//! hints about nodes, which come last (KIP-951) and are blanked: clients ask for metadata, as they did before the KIP.

use bytes::{BufMut, Bytes, BytesMut};
use keg_codec::schema::{Entity, EntitySet};
use keg_codec::walk::{Passage, WalkError};
use keg_codec::{Api, ApiKey};

use super::{Chain, Pending, Seen};
use crate::connection::Connection;
use crate::message::{Reply, Response};
use crate::policy::{Answer, Outcome};

/// The first version of Fetch that names topics by their ids.
const FIRST_BY_ID: i16 = 13;

/// Throttle time, error code and session id, which stand before the topics.
const FETCH_HEAD: usize = 10;

/// No topics, and no tagged fields.
const NOTHING: [u8; 2] = [1, 0];

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

/// How many bytes of a response's body policies look at before they let the rest pass, where they do.
pub fn streamed_head(api: &Api, version: i16) -> usize {
    if api.key == ApiKey::FETCH && version >= FIRST_BY_ID {
        FETCH_HEAD
    } else {
        0
    }
}

impl Chain {
    /// Whether the response to a request may be handed back while it still arrives.
    pub(super) fn streams(&self, pending: &Pending) -> bool {
        let Pending { api, version, seen, .. } = pending;
        if api.key == ApiKey::API_VERSIONS || seen.is_empty() {
            return api.key != ApiKey::API_VERSIONS;
        }
        streamed_head(api, *version) > 0
            && seen.iter().all(|seen| {
                let policy = self.policies.get(seen.policy);
                policy.is_some_and(|policy| policy.streams(api, *version, &seen.note))
            })
    }

    /// Shows the head of a response to the policies, as a response that has nothing behind it.
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
        let head = response.body_bytes();
        let mut alone = BytesMut::with_capacity(head.len() + NOTHING.len());
        alone.put_slice(&head);
        alone.put_slice(&NOTHING);
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
        let Some(new) = shown.strip_suffix(&NOTHING).filter(|new| new.len() == head.len()) else {
            return Outcome::Close(
                "a policy changed the length of a response of which the rest was passed on".to_owned(),
            );
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

    fn sent(chain: &Chain, key: ApiKey, version: i16) -> (bool, Connection, Pending) {
        let connection = Connection::new("team", "User:ann", Arc::new(Nowhere));
        let api = Api::of(key).unwrap();
        let mut request = Request {
            api,
            version,
            correlation_id: 1,
            head: request_head(api, version, b"me"),
            body: Rope::default(),
            rest: None,
            streams: true,
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
        check(&[], ApiKey::FETCH, 16, true);
        check(&[(true, 0), (true, 0)], ApiKey::FETCH, 13, true);
        check(&[(true, 0), (false, 0)], ApiKey::FETCH, 13, false);
        // Names of topics stand between the records.
        check(&[(true, 0)], ApiKey::FETCH, 12, false);
        // Nobody sees anything of it.
        check(&[], ApiKey::FETCH, 12, true);
        check(&[], ApiKey::HEARTBEAT, 4, true);
        // The gateway's addresses are put into it, or what it serves.
        check(&[], ApiKey::METADATA, 12, false);
        check(&[], ApiKey::API_VERSIONS, 3, false);
    }

    fn passed(adds: usize) -> Outcome<Pending> {
        let chain = chain(&[(true, adds)]);
        let (_, connection, pending) = sent(&chain, ApiKey::FETCH, 16);
        let response = Response {
            head: Bytes::from_static(&[0; 5]),
            body: Bytes::from_static(&[0; FETCH_HEAD]).into(),
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
    fn a_policy_that_changes_the_length_of_a_head_ends_the_connection() {
        let Outcome::Close(reason) = passed(1) else {
            panic!("the lengths are wrong");
        };
        assert!(reason.contains("length"), "{reason}");
    }
}
