//! Requests that go on while they still arrive.
//!
//! A request that nobody wants to see passes as it is. A Produce request of one topic has all that policies look at before
//! its records, so that they are shown what stands there as a request without partitions; what they make of the name tells
//! how long the request becomes. A guard holds the rest to what it should be: partitions of that topic, and nothing else.
//! There may be several where ids stay of one length, and names all become longer by as much: the guard asks the policies for each.

use std::sync::Arc;

use bytes::Bytes;
use keg_codec::schema::EntitySet;
use keg_codec::walk::Passage;
use keg_codec::{Api, ApiKey, ProduceHead};

use super::streaming::Rest;
use super::topics::{self, Topics};
use super::{Chain, Pending};
use crate::connection::Connection;
use crate::message::{Reply, Request};
use crate::policy::{Outcome, Policy};

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
    pub(super) fn begin(
        &self,
        connection: &Arc<Connection>,
        request: &mut Request,
        rest: Box<Rest>,
    ) -> Outcome<Pending> {
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
        connection: &Arc<Connection>,
        request: &mut Request,
        mut rest: Box<Rest>,
    ) -> Option<(Pending, Box<Rest>)> {
        let (api, version) = (request.api, request.version);
        let head = request.body_bytes();
        let found = whole_head(api, version, &head)?;
        let policies = self.interested_in_request(api, version);
        let has_several = found.topics > 1;
        if has_several {
            let can_be_told = !request.body.is_silent(api, version) && found.topics <= topics::MOST;
            let decides_on_each = policies.clone().all(|policy| policy.streams_topics(version));
            let tells_of_all = topics::tells_of_all(version, found.named(&head));
            if !can_be_told || !decides_on_each || !tells_of_all || topics::comes_whole(connection, version) {
                return None;
            }
        }
        let mut alone = Request {
            body: Bytes::from(found.alone(api, version, &head)).into(),
            ..request.clone()
        };
        if !policies
            .clone()
            .all(|policy| policy.streams_request(connection, &alone))
        {
            return None;
        }
        // What a policy has found out meanwhile may make it decide otherwise: then it decides again on the whole.
        let Outcome::Forward(mut pending) = self.forward(connection, &mut alone, 0) else {
            return None;
        };
        let shown = alone.body_bytes();
        let shown = shown.strip_suffix(ProduceHead::without_partitions(api, version))?;
        let again = whole_head(api, version, shown).filter(|found| found.topics == 1)?;
        let mut topics =
            has_several.then(|| Topics::new(policies.cloned().collect(), connection, pending.client_id.as_ref()));
        if ProduceHead::has_names(version)
            && let Some(several) = topics
        {
            topics = Some(several.like(found.named(&head), again.named(shown))?);
        }
        let mut head = [
            shown.get(..again.counted_at)?,
            head.get(found.counted_at..found.first_topic)?,
            shown.get(again.first_topic..)?,
        ]
        .concat();
        let guard = Passage::new(&api.request, version, head.len() + rest.length, EntitySet::EMPTY)?;
        let mut guard = guard.without_unknown_tags();
        if !found.transactional {
            // Brokers refuse them, and so may a policy that hasn't seen them.
            guard = guard.without_transactions();
        }
        // As it is: nothing is hidden or left out.
        let passed = guard.pass(&mut head).ok()?.count;
        if passed < head.len() {
            return None;
        }
        if let Some(topics) = topics {
            pending.refused = Some(topics.refused());
            guard = topics.guard(version, guard)?;
            let grown = guard.growth().checked_mul(found.topics - 1)?;
            rest.length = rest.length.checked_add(grown)?;
        }
        rest.guard = Some(guard);
        request.body = Bytes::from(head).into();
        Some((pending, rest))
    }

    /// The policies that are to see a request, the client's side first.
    fn interested_in_request(&self, api: &Api, version: i16) -> impl Iterator<Item = &Arc<dyn Policy>> + Clone {
        let interested = self.served.interested(api.key, version).unwrap_or_default();
        let interested = interested.iter().filter(|it| it.request);
        interested.filter_map(|it| self.policies.get(it.policy))
    }
}

/// What these bytes are, if they are the head of a request and nothing else.
fn whole_head(api: &Api, version: i16, head: &[u8]) -> Option<ProduceHead> {
    ProduceHead::of(api, version, head).filter(|found| found.length == head.len())
}
