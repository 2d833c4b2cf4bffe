//! DeleteAcls: what a filter means is said to the broker in filters that can match nothing of others'.
//!
//! For that, a filter that doesn't name what it is about is looked up first; its ACLs are then deleted resource by
//! resource.

use std::collections::{BTreeMap, BTreeSet};

use keg_codec::message::{Struct, Value};
use keg_codec::walk::WalkError;
use keg_codec::{Api, ApiKey, ErrorCode};

use super::super::Namespace;
use super::super::names::Names;
use super::describe::{pattern, set_pattern};
use super::filter::{Entry, Filter};
use super::pattern::Pattern;
use super::recent::Acl;
use super::{Asked, UNKNOWN_FILTER, scrub, set_error, write};
use crate::message::{Reply, Request, Response};
use crate::policy::{Decision, Note, Question, Withheld};

/// The size of all that is said to the broker of one request for having been looked up. Kafka doesn't delete more than
/// 10,000 ACLs at once, for which this is plenty.
const MOST: usize = 4 << 20;
const TOO_MANY: &str = "The ACLs of too many resources match to be deleted at once.";

/// A request, as far as it has been said in the backend's filters.
#[derive(Debug)]
pub(super) struct Deletion {
    /// The client's filters.
    filters: Vec<Filter>,
    /// What the first of them are on the backend.
    found: Vec<Found>,
    /// The filters for the backend, in the order of the client's that they are for.
    exact: Vec<Filter>,
    /// The size of those that were looked up.
    looked_up: usize,
}

/// How many of the filters that are sent are for one of the client's, or why there are none.
pub(super) type Found = Result<usize, Failure>;

/// An error, and what is said of it.
#[derive(Debug)]
pub(super) struct Failure {
    code: ErrorCode,
    message: Option<String>,
}

impl Deletion {
    pub(super) fn new(body: &Struct) -> Self {
        Self {
            filters: body.elements("Filters").map(Filter::read).collect(),
            found: Vec::new(),
            exact: Vec::new(),
            looked_up: 0,
        }
    }

    /// Goes on to the next look-up, or to the deletion.
    pub(super) fn advance(mut self, namespace: &Namespace, request: &mut Request) -> Result<Decision, WalkError> {
        if self.looked_up > MOST {
            let refused = request.error(ErrorCode::INVALID_REQUEST, Some(TOO_MANY));
            return refused.map(Decision::Answer);
        }
        while let Some(filter) = self.filters.get(self.found.len()) {
            let found = if filter.is_unknown() {
                Err(Failure {
                    code: ErrorCode::INVALID_REQUEST,
                    message: Some(UNKNOWN_FILTER.to_owned()),
                })
            } else {
                let Some(exact) = filter.exact(&namespace.names) else {
                    return question(&filter.superset(&namespace.names), request, self);
                };
                let count = exact.len();
                self.exact.extend(exact);
                Ok(count)
            };
            self.found.push(found);
        }
        self.send(request)
    }

    /// Learns which ACLs the next filter asks for.
    pub(super) fn learn(mut self, namespace: &Namespace, version: i16, reply: Reply) -> Result<Self, WalkError> {
        let (Some(filter), Some(api)) = (self.filters.get(self.found.len()), Api::of(ApiKey::DESCRIBE_ACLS)) else {
            return Ok(self);
        };
        let Reply::Response(mut response) = reply else {
            self.found.push(Err(Failure {
                code: ErrorCode::UNKNOWN_SERVER_ERROR,
                message: None,
            }));
            return Ok(self);
        };
        let names = &namespace.names;
        let mut response = Struct::read(&api.response, version, &response.body_bytes())?;
        let code = response.integer("ErrorCode").unwrap_or_default();
        if code != 0 {
            scrub(names, &mut response);
            let message = response.get("ErrorMessage").and_then(Value::as_text);
            self.found.push(Err(Failure {
                code: ErrorCode(code.try_into().unwrap_or(-1)),
                message: message.map(str::to_owned),
            }));
            return Ok(self);
        }
        let is_asked_for = |pattern: &Pattern| pattern.to_client(names).is_some_and(|it| filter.is_about(&it));
        let mut known: BTreeMap<_, Vec<Entry>> = BTreeMap::new();
        for resource in response.elements("Resources") {
            if let Some(pattern) = pattern(resource) {
                let entries = resource.elements("Acls").map(Entry::read);
                known.entry(pattern).or_default().extend(entries);
            }
        }
        let is_known = |acl: &Acl| known.get(&acl.pattern).is_some_and(|it| it.contains(&acl.entry));
        let recent = namespace.recent_acls.which(is_asked_for, is_known);
        let found: BTreeSet<_> = known.into_keys().filter(is_asked_for).chain(recent).collect();
        let size = |exact: &Filter| size_of::<Filter>() + exact.texts().map(<[u8]>::len).sum::<usize>();
        let before = self.exact.len();
        for pattern in found {
            if self.looked_up > MOST {
                break;
            }
            let exact = Filter::of(pattern, filter.entry.clone());
            self.looked_up += size(&exact);
            self.exact.push(exact);
        }
        self.found.push(Ok(self.exact.len() - before));
        Ok(self)
    }

    fn send(self, request: &mut Request) -> Result<Decision, WalkError> {
        let (api, version) = (request.api, request.version);
        if self.exact.is_empty() {
            let mut answer = Struct::new(api.response.fields, version);
            put_results(&self.found, Vec::new(), &mut answer, version);
            let answer = answer.write(&api.response, version)?;
            return Ok(Decision::Answer(Response::local(api, version, answer)));
        }
        let mut body = Struct::new(api.request.fields, version);
        let filters = self.exact.iter().filter_map(|exact| {
            let mut filter = body.nested("Filters", version)?;
            exact.write(&mut filter);
            Some(Value::Struct(filter))
        });
        body.set("Filters", Value::Array(filters.collect()));
        request.body = write(&body, &api.request, version)?;
        Ok(Decision::Forward(Note::new(Asked::Deleted(self.found))))
    }
}

fn question(filter: &Filter, on_behalf_of: &Request, deletion: Deletion) -> Result<Decision, WalkError> {
    let Some(api) = Api::of(ApiKey::DESCRIBE_ACLS) else {
        return Ok(Decision::Close("keg's tables have no DescribeAcls".to_owned()));
    };
    // The two have the same versions, also with every broker.
    let version = on_behalf_of.version;
    let mut body = Struct::new(api.request.fields, version);
    filter.write(&mut body);
    Ok(Decision::Ask(Question {
        request: Request::local(api, version, &body, on_behalf_of)?,
        note: Note::new(deletion),
    }))
}

/// Puts the results together again, one for each filter of the client's.
pub(super) fn response(names: &Names, found: &[Found], body: &mut Struct, version: i16) -> Result<(), Withheld> {
    let mut answered: Vec<Struct> = body.elements("FilterResults").cloned().collect();
    let asked: usize = found.iter().flatten().sum();
    if answered.len() != asked {
        let answered = answered.len();
        return Err(Withheld::new(format!(
            "the broker has {answered} results for {asked} filters"
        )));
    }
    answered.iter_mut().for_each(|answer| translate(names, answer));
    put_results(found, answered, body, version);
    Ok(())
}

/// Gives the client's names to the ACLs that a filter which was sent has deleted.
fn translate(names: &Names, answer: &mut Struct) {
    scrub(names, answer);
    if let Some(Value::Array(acls)) = answer.get_mut("MatchingAcls") {
        acls.retain_mut(|acl| {
            let Value::Struct(acl) = acl else { return false };
            scrub(names, acl);
            let pattern = pattern(acl).and_then(|pattern| pattern.to_client(names));
            pattern.map(|pattern| set_pattern(acl, pattern)).is_some()
        });
    }
}

/// Sets the results of the client's filters, from those of the filters that were sent.
fn put_results(found: &[Found], answered: Vec<Struct>, answer: &mut Struct, version: i16) {
    let mut answered = answered.into_iter();
    let results = found.iter().filter_map(|found| {
        let mut result = answer.nested("FilterResults", version)?;
        match found {
            Ok(0) => set_error(&mut result, ErrorCode::NONE, None),
            Ok(count) => result = answered.by_ref().take(*count).reduce(together)?,
            Err(Failure { code, message }) => set_error(&mut result, *code, message.as_deref()),
        }
        Some(Value::Struct(result))
    });
    let results = results.collect();
    answer.set("FilterResults", Value::Array(results));
}

/// Two results as one: the first error, or the ACLs of both.
fn together(mut first: Struct, mut second: Struct) -> Struct {
    let failed = |result: &Struct| result.integer("ErrorCode").unwrap_or_default() != 0;
    match (failed(&first), failed(&second)) {
        (true, _) => first,
        (false, true) => second,
        (false, false) => {
            if let (Some(Value::Array(acls)), Some(Value::Array(more))) =
                (first.get_mut("MatchingAcls"), second.get_mut("MatchingAcls"))
            {
                acls.append(more);
            }
            first
        }
    }
}
