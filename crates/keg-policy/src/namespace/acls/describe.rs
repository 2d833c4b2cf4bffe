//! DescribeAcls: the broker is asked for more, and of that the client gets what it asked for.

use keg_codec::ErrorCode;
use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;

use super::super::names::Names;
use super::filter::{Filter, bytes};
use super::pattern::Pattern;
use super::{Asked, UNKNOWN_FILTER, scrub, write};
use crate::message::Request;
use crate::policy::{Decision, Note};

pub(super) fn request(names: &Names, request: &mut Request, mut body: Struct) -> Result<Decision, WalkError> {
    let filter = Filter::read(&body);
    if filter.is_unknown() {
        let refused = request.error(ErrorCode::INVALID_REQUEST, Some(UNKNOWN_FILTER));
        return refused.map(Decision::Answer);
    }
    filter.superset(names).write(&mut body);
    request.body = write(&body, &request.api.request, request.version)?;
    Ok(Decision::Forward(Note::new(Asked::Described(filter))))
}

pub(super) fn response(names: &Names, filter: &Filter, body: &mut Struct) {
    scrub(names, body);
    if let Some(Value::Array(resources)) = body.get_mut("Resources") {
        resources.retain_mut(|resource| {
            let Value::Struct(resource) = resource else {
                return false;
            };
            let pattern = pattern(resource).and_then(|pattern| pattern.to_client(names));
            let Some(pattern) = pattern.filter(|pattern| filter.is_about(pattern)) else {
                return false;
            };
            set_pattern(resource, pattern);
            true
        });
    }
}

/// What an element of a response is about.
pub(super) fn pattern(fields: &Struct) -> Option<Pattern> {
    Some(Pattern {
        resource_type: fields.integer("ResourceType").unwrap_or_default(),
        pattern_type: fields.integer("PatternType").unwrap_or_default(),
        name: bytes(fields, "ResourceName")?,
    })
}

pub(super) fn set_pattern(fields: &mut Struct, pattern: Pattern) {
    fields.set("PatternType", Value::Integer(pattern.pattern_type));
    fields.set("ResourceName", Value::Bytes(pattern.name.into()));
}
