//! The response that a broker gives when a whole request fails.

use crate::ErrorCode;
use crate::message::{Struct, Value};
use crate::schema::{Api, Entity, EntitySet, Field, Type};
use crate::walk::WalkError;

/// What makes an element of a response the answer to an element of the request.
const KEYS: EntitySet = EntitySet::of(&[
    Entity::AclResourceName,
    Entity::ConfigResourceName,
    Entity::ConfigResourceType,
    Entity::CoordinatorKey,
    Entity::GroupId,
    Entity::PartitionIndex,
    Entity::Principal,
    Entity::TopicId,
    Entity::TopicName,
    Entity::TransactionalId,
]);

/// The body of a response that answers every part of the request with the error.
///
/// As Kafka's own `getErrorResponse`: the error stands at the top level where the version has a place for it, and on
/// every topic, partition, group or resource that the request names. All other fields have their defaults.
///
/// # Errors
/// When the request's body is malformed.
pub fn error_reply(
    api: &'static Api,
    version: i16,
    request: &[u8],
    error: ErrorCode,
    message: Option<&str>,
) -> Result<Vec<u8>, WalkError> {
    let request = Struct::read(&api.request, version, request)?;
    let reply = Reply {
        version,
        error,
        message,
    };
    reply
        .fields(api.response.fields, Some(&request), None)
        .write(&api.response, version)
}

struct Reply<'a> {
    version: i16,
    error: ErrorCode,
    message: Option<&'a str>,
}

impl Reply<'_> {
    /// A structure of the response, which answers `request` or the single `key` of an array of primitives.
    fn fields(
        &self,
        fields: &'static [Field],
        request: Option<&Struct>,
        key: Option<(&'static Field, &Value)>,
    ) -> Struct {
        let mut response = Struct::new(fields, self.version);
        for (field, value) in response
            .iter_mut()
            .filter(|(field, _)| field.versions.contains(self.version))
        {
            match field.entity {
                Entity::ErrorCode => *value = Value::Integer(self.error.0.into()),
                Entity::FreeText if field.name == "ErrorMessage" => {
                    if let Some(message) = self.message {
                        *value = Value::text(message);
                    } else if field.nullable.contains(self.version) {
                        *value = Value::Null;
                    }
                }
                _ if field.array => {
                    if let (Type::Struct(nested), Some(request)) = (field.ty, request) {
                        *value = Value::Array(self.answers(nested, request));
                    }
                }
                entity if KEYS.contains(entity) => {
                    let same = request.into_iter().flat_map(Struct::iter).chain(key).find(|(it, _)| {
                        it.entity == entity && (!it.array || key.is_some()) && it.versions.contains(self.version)
                    });
                    if let Some((_, found)) = same {
                        *value = found.clone();
                    }
                }
                _ => {}
            }
        }
        response
    }

    /// One element of the response for each element of the request that has the same kind of key.
    fn answers(&self, nested: &'static [Field], request: &Struct) -> Vec<Value> {
        let Some(key) = nested
            .iter()
            .find(|field| !field.array && field.versions.contains(self.version) && KEYS.contains(field.entity))
        else {
            return Vec::new();
        };
        let asked = request.iter().find_map(|(field, value)| {
            let names_it = match field.ty {
                Type::Struct(fields) => fields
                    .iter()
                    .any(|it| it.entity == key.entity && !it.array && it.versions.contains(self.version)),
                _ => field.entity == key.entity,
            };
            value
                .as_array()
                .filter(|_| names_it && field.versions.contains(self.version))
                .map(|elements| (field, elements))
        });
        let Some((field, elements)) = asked else {
            return Vec::new();
        };
        elements
            .iter()
            .map(|element| {
                Value::Struct(match element {
                    Value::Struct(element) => self.fields(nested, Some(element), None),
                    primitive => self.fields(nested, None, Some((field, primitive))),
                })
            })
            .collect()
    }
}
