//! Fetch: how long the parts of a request wait.

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, Rope};

/// Makes a broker answer with what it has.
pub(super) fn without_waiting(api: &'static Api, version: i16, body: Rope) -> Result<Rope, WalkError> {
    let mut request = Struct::read(&api.request, version, &body.into_bytes())?;
    request.set("MaxWaitMs", Value::Integer(0));
    Ok(Bytes::from(request.write(&api.request, version)?).into())
}

/// Whether there is something in the answers that the client needn't wait for.
pub(super) fn found_something(answers: &[Struct]) -> bool {
    let has_something = |partition: &Struct| {
        let has_records = matches!(partition.get("Records"), Some(Value::Bytes(records)) if !records.is_empty());
        has_records || partition.get("ErrorCode") != Some(&Value::Integer(0))
    };
    answers.iter().any(|answer| {
        nested(answer, "Responses").any(|topic| nested(topic, "Partitions").any(has_something))
            || answer.get("ErrorCode") != Some(&Value::Integer(0))
    })
}

fn nested<'a>(of: &'a Struct, name: &str) -> impl Iterator<Item = &'a Struct> {
    let elements = of.get(name).and_then(Value::as_array).unwrap_or_default();
    elements.iter().filter_map(Value::as_struct)
}
