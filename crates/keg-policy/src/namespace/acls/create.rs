//! CreateAcls: each creation is admitted or refused on its own.

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;

use super::super::Namespace;
use super::super::names::Names;
use super::filter::{Entry, bytes};
use super::pattern::{Pattern, Refusal};
use super::recent::Acl;
use super::{Asked, scrub, set_error, write};
use crate::message::{Request, Response};
use crate::policy::{Decision, Note, Withheld};

pub(super) fn request(namespace: &Namespace, request: &mut Request, mut body: Struct) -> Result<Decision, WalkError> {
    let (api, version) = (request.api, request.version);
    let mut refused = Vec::new();
    let mut made = Vec::new();
    if let Some(Value::Array(creations)) = body.get_mut("Creations") {
        creations.retain_mut(|creation| {
            let Value::Struct(creation) = creation else {
                return false;
            };
            let outcome = admit(&namespace.names, creation);
            refused.push(outcome.as_ref().err().copied());
            made.extend(outcome.ok());
            refused.last().is_some_and(Option::is_none)
        });
    }
    if made.is_empty() && !refused.is_empty() {
        let mut answer = Struct::new(api.response.fields, version);
        let results = refused
            .iter()
            .flatten()
            .filter_map(|refusal| result(&answer, *refusal, version));
        let results = results.collect();
        answer.set("Results", Value::Array(results));
        let answer = answer.write(&api.response, version)?;
        return Ok(Decision::Answer(Response::local(api, version, answer)));
    }
    namespace.recent_acls.made(made);
    request.body = write(&body, &api.request, version)?;
    Ok(Decision::Forward(Note::new(Asked::Created(refused))))
}

/// Makes a creation the backend's.
fn admit(names: &Names, creation: &mut Struct) -> Result<Acl, Refusal> {
    let pattern = Pattern {
        resource_type: creation.integer("ResourceType").unwrap_or_default(),
        pattern_type: creation.integer("ResourcePatternType").unwrap_or_default(),
        name: bytes(creation, "ResourceName").unwrap_or_default(),
    };
    let pattern = pattern.to_backend(names)?;
    // Brokers end the connection for these.
    if creation.integer("Operation").unwrap_or_default() == 0 {
        return Err(Refusal::invalid("Invalid operation UNKNOWN"));
    }
    if creation.integer("PermissionType").unwrap_or_default() == 0 {
        return Err(Refusal::invalid("Invalid permissionType UNKNOWN"));
    }
    creation.set("ResourcePatternType", Value::Integer(pattern.pattern_type));
    creation.set("ResourceName", Value::Bytes(pattern.name.to_vec()));
    let entry = Entry::read(creation);
    Ok(Acl { pattern, entry })
}

/// The result of a creation that is refused.
fn result(answer: &Struct, refusal: Refusal, version: i16) -> Option<Value> {
    let mut result = answer.nested("Results", version)?;
    set_error(&mut result, refusal.code, Some(refusal.message));
    Some(Value::Struct(result))
}

/// Puts the results of all creations in the order in which they were asked for.
pub(super) fn response(
    names: &Names,
    refused: &[Option<Refusal>],
    body: &mut Struct,
    version: i16,
) -> Result<(), Withheld> {
    let admitted = refused.iter().filter(|refusal| refusal.is_none()).count();
    let answered = body.elements("Results").cloned().collect::<Vec<_>>();
    if answered.len() != admitted {
        let answered = answered.len();
        return Err(Withheld::new(format!(
            "the broker has {answered} results for {admitted} creations"
        )));
    }
    let mut answered = answered.into_iter().map(|mut answer| {
        scrub(names, &mut answer);
        Value::Struct(answer)
    });
    let results = refused.iter().filter_map(|refusal| match refusal {
        Some(refusal) => result(body, *refusal, version),
        None => answered.next(),
    });
    let results = results.collect();
    body.set("Results", Value::Array(results));
    Ok(())
}
