//! The response that a broker gives when a whole request fails.

mod exception;

use crate::ErrorCode;
use crate::message::{Struct, Value};
use crate::schema::{Api, Entity, EntitySet, Field, Type};
use crate::walk::WalkError;
use exception::Exception;

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
/// As Kafka's own `AbstractRequest.getErrorResponse`: the error stands at the top level where the version has a place
/// for it, and else on every topic, partition, group or resource that the request names. All other fields have their
/// defaults. The message, if there is one, stands wherever the version has a place for it.
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
        api,
        version,
        error,
        message,
    };
    reply
        .fields(api.response.fields, &request, None)
        .write(&api.response, version)
}

struct Reply<'a> {
    api: &'static Api,
    version: i16,
    error: ErrorCode,
    message: Option<&'a str>,
}

/// What an element of the response answers.
#[derive(Clone, Copy)]
enum Key<'a> {
    Struct(&'a Struct),
    Primitive(&'static Field, &'a Value),
}

impl Reply<'_> {
    /// A structure of the response: the answer to `key`, or the whole response.
    fn fields(&self, fields: &'static [Field], request: &Struct, key: Option<Key<'_>>) -> Struct {
        let mut response = Struct::new(fields, self.version);
        // What holds the error itself says nothing of its parts.
        let holds_error = fields
            .iter()
            .any(|field| field.entity == Entity::ErrorCode && field.versions.contains(self.version));
        for (field, value) in response
            .iter_mut()
            .filter(|(field, _)| field.versions.contains(self.version))
        {
            let new = match exception::of(self.api.key, field.name) {
                Some(exception) => self.exception(field, exception, request),
                None => self.by_rule(field, request, key, holds_error),
            };
            if let Some(new) = new {
                *value = new;
            }
        }
        response
    }

    /// The value of a field that is not left at its default.
    fn by_rule(
        &self,
        field: &'static Field,
        request: &Struct,
        key: Option<Key<'_>>,
        holds_error: bool,
    ) -> Option<Value> {
        match (field.entity, field.ty) {
            (Entity::ErrorCode, _) => Some(Value::Integer(self.error.0.into())),
            (Entity::FreeText, _) if field.name == "ErrorMessage" => match self.message {
                Some(message) => Some(Value::text(message)),
                None => field.nullable.contains(self.version).then_some(Value::Null),
            },
            (_, Type::Struct(nested)) if field.array && !holds_error => self.answers(nested, request),
            (entity, _) if !field.array && KEYS.contains(entity) => self
                .same(entity, key?)
                .filter(|value| *value != Value::Null || field.nullable.contains(self.version)),
            _ => None,
        }
    }

    fn exception(&self, field: &'static Field, exception: Exception, request: &Struct) -> Option<Value> {
        match exception {
            Exception::Default => None,
            Exception::Is(number) => Some(Value::Integer(number)),
            Exception::Null => field.nullable.contains(self.version).then_some(Value::Null),
            Exception::Echo => request.get(field.name).cloned(),
            Exception::AnsweredThrough(last) => match field.ty {
                Type::Struct(nested) if self.version <= last => self.answers(nested, request),
                _ => None,
            },
            Exception::ForEach(paths) => {
                let Type::Struct(nested) = field.ty else { return None };
                let asked = paths.iter().flat_map(|path| elements(request, path));
                let answers =
                    asked.map(|element| Value::Struct(self.fields(nested, element, Some(Key::Struct(element)))));
                Some(Value::Array(answers.collect()))
            }
            Exception::OwnVersions => {
                let Type::Struct(nested) = field.ty else { return None };
                if self.error != ErrorCode::UNSUPPORTED_VERSION {
                    return None;
                }
                let mut own = Struct::new(nested, self.version);
                own.set("ApiKey", Value::Integer(self.api.key.0.into()));
                own.set("MinVersion", Value::Integer(self.api.versions().first.into()));
                own.set("MaxVersion", Value::Integer(self.api.versions().last.into()));
                Some(Value::Array(vec![Value::Struct(own)]))
            }
        }
    }

    /// The value in the request that names the same.
    fn same(&self, entity: Entity, key: Key<'_>) -> Option<Value> {
        match key {
            Key::Primitive(field, value) => (field.entity == entity).then(|| value.clone()),
            Key::Struct(element) => element
                .iter()
                .find(|(field, _)| field.entity == entity && !field.array && field.versions.contains(self.version))
                .map(|(_, value)| value.clone()),
        }
    }

    /// One element of the response for each element of the request that has the same kind of key.
    fn answers(&self, nested: &'static [Field], request: &Struct) -> Option<Value> {
        let is_key =
            |field: &Field| field.versions.contains(self.version) && !field.array && KEYS.contains(field.entity);
        let key = nested.iter().find(|field| is_key(field))?;
        let (field, elements) = request.iter().find_map(|(field, value)| {
            let names_it = field.versions.contains(self.version)
                && match field.ty {
                    Type::Struct(fields) => fields.iter().any(|it| is_key(it) && it.entity == key.entity),
                    _ => field.entity == key.entity,
                };
            value.as_array().filter(|_| names_it).map(|elements| (field, elements))
        })?;
        let answers = elements.iter().map(|element| {
            Value::Struct(match element {
                Value::Struct(element) => self.fields(nested, element, Some(Key::Struct(element))),
                primitive => self.fields(nested, request, Some(Key::Primitive(field, primitive))),
            })
        });
        Some(Value::Array(answers.collect()))
    }
}

/// The elements of an array in the request; `Dirs.Topics` are those of each `Dirs` element's `Topics`.
fn elements<'a>(request: &'a Struct, path: &str) -> Vec<&'a Struct> {
    path.split('.').fold(vec![request], |structs, name| {
        structs
            .into_iter()
            .filter_map(|it| it.get(name)?.as_array())
            .flatten()
            .filter_map(Value::as_struct)
            .collect()
    })
}
