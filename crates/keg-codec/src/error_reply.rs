//! The response that a broker gives when a whole request fails.

mod exception;

use crate::ErrorCode;
use crate::message::{Struct, Value, Writer};
use crate::schema::{Api, Entity, EntitySet, Field, Type};
use crate::walk::WalkError;
use crate::wire::{put_length32, put_varint};
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
    Reply::new(api, version, error, message, true).write(request)
}

/// The body of a response that says the error of every topic, partition, group or resource that the request names, and
/// nothing of the request as a whole: for a part of a request of which the rest is answered otherwise.
///
/// A response that has no place for that says nothing.
///
/// # Errors
/// When the request's body is malformed.
pub fn error_reply_by_part(
    api: &'static Api,
    version: i16,
    request: &[u8],
    error: ErrorCode,
    message: Option<&str>,
) -> Result<Vec<u8>, WalkError> {
    Reply::new(api, version, error, message, false).write(request)
}

struct Reply<'a> {
    api: &'static Api,
    writer: Writer,
    error: ErrorCode,
    message: Option<&'a str>,
    /// Whether the error is that of the whole request, and not only of its parts.
    whole: bool,
}

/// What an element of the response answers.
#[derive(Clone, Copy)]
enum Key<'a> {
    Struct(&'a Struct),
    Primitive(&'static Field, &'a Value),
}

/// What a field of the response holds, if not its default.
enum Answer<'a> {
    Value(Value),
    /// One element for each of these.
    Each(&'static [Field], Vec<Key<'a>>),
}

impl<'a> Reply<'a> {
    fn new(api: &'static Api, version: i16, error: ErrorCode, message: Option<&'a str>, whole: bool) -> Self {
        Self {
            api,
            writer: Writer::new(&api.response, version),
            error,
            message,
            whole,
        }
    }
}

impl Reply<'_> {
    fn write(&self, request: &[u8]) -> Result<Vec<u8>, WalkError> {
        let request = Struct::read(&self.api.request, self.writer.version, request)?;
        let mut out = Vec::new();
        self.fields(&mut out, self.api.response.fields, &request, None)?;
        Ok(out)
    }

    /// Writes a structure of the response: the answer to `key`, or the whole response.
    ///
    /// Element by element, since an element of the request may be a byte, and its answer a structure of many fields.
    /// Tagged fields have their defaults.
    fn fields(
        &self,
        out: &mut Vec<u8>,
        fields: &'static [Field],
        request: &Struct,
        key: Option<Key<'_>>,
    ) -> Result<(), WalkError> {
        let version = self.writer.version;
        let holds = self.whole || key.is_some();
        // What holds the error itself says nothing of its parts.
        let holds_error = holds && self.present(fields).any(|field| field.entity == Entity::ErrorCode);
        for field in self.present(fields).filter(|field| !field.is_tagged(version)) {
            let answer = match exception::of(self.api.key, field.name) {
                Some(exception) => self.exception(field, exception, request),
                None if !holds && matches!(field.entity, Entity::ErrorCode | Entity::FreeText) => None,
                None => self.by_rule(field, request, key, holds_error),
            };
            match answer {
                Some(Answer::Each(nested, keys)) => {
                    put_length32(out, Some(keys.len()), self.writer.flexible)?;
                    for key in keys {
                        let request = if let Key::Struct(element) = key {
                            element
                        } else {
                            request
                        };
                        self.fields(out, nested, request, Some(key))?;
                    }
                }
                Some(Answer::Value(value)) => self.writer.field(out, field, &value)?,
                None => self.writer.field(out, field, &Value::default_of(field, version))?,
            }
        }
        if self.writer.flexible {
            put_varint(out, 0);
        }
        Ok(())
    }

    fn present(&self, fields: &'static [Field]) -> impl Iterator<Item = &'static Field> {
        fields
            .iter()
            .filter(|field| field.versions.contains(self.writer.version))
    }

    fn by_rule<'a>(
        &self,
        field: &'static Field,
        request: &'a Struct,
        key: Option<Key<'_>>,
        holds_error: bool,
    ) -> Option<Answer<'a>> {
        let nullable = field.nullable.contains(self.writer.version);
        match (field.entity, field.ty) {
            (Entity::ErrorCode, _) => Some(Answer::Value(Value::Integer(self.error.0.into()))),
            (Entity::FreeText, _) if field.name == "ErrorMessage" => match self.message {
                Some(message) => Some(Answer::Value(Value::text(message))),
                None => nullable.then_some(Answer::Value(Value::Null)),
            },
            (_, Type::Struct(nested)) if field.array && !holds_error => self.answers(nested, request),
            (entity, _) if !field.array && KEYS.contains(entity) => self
                .same(entity, key?)
                .filter(|value| **value != Value::Null || nullable)
                .map(|value| Answer::Value(value.clone())),
            _ => None,
        }
    }

    fn exception<'a>(&self, field: &'static Field, exception: Exception, request: &'a Struct) -> Option<Answer<'a>> {
        let version = self.writer.version;
        match (exception, field.ty) {
            (Exception::Is(number), _) => Some(Answer::Value(Value::Integer(number))),
            (Exception::Null, _) => field.nullable.contains(version).then_some(Answer::Value(Value::Null)),
            (Exception::Echo, _) => request.get(field.name).cloned().map(Answer::Value),
            (Exception::IfAny(array), _) => request
                .get(array)
                .and_then(Value::as_array)
                .filter(|elements| !elements.is_empty())
                .map(|_| Answer::Value(Value::Integer(self.error.0.into()))),
            (Exception::AnsweredThrough(last), Type::Struct(nested)) if version <= last || !self.whole => {
                self.answers(nested, request)
            }
            (Exception::ForEach(paths), Type::Struct(nested)) => {
                let asked = paths.iter().flat_map(|path| elements(request, path));
                Some(Answer::Each(nested, asked.map(Key::Struct).collect()))
            }
            (Exception::OwnVersions, Type::Struct(nested)) if self.error == ErrorCode::UNSUPPORTED_VERSION => {
                let mut own = Struct::new(nested, version);
                own.set("ApiKey", Value::Integer(self.api.key.0.into()));
                own.set("MinVersion", Value::Integer(self.api.versions().first.into()));
                own.set("MaxVersion", Value::Integer(self.api.versions().last.into()));
                Some(Answer::Value(Value::Array(vec![Value::Struct(own)])))
            }
            _ => None,
        }
    }

    /// The value in the request that names the same.
    fn same<'a>(&self, entity: Entity, key: Key<'a>) -> Option<&'a Value> {
        match key {
            Key::Primitive(field, value) => (field.entity == entity).then_some(value),
            Key::Struct(element) => element
                .iter()
                .find(|(field, _)| {
                    field.entity == entity && !field.array && field.versions.contains(self.writer.version)
                })
                .map(|(_, value)| value),
        }
    }

    /// One element of the response for each element of the request that has the same kind of key.
    fn answers<'a>(&self, nested: &'static [Field], request: &'a Struct) -> Option<Answer<'a>> {
        let is_key = |field: &&Field| !field.array && KEYS.contains(field.entity);
        let key = self.present(nested).find(is_key)?;
        let (field, elements) = request.iter().find_map(|(field, value)| {
            let names_it = field.versions.contains(self.writer.version)
                && match field.ty {
                    Type::Struct(fields) => self.present(fields).filter(is_key).any(|it| it.entity == key.entity),
                    _ => field.entity == key.entity,
                };
            value.as_array().filter(|_| names_it).map(|elements| (field, elements))
        })?;
        let keys = elements.iter().map(|element| match element {
            Value::Struct(element) => Key::Struct(element),
            primitive => Key::Primitive(field, primitive),
        });
        Some(Answer::Each(nested, keys.collect()))
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
