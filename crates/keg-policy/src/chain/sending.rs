//! Requests that go on while they still arrive.
//!
//! A request that nobody wants to see passes as it is. A Produce request of one topic has all that policies look at before
//! its records, so that they are shown what stands there as a request without partitions; what they make of the name tells
//! how long the request becomes. A guard holds the rest to what it should be: partitions of that topic, and nothing else.

use bytes::{BufMut, Bytes, BytesMut};
use keg_codec::schema::EntitySet;
use keg_codec::walk::Passage;
use keg_codec::{Api, ApiKey, ProduceHead};

use super::streaming::Rest;
use super::{Chain, Pending};
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::Outcome;

/// How many bytes of a request's body must be with a [`Rest`] that goes on while it arrives. `beginning` is what there is
/// of the body.
///
/// `None` if the request can't be taken before it is whole.
pub fn request_head(api: &Api, version: i16, beginning: &[u8]) -> Option<usize> {
    match api.key {
        ApiKey::PRODUCE => ProduceHead::of(api, version, beginning).map(|head| head.length),
        // Who a client is, and what it is told of the gateway, is nothing to pass on.
        ApiKey::API_VERSIONS | ApiKey::SASL_HANDSHAKE | ApiKey::SASL_AUTHENTICATE => None,
        _ => Some(0),
    }
}

impl Chain {
    /// Takes a request of which the rest is still to come. Unless it is forwarded, it must come whole.
    pub(super) fn begin(&self, connection: &Connection, request: &mut Request, rest: Box<Rest>) -> Outcome<Pending> {
        let begun = match self.served.interested(request.api.key, request.version) {
            None => None,
            Some(seen) if seen.iter().any(|it| it.request) => self.begin_produce(connection, request, rest),
            // An error in the place of a response that is withheld would need the request.
            Some(seen) if request.api.key != ApiKey::PRODUCE && seen.iter().any(|it| it.response) => None,
            Some(_) => match self.forward(connection, request, 0) {
                Outcome::Forward(pending) => Some((pending, rest)),
                _ => None,
            },
        };
        let Some((mut pending, rest)) = begun else {
            return Outcome::Reply(Reply::Whole);
        };
        request.rest = Some(rest);
        request.streams = request.streams.and(self.streams(connection, &mut pending));
        Outcome::Forward(pending)
    }

    /// Shows the head of a Produce request to the policies, if none of them has to see more.
    fn begin_produce(
        &self,
        connection: &Connection,
        request: &mut Request,
        mut rest: Box<Rest>,
    ) -> Option<(Pending, Box<Rest>)> {
        let (api, version) = (request.api, request.version);
        let nothing = ProduceHead::without_partitions(api, version);
        let head = request.body_bytes();
        let found = one_topic(api, version, &head)?;
        let mut body = BytesMut::with_capacity(head.len() + nothing.len());
        body.put_slice(&head);
        body.put_slice(nothing);
        let mut alone = Request {
            body: body.freeze().into(),
            ..request.clone()
        };
        let mut interested = self.served.interested(api.key, version)?.iter().filter(|it| it.request);
        let streams = interested.all(|it| {
            let policy = self.policies.get(it.policy);
            policy.is_some_and(|policy| policy.streams_request(connection, &alone))
        });
        if !streams {
            return None;
        }
        // What a policy has found out meanwhile may make it decide otherwise: then it decides again on the whole.
        let Outcome::Forward(pending) = self.forward(connection, &mut alone, 0) else {
            return None;
        };
        let shown = alone.body_bytes();
        let head = shown.strip_suffix(nothing)?;
        one_topic(api, version, head)?;
        let guard = Passage::new(&api.request, version, head.len() + rest.length, EntitySet::EMPTY)?;
        let mut guard = guard.without_unknown_tags();
        if !found.transactional {
            // Brokers refuse them, and so may a policy that hasn't seen them.
            guard = guard.without_transactions();
        }
        let passed = guard.pass(&mut head.to_vec()).ok()?.count;
        rest.guard = (passed == head.len()).then_some(guard);
        rest.guard.as_ref()?;
        request.body = Bytes::copy_from_slice(head).into();
        Some((pending, rest))
    }
}

/// What these bytes are, if they are the head of a request of one topic.
fn one_topic(api: &Api, version: i16, head: &[u8]) -> Option<ProduceHead> {
    ProduceHead::of(api, version, head).filter(|found| found.topics == 1 && found.length == head.len())
}
