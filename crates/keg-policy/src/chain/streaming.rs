//! Responses that go on while they still arrive.
//!
//! A Fetch response may have any size, and holding it costs memory and time. From version 13 on it names topics by ids, so
//! that its length stays the same unless something is added. Before, names stand between the records. Where they all lose the
//! same beginning, their number tells how long the response becomes; where there is only one, it stands in front of all
//! records and is shown to the policies. What is behind such a head needs no policy then: a guard sees to the names, and blanks
//! the hints about nodes, which come last (KIP-951). Clients ask for metadata, as they did before the KIP.

use std::sync::Arc;

use keg_codec::walk::Passage;
use keg_codec::{Api, ApiKey, FetchHead};

use super::head::Head;
use super::{Chain, Pending, malformed};
use crate::connection::Connection;
use crate::message::{Reply, Response, Streams};
use crate::policy::{Answer, Outcome};

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

/// What becomes of the names of topics that stand between the records of a response that is passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamedNames {
    /// They stay as they are.
    Kept,
    /// All have to begin so, which is left out if it is hidden.
    Beginning {
        /// With what: not more than 255 bytes, as names of topics have.
        with: Arc<[u8]>,
        /// Whether it is kept from the client.
        hidden: bool,
    },
}

/// How many bytes of a response's body must be there before the rest may pass. `beginning` is what there is of the body.
///
/// `None` if it needs all of them, or more than there is.
pub fn streamed_head(streams: Streams, api: &Api, version: i16, beginning: &[u8]) -> Option<usize> {
    let head = match streams {
        Streams::No => None,
        Streams::Unseen => return Some(0),
        Streams::BehindHead => FetchHead::of(api, version, beginning),
        Streams::BehindName => FetchHead::with_name(api, version, beginning),
    };
    head.map(|head| head.length)
}

impl Chain {
    /// How the response to a request may be handed back while it still arrives.
    pub(super) fn streams(&self, connection: &Connection, pending: &mut Pending) -> Streams {
        let (api, version) = (pending.api, pending.version);
        match api.key {
            ApiKey::API_VERSIONS => Streams::No,
            _ if pending.refused.is_some() => Streams::No,
            _ if self.awaiting(pending).next().is_none() => Streams::Unseen,
            ApiKey::FETCH
                if self
                    .awaiting(pending)
                    .all(|(policy, note, _)| policy.streams(api, version, note)) =>
            {
                // Kept, since requests that come meanwhile may make it another one.
                pending.names = self.streamed_names(connection, pending);
                match pending.names {
                    Some(_) => Streams::BehindHead,
                    None => Streams::BehindName,
                }
            }
            _ => Streams::No,
        }
    }

    /// What becomes of all names that are behind the head of a response; `None` if that isn't the same for all of them.
    fn streamed_names(&self, connection: &Connection, pending: &Pending) -> Option<StreamedNames> {
        let mut names = StreamedNames::Kept;
        if !FetchHead::has_names(pending.version) {
            return Some(names);
        }
        for (policy, note, _) in self.awaiting(pending) {
            match policy.streamed_names(connection, note)? {
                StreamedNames::Kept => {}
                beginning if names == StreamedNames::Kept => names = beginning,
                StreamedNames::Beginning { .. } => return None,
            }
        }
        Some(names)
    }

    /// Shows the head of a response to the policies, as a response that has no records behind it.
    pub(super) fn pass(
        &self,
        connection: &Connection,
        mut pending: Pending,
        mut response: Response,
        mut rest: Box<Rest>,
    ) -> Outcome<Pending> {
        if self.awaiting(&pending).next().is_none() {
            response.rest = Some(rest);
            return Outcome::Reply(Reply::Response(response));
        }
        let api = pending.api;
        let names = pending.names.take();
        let body = response.body_bytes();
        let Some(head) = Head::of(api, pending.version, &body, names) else {
            return Outcome::Close(format!("the broker's {} response is malformed", api.name));
        };
        response.body = head.alone(&body).into();
        if let Err(reason) = self.show(connection, &pending, &mut response) {
            return Outcome::Close(reason);
        }
        let shown = response.body_bytes();
        let Some(shown) = head.of_shown(&shown, &body) else {
            return Outcome::Close(format!(
                "a policy added a topic to a {} response of which the rest was passed on, or left out the only one",
                api.name
            ));
        };
        match head.guarded(shown, &mut rest) {
            Ok(body) => {
                response.body = body.into();
                response.rest = Some(rest);
                Outcome::Reply(Reply::Response(response))
            }
            Err(error) => malformed(api, &error),
        }
    }

    /// Shows a response to the policies that saw its request, and gives why it must not reach the client.
    fn show(&self, connection: &Connection, pending: &Pending, response: &mut Response) -> Result<(), String> {
        for (policy, note, _) in self.awaiting(pending).rev() {
            let answer = Answer {
                api: pending.api,
                version: pending.version,
                note,
                response,
            };
            policy
                .response(connection, answer)
                .map_err(|withheld| withheld.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use keg_codec::Rope;
    use keg_codec::header::request_head;

    use super::*;
    use crate::BrokerAddresses;
    use crate::message::Request;
    use crate::policy::{Decision, Interest, Note, Policy, Withheld};

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

    fn sent(chain: &Chain, key: ApiKey, version: i16) -> (Streams, Arc<Connection>, Pending) {
        let connection = crate::testing::connection();
        let api = Api::of(key).unwrap();
        let mut request = Request {
            api,
            version,
            correlation_id: 1,
            head: request_head(api, version, b"me"),
            body: Rope::default(),
            rest: None,
            streams: Streams::Unseen,
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
        // What it makes of names, it doesn't say.
        check(&[(true, 0)], ApiKey::FETCH, 12, Streams::BehindName);
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
            body: Bytes::from_static(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]).into(),
            rest: Some(Box::new(Rest::new(1))),
        };
        chain.response(&connection, pending, Reply::Response(response))
    }

    #[test]
    fn policies_change_the_head_and_the_rest_goes_past_a_guard() {
        let Outcome::Reply(Reply::Response(mut response)) = passed(0) else {
            panic!("it is not passed on");
        };
        assert_eq!(response.body_bytes(), [0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 1][..]);
        let rest = response.rest.unwrap();
        let mut guard = rest.guard.unwrap();
        assert_eq!((rest.length, guard.left()), (1, 1));
        assert_eq!(guard.pass(&mut [0]).map(|passed| passed.count), Ok(1));
    }

    #[test]
    fn a_policy_that_makes_more_of_a_head_ends_the_connection() {
        let Outcome::Close(reason) = passed(1) else {
            panic!("it is no head any more");
        };
        assert!(reason.contains("added a topic"), "{reason}");
    }
}
