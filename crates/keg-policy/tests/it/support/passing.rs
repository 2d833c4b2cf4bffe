//! Messages that go on while they still arrive, of a client that knows a topic by its id, too.

use std::sync::Arc;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::{Passed, WalkError};
use keg_policy::{BrokerAddresses, Policy, Rest};

use super::message::values;
use super::random::Choices;
use super::{Gateway, answering, text};

/// The topic's id.
pub(crate) const ID: [u8; 16] = [1; 16];

/// A virtual cluster whose client has asked so for metadata, and was told of a topic that the backend calls this.
pub(crate) fn gateway(mut policies: Vec<Arc<dyn Policy>>, asked: &Struct, backend_name: &str) -> Gateway {
    policies.push(Arc::new(BrokerAddresses));
    let gateway = Gateway::of(policies);
    let answer = answering(
        ApiKey::METADATA,
        12,
        &[
            ("Topics.0.Name", text(backend_name)),
            ("Topics.0.TopicId", Value::Uuid(ID)),
        ],
    );
    let seen = gateway.exchange(ApiKey::METADATA, 12, asked, &answer);
    assert_eq!(values(&seen, "Topics.*.TopicId"), [&Value::Uuid(ID)]);
    gateway
}

/// What becomes of the rest of a message behind its head, which comes in pieces of any size; never more or less than was told.
pub(crate) fn follow(
    head: &[u8],
    told: Rest,
    mut rest: &[u8],
    choices: &mut Choices<'_>,
) -> Result<Vec<u8>, WalkError> {
    let mut out = head.to_vec();
    let Some(mut guard) = told.guard else {
        assert_eq!(told.length, rest.len());
        out.extend(rest);
        return Ok(out);
    };
    let mut waiting = Vec::new();
    while !rest.is_empty() {
        let (next, behind) = rest.split_at(rest.len().min(1 + choices.below(60)));
        waiting.extend_from_slice(next);
        rest = behind;
        loop {
            let Passed { count, left_out } = guard.pass(&mut waiting)?;
            out.extend(waiting.drain(..count));
            waiting.drain(..left_out);
            out.extend(guard.instead());
            if left_out == 0 {
                break;
            }
        }
    }
    assert_eq!((guard.left(), waiting.len()), (0, 0));
    assert_eq!(out.len(), head.len() + told.length);
    Ok(out)
}
