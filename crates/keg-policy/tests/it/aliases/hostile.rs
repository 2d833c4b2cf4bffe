//! Bytes of peers that are not what they say.

use std::sync::LazyLock;

use keg_codec::Api;
use keg_codec::walk::check;
use keg_policy::{Outcome, Reply, Response};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::every_message::{both_answered, both_names, names_topics};
use super::play::{ALIAS, id, plain, teach};
use crate::support::names::TOPIC;
use crate::support::{Gateway, request};

/// A gateway that knows its aliases, and every version in which they can stand.
static GATEWAY: LazyLock<(Gateway, Vec<(&'static Api, i16)>)> = LazyLock::new(|| {
    let gateway = plain(&[(ALIAS, TOPIC), ("second", TOPIC)]);
    teach(&gateway, ALIAS, TOPIC, &id());
    // What the policy does not look at goes on as it came.
    let served = gateway
        .served()
        .filter(|(api, version)| names_topics(api, *version, &id()));
    let served = served.collect();
    (gateway, served)
});

fn disturbed(mut bytes: Vec<u8>, by: &[(Index, u8)]) -> Vec<u8> {
    for (place, value) in by {
        let at = place.index(bytes.len().max(1));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = *value;
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_goes_on_is_a_message_whatever_came(
        which: Index,
        in_request in vec((any::<Index>(), any::<u8>()), 0..4),
        in_response in vec((any::<Index>(), any::<u8>()), 0..4),
    ) {
        let (gateway, served) = &*GATEWAY;
        let (api, version) = served[which.index(served.len())];
        let body = both_names(api, version).write(&api.request, version).unwrap();
        let mut asked = request(api.key, version, disturbed(body, &in_request));
        let mut outcome = gateway.chain.request(&gateway.connection, &mut asked);
        for turn in 0.. {
            prop_assert!(turn < 5, "it goes round: {} v{version}", api.name);
            let asking = match outcome {
                Outcome::Ask(asking) => asking,
                Outcome::Forward(pending) => {
                    prop_assert_eq!(check(&api.request, version, &asked.body_bytes()), Ok(()));
                    let body = both_answered(api, version).write(&api.response, version).unwrap();
                    let reply = Response::local(api, version, disturbed(body, &in_response));
                    let reply = gateway.chain.response(&gateway.connection, pending, Reply::Response(reply));
                    if let Outcome::Reply(Reply::Response(mut response)) = reply
                        && in_response.is_empty()
                    {
                        prop_assert_eq!(check(&api.response, version, &response.body_bytes()), Ok(()));
                    }
                    break;
                }
                Outcome::Reply(Reply::Response(mut response)) => {
                    prop_assert_eq!(check(&api.response, version, &response.body_bytes()), Ok(()));
                    break;
                }
                Outcome::Reply(Reply::Silent | Reply::Whole) | Outcome::Close(_) => break,
            };
            let mut question = asking.question();
            let (api, version) = (question.api, question.version);
            prop_assert_eq!(check(&api.request, version, &question.body_bytes()), Ok(()));
            let body = both_answered(api, version).write(&api.response, version).unwrap();
            let reply = Response::local(api, version, disturbed(body, &in_response));
            outcome = gateway.chain.resume(&gateway.connection, &mut asked, asking, Reply::Response(reply));
        }
    }
}
