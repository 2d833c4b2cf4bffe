//! Kafka's bytes to messages as JSON, by the definitions: the reverse of [`encode`](super::encode).

use serde_json::{Map, Value, json};

use super::build::Builder;
use super::definitions::{Definitions, Field, Message, Type};
use super::encode::{UNKNOWN_TAGS, encode, hex};
use super::probes::Probe;
use super::tenant::Tenant;
use crate::scenario::setup_or_skip;

/// The message that these bytes are, all of them; or what is wrong with them.
pub(crate) fn decode(message: &Message, version: i16, bytes: &[u8]) -> Result<Value, String> {
    let flexible = message.is_flexible(version);
    let mut decoder = Decoder {
        version,
        flexible,
        rest: bytes,
    };
    let value = decoder.structure(&message.fields)?;
    match decoder.rest.len() {
        0 => Ok(value),
        more => Err(format!("{more} bytes behind the end")),
    }
}

/// The response to a probe, or why it can't be read; nothing where the definitions don't say what it looks like.
pub(crate) fn decode_reply(definitions: &Definitions, probe: &Probe, frame: &[u8]) -> Option<Result<Value, String>> {
    let request = definitions
        .requests()
        .into_iter()
        .find(|it| it.key == Some(probe.key))?;
    let response = definitions.response(&request.api);
    if !response.versions.contains(probe.version) {
        return None;
    }
    // Of a version that a broker doesn't know it says so in the first one's form.
    let is_unknown = probe.api == "ApiVersions" && frame.get(4..6) == Some(&[0, 35]);
    let version = if is_unknown { 0 } else { probe.version };
    Some(response_body(response, version, frame).and_then(|body| decode(response, version, body)))
}

/// The body of a response, without its header.
pub(crate) fn response_body<'a>(message: &Message, version: i16, frame: &'a [u8]) -> Result<&'a [u8], String> {
    // The header of ApiVersions has no tagged fields in any version, for clients that don't know theirs yet.
    let header = if message.is_flexible(version) && message.api != "ApiVersions" {
        5
    } else {
        4
    };
    match frame.get(4) {
        Some(0) | None => frame.get(header..).ok_or_else(|| "no header".to_owned()),
        Some(_) if header == 4 => Ok(&frame[header..]),
        Some(_) => Err("tagged fields in the header".to_owned()),
    }
}

struct Decoder<'a> {
    version: i16,
    flexible: bool,
    rest: &'a [u8],
}

impl<'a> Decoder<'a> {
    fn structure(&mut self, fields: &[Field]) -> Result<Value, String> {
        let mut value = Map::new();
        let in_version = || fields.iter().filter(|field| field.versions.contains(self.version));
        let version = self.version;
        let is_tagged = |field: &Field| self.flexible && field.tagged.contains(version);
        let (tagged, plain): (Vec<&Field>, Vec<&Field>) = in_version().partition(|field| is_tagged(field));
        for field in plain {
            let found = self.field(field).map_err(|error| format!("{}: {error}", field.name))?;
            value.insert(field.name.clone(), found);
        }
        if self.flexible {
            let mut unknown = Vec::new();
            for _ in 0..self.unsigned_varint()? {
                let tag = self.unsigned_varint()?;
                let length = self.unsigned_varint()?;
                let bytes = self.take(length)?;
                match tagged.iter().find(|field| u64::from(field.tag) == tag) {
                    Some(field) => {
                        let mut decoder = Decoder { rest: bytes, ..*self };
                        value.insert(field.name.clone(), decoder.field(field)?);
                    }
                    None => unknown.push(json!([tag, hex(bytes)])),
                }
            }
            if !unknown.is_empty() {
                value.insert(UNKNOWN_TAGS.to_owned(), unknown.into());
            }
        }
        Ok(value.into())
    }

    fn field(&mut self, field: &Field) -> Result<Value, String> {
        match &field.ty {
            Type::Struct if field.nullable.contains(self.version) => match self.take(1)?[0] as i8 {
                present if present < 0 => Ok(Value::Null),
                _ => self.structure(&field.fields),
            },
            ty => self.value(ty, field),
        }
    }

    fn value(&mut self, ty: &Type, field: &Field) -> Result<Value, String> {
        Ok(match ty {
            Type::Bool => json!(self.take(1)?[0] != 0),
            Type::Int8 => json!(self.take(1)?[0] as i8),
            Type::Int16 => json!(i16::from_be_bytes(self.array()?)),
            Type::Uint16 => json!(u16::from_be_bytes(self.array()?)),
            Type::Int32 => json!(i32::from_be_bytes(self.array()?)),
            Type::Uint32 => json!(u32::from_be_bytes(self.array()?)),
            Type::Int64 => json!(i64::from_be_bytes(self.array()?)),
            Type::Float64 => json!(f64::from_be_bytes(self.array()?)),
            Type::Uuid => json!(hex(self.take(16)?)),
            Type::Text => match self.length(2)? {
                Some(length) => json!(std::str::from_utf8(self.take(length)?).map_err(|error| error.to_string())?),
                None => Value::Null,
            },
            Type::Bytes | Type::Records => match self.length(4)? {
                Some(length) => json!(hex(self.take(length)?)),
                None => Value::Null,
            },
            Type::Struct => self.structure(&field.fields)?,
            Type::Array(element) => match self.length(4)? {
                Some(count) => (0..count)
                    .map(|_| self.value(element, field))
                    .collect::<Result<Vec<_>, _>>()?
                    .into(),
                None => Value::Null,
            },
        })
    }

    fn length(&mut self, width: usize) -> Result<Option<u64>, String> {
        if self.flexible {
            return Ok(self.unsigned_varint()?.checked_sub(1));
        }
        let length = match width {
            2 => i16::from_be_bytes(self.array()?).into(),
            _ => i32::from_be_bytes(self.array()?),
        };
        Ok(u64::try_from(length).ok())
    }

    fn unsigned_varint(&mut self) -> Result<u64, String> {
        let mut value = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.take(1)?[0];
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err("a number of more than 5 bytes".to_owned())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        Ok(self.take(N as u64)?.try_into().unwrap())
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], String> {
        let length = usize::try_from(length).map_err(|error| error.to_string())?;
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or_else(|| format!("{length} bytes where {} are left", self.rest.len()))?;
        self.rest = rest;
        Ok(taken)
    }
}

#[test]
fn every_request_is_read_as_it_was_written() {
    let Some(setup) = setup_or_skip("every_request_is_read_as_it_was_written") else {
        return;
    };
    let Some(definitions) = Definitions::read_or_skip(setup, "every_request_is_read_as_it_was_written") else {
        return;
    };
    let mut own = Tenant::default();
    own.orders.id = "1".repeat(32);
    for message in definitions.requests() {
        for version in message.versions.first..=message.versions.last {
            let builder = Builder {
                definitions: &definitions,
                message,
                version,
                own: &own,
                node: 1,
            };
            let bytes = encode(message, version, &builder.request());
            let read = decode(message, version, &bytes)
                .unwrap_or_else(|error| panic!("{} {version}, {}: {error}", message.api, hex(&bytes)));
            assert_eq!(
                encode(message, version, &read),
                bytes,
                "{} {version}: {read}",
                message.api
            );
        }
    }
}
