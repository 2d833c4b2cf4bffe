//! ACLs of the backend: a client administers those of its namespace's resources, as on a cluster of its own.
//!
//! A name is the backend's as everywhere. All resources of a type, `*`, are under a hidden prefix those whose names begin
//! with it. What is about others' resources, also among others', is neither seen nor touched; principals and hosts are the
//! backend's.

mod create;
mod delete;
mod describe;
mod filter;
mod pattern;
mod recent;

use bytes::Bytes;
use keg_codec::message::{Struct, Value};
use keg_codec::schema::{EntitySet, Message};
use keg_codec::walk::{Edit, Verdict, Visitor, WalkError, walk};
use keg_codec::{ApiKey, ErrorCode, Rope};

use super::Namespace;
use super::names::Names;
use crate::message::{Reply, Request, Response};
use crate::policy::{Answer, Decision, Note, Withheld};
use delete::Deletion;
use pattern::Refusal;
pub(super) use recent::RecentAcls;

/// What is said of a filter whose types can't be told.
const UNKNOWN_FILTER: &str = "A type in the filter is unknown.";

/// Whether requests of this API are about ACLs.
pub(super) fn administers(api: ApiKey) -> bool {
    matches!(api, ApiKey::DESCRIBE_ACLS | ApiKey::CREATE_ACLS | ApiKey::DELETE_ACLS)
}

/// What of the request stands in its response.
#[derive(Debug)]
enum Asked {
    Described(filter::Filter),
    Created(Vec<Option<Refusal>>),
    Deleted(Vec<delete::Found>),
}

/// What becomes of a request.
pub(super) fn request(namespace: &Namespace, request: &mut Request) -> Decision {
    let decision = request.trimmed(|request, body| {
        let body = match read(&request.api.request, request.version, body) {
            Err(WalkError::UnknownTag { .. }) => {
                return Response::error(request.api, request.version, body, ErrorCode::INVALID_REQUEST, None)
                    .map(Decision::Answer);
            }
            body => body?,
        };
        match request.api.key {
            ApiKey::DESCRIBE_ACLS => describe::request(&namespace.names, request, body),
            ApiKey::CREATE_ACLS => create::request(namespace, request, body),
            _ => Deletion::new(&body).advance(namespace, request),
        }
    });
    decision.unwrap_or_else(|error| Decision::Close(request.malformed(&error)))
}

/// What becomes of a request with the answer to what was asked first.
pub(super) fn resume(namespace: &Namespace, request: &mut Request, note: Note, reply: Reply) -> Decision {
    let Some(deletion) = note.take::<Deletion>() else {
        return Decision::Close("nothing was asked about ACLs".to_owned());
    };
    let decision = deletion.learn(namespace, request.version, reply);
    let decision = decision.and_then(|deletion| deletion.advance(namespace, request));
    decision.unwrap_or_else(|error| Decision::Close(format!("the broker's answer about ACLs is malformed: {error}")))
}

/// Makes a response the client's.
pub(super) fn response(names: &Names, answer: Answer<'_>) -> Result<(), Withheld> {
    let (message, version) = (&answer.api.response, answer.version);
    let mut body = Struct::read(message, version, &answer.response.body_bytes()).map_err(Withheld::new)?;
    match answer.note.get() {
        Some(Asked::Described(filter)) => describe::response(names, filter, &mut body),
        Some(Asked::Created(refused)) => create::response(names, refused, &mut body, version)?,
        Some(Asked::Deleted(found)) => delete::response(names, found, &mut body, version)?,
        None => return Err(Withheld::new("it is not known what was asked about ACLs")),
    }
    answer.response.body = write(&body, message, version).map_err(Withheld::new)?;
    Ok(())
}

/// Reads a request of which the tables know all fields: any other may name something, or narrow what is asked for.
fn read(message: &'static Message, version: i16, body: &[u8]) -> Result<Struct, WalkError> {
    walk(message, version, body, &mut KnownFields)?;
    Struct::read(message, version, body)
}

fn write(body: &Struct, message: &'static Message, version: i16) -> Result<Rope, WalkError> {
    Ok(Bytes::from(body.write(message, version)?).into())
}

struct KnownFields;

impl Visitor for KnownFields {
    fn interest(&self) -> EntitySet {
        EntitySet::EMPTY
    }

    fn unknown_tag(&mut self, _tag: u32) -> Verdict {
        Verdict::Refuse
    }
}

/// Says an error where there is a place for it.
fn set_error(fields: &mut Struct, code: ErrorCode, message: Option<&str>) {
    fields.set("ErrorCode", Value::Integer(code.0.into()));
    fields.set("ErrorMessage", message.map_or(Value::Null, Value::text));
}

/// Takes the prefix out of what the broker says of an error.
fn scrub(names: &Names, fields: &mut Struct) {
    if let Some(Value::Bytes(message)) = fields.get_mut("ErrorMessage")
        && let Edit::Replace(scrubbed) = names.scrub(message)
    {
        *message = scrubbed.into_owned();
    }
}
