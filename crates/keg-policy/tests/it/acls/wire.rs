//! Messages about ACLs, and a backend that answers them.

use std::collections::BTreeSet;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};

use super::{Acl, Ask, Cluster};
use crate::support::message::{count, ints, texts};
use crate::support::{Fate, Gateway, answering, asking, int, null, text};

const ALLOW: i64 = 3;

pub(crate) fn describe(ask: &Ask, version: i16) -> Struct {
    let fields = filter("", ask);
    asking(ApiKey::DESCRIBE_ACLS, version, &borrowed(&fields))
}

pub(crate) fn delete(asks: &[Ask], version: i16) -> Struct {
    let filters = asks.iter().enumerate();
    let fields: Vec<_> = filters
        .flat_map(|(at, ask)| filter(&format!("Filters.{at}."), ask))
        .collect();
    asking(ApiKey::DELETE_ACLS, version, &borrowed(&fields))
}

pub(crate) fn create(acls: &[Acl], version: i16) -> Struct {
    let creations = acls.iter().enumerate();
    let fields: Vec<_> = creations
        .flat_map(|(at, acl)| {
            let path = format!("Creations.{at}.");
            let pattern = (format!("{path}ResourcePatternType"), int(acl.pattern));
            named(&path, acl).into_iter().chain([pattern])
        })
        .collect();
    asking(ApiKey::CREATE_ACLS, version, &borrowed(&fields))
}

/// The ACLs of a DescribeAcls response.
pub(crate) fn described(response: &Struct) -> BTreeSet<Acl> {
    assert_eq!(ints(response, "ErrorCode"), [0]);
    let resources = 0..count(response, "Resources");
    resources
        .flat_map(|at| {
            let path = format!("Resources.{at}.");
            let number = |field| ints(response, &format!("{path}{field}"))[0];
            let (resource_type, pattern) = (number("ResourceType"), number("PatternType"));
            let name = texts(response, &format!("{path}ResourceName")).remove(0);
            entries(response, &format!("{path}Acls."), move |principal, operation| Acl {
                resource_type,
                pattern,
                name: name.clone(),
                principal,
                operation,
            })
        })
        .collect()
}

/// The ACLs of each result of a DeleteAcls response.
pub(crate) fn deleted(response: &Struct) -> Vec<BTreeSet<Acl>> {
    let results = 0..count(response, "FilterResults");
    results
        .map(|at| {
            let path = format!("FilterResults.{at}.");
            assert_eq!(ints(response, &format!("{path}ErrorCode")), [0]);
            let path = format!("{path}MatchingAcls.*.");
            acls(response, &path, "PatternType").into_iter().collect()
        })
        .collect()
}

fn acls(from: &Struct, path: &str, pattern: &str) -> Vec<Acl> {
    let numbers = |field| ints(from, &format!("{path}{field}"));
    let strings = |field| texts(from, &format!("{path}{field}"));
    let (types, patterns, operations) = (numbers("ResourceType"), numbers(pattern), numbers("Operation"));
    let (names, principals) = (strings("ResourceName"), strings("Principal"));
    (0..types.len())
        .map(|at| Acl {
            resource_type: types[at],
            pattern: patterns[at],
            name: names[at].clone(),
            principal: principals[at].clone(),
            operation: operations[at],
        })
        .collect()
}

fn entries(from: &Struct, path: &str, acl: impl Fn(String, i64) -> Acl) -> Vec<Acl> {
    let principals = texts(from, &format!("{path}*.Principal"));
    let operations = ints(from, &format!("{path}*.Operation"));
    principals
        .into_iter()
        .zip(operations)
        .map(|(principal, operation)| acl(principal, operation))
        .collect()
}

fn filter(path: &str, ask: &Ask) -> Vec<(String, Value)> {
    let nullable = |value: &Option<String>| value.as_deref().map_or_else(null, text);
    vec![
        (format!("{path}ResourceTypeFilter"), int(ask.resource_type)),
        (format!("{path}ResourceNameFilter"), nullable(&ask.name)),
        (format!("{path}PatternTypeFilter"), int(ask.pattern)),
        (format!("{path}PrincipalFilter"), nullable(&ask.principal)),
        (format!("{path}HostFilter"), null()),
        (format!("{path}Operation"), int(ask.operation)),
        (format!("{path}PermissionType"), int(ALLOW)),
    ]
}

fn named(path: &str, acl: &Acl) -> Vec<(String, Value)> {
    let mut fields = entry(path, acl);
    fields.push((format!("{path}ResourceType"), int(acl.resource_type)));
    fields.push((format!("{path}ResourceName"), text(&acl.name)));
    fields
}

fn entry(path: &str, acl: &Acl) -> Vec<(String, Value)> {
    vec![
        (format!("{path}Principal"), text(&acl.principal)),
        (format!("{path}Host"), text("*")),
        (format!("{path}Operation"), int(acl.operation)),
        (format!("{path}PermissionType"), int(ALLOW)),
    ]
}

fn borrowed(fields: &[(String, Value)]) -> Vec<(&str, Value)> {
    fields
        .iter()
        .map(|(path, value)| (path.as_str(), value.clone()))
        .collect()
}

/// The filters of a request, as a broker reads them.
pub(crate) fn filters(request: &Struct, path: &str) -> Vec<Ask> {
    let numbers = |field| ints(request, &format!("{path}{field}"));
    let nullable = |field: &str| -> Vec<Option<String>> {
        let values = crate::support::message::values(request, &format!("{path}{field}"));
        values
            .into_iter()
            .map(|value| value.as_text().map(str::to_owned))
            .collect()
    };
    let (types, patterns, operations) = (
        numbers("ResourceTypeFilter"),
        numbers("PatternTypeFilter"),
        numbers("Operation"),
    );
    let (names, principals) = (nullable("ResourceNameFilter"), nullable("PrincipalFilter"));
    (0..types.len())
        .map(|at| Ask {
            resource_type: types[at],
            pattern: patterns[at],
            name: names[at].clone(),
            principal: principals[at].clone(),
            operation: operations[at],
        })
        .collect()
}

/// What a broker answers; what it describes may be what there was before.
pub(crate) fn answer(backend: &mut Cluster, seen: &Cluster, key: ApiKey, version: i16, request: &Struct) -> Struct {
    let mut fields: Vec<(String, Value)> = Vec::new();
    match key {
        ApiKey::DESCRIBE_ACLS => {
            // Each ACL in a resource of its own, and all of one resource in one: brokers send the latter.
            let ask = filters(request, "").remove(0);
            let mut resources: Vec<(i64, i64, String, usize)> = Vec::new();
            for acl in seen.describe(&ask) {
                let is_same =
                    |it: &(i64, i64, String, usize)| (it.0, it.1, &it.2) == (acl.resource_type, acl.pattern, &acl.name);
                let at = resources.iter().position(is_same).unwrap_or_else(|| {
                    resources.push((acl.resource_type, acl.pattern, acl.name.clone(), 0));
                    resources.len() - 1
                });
                let path = format!("Resources.{at}.");
                fields.push((format!("{path}ResourceType"), int(acl.resource_type)));
                fields.push((format!("{path}ResourceName"), text(&acl.name)));
                fields.push((format!("{path}PatternType"), int(acl.pattern)));
                fields.extend(entry(&format!("{path}Acls.{}.", resources[at].3), &acl));
                resources[at].3 += 1;
            }
        }
        ApiKey::CREATE_ACLS => {
            for (at, acl) in acls(request, "Creations.*.", "ResourcePatternType").iter().enumerate() {
                fields.push((format!("Results.{at}.ErrorCode"), int(backend.create(acl))));
            }
        }
        _ => {
            for (at, found) in backend.delete(&filters(request, "Filters.*.")).into_iter().enumerate() {
                let result = format!("FilterResults.{at}.");
                fields.push((format!("{result}ErrorCode"), int(0)));
                fields.push((format!("{result}ErrorMessage"), null()));
                for (at, acl) in found.iter().enumerate() {
                    let path = format!("{result}MatchingAcls.{at}.");
                    fields.extend(named(&path, acl));
                    fields.push((format!("{path}PatternType"), int(acl.pattern)));
                }
            }
        }
    }
    answering(key, version, &borrowed(&fields))
}

/// What the client gets for a request, through the gateway from a backend of which the broker has seen this.
pub(crate) fn exchange(
    gateway: &Gateway,
    backend: &mut Cluster,
    seen: &Cluster,
    key: ApiKey,
    version: i16,
    request: &Struct,
) -> Struct {
    let mut fate = gateway.ask(key, version, request);
    loop {
        fate = match fate {
            Fate::Answered(response) => return response,
            Fate::Closed(reason) => panic!("{key:?} v{version}: {reason}"),
            Fate::Forwarded(sent, pending) => {
                let response = answer(backend, seen, key, version, &sent);
                return gateway.answer(key, version, pending, &response);
            }
            Fate::Waits(request, asking) => {
                let mut question = asking.question();
                assert_eq!((question.api.key, question.version), (ApiKey::DESCRIBE_ACLS, version));
                let asked = Struct::read(&question.api.request, version, &question.body_bytes()).unwrap();
                let response = answer(backend, seen, ApiKey::DESCRIBE_ACLS, version, &asked);
                gateway.resume(request, asking, &response)
            }
        };
    }
}
