//! Responses: the backend's names become the client's, and what isn't the client's is left out.

use keg_codec::schema::{Entity, EntitySet, Field, Message};
use keg_codec::walk::{Edit, IntegerEdit, Visitor};

use super::coverage::NAMED;
use super::{Asked, Mode, Namespace, embedded};

/// The visitor of a response.
#[derive(Debug)]
pub(super) struct Outbound<'a> {
    namespace: &'a Namespace,
    asked: Asked,
    message: &'static Message,
    version: i16,
    config_type: i64,
    /// DescribeGroups: whether the described group's members are consumers.
    consumers: bool,
}

impl<'a> Outbound<'a> {
    pub(super) fn new(namespace: &'a Namespace, asked: Asked, message: &'static Message, version: i16) -> Self {
        let consumers = asked.consumers;
        Self {
            namespace,
            asked,
            message,
            version,
            config_type: 0,
            consumers,
        }
    }

    /// A name that the backend gives: the client's own, or to be left out with what it belongs to.
    fn rename(&self, name: &[u8]) -> Edit<'static> {
        match self.namespace.mode {
            _ if !self.namespace.owns(name) => Edit::Drop,
            Mode::HidePrefix => Edit::Strip(self.namespace.prefix.len()),
            Mode::EnforcePrefix => Edit::Keep,
        }
    }

    /// A text for people: without the prefix, wherever it stands.
    fn scrub(&self, text: &[u8]) -> Edit<'static> {
        let prefix = &*self.namespace.prefix;
        if self.namespace.mode == Mode::EnforcePrefix || !text.windows(prefix.len()).any(|it| it == prefix) {
            return Edit::Keep;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((first, tail)) = rest.split_first() {
            rest = rest.strip_prefix(prefix).unwrap_or_else(|| {
                out.push(*first);
                tail
            });
        }
        Edit::Replace(out.into())
    }
}

impl Visitor for Outbound<'_> {
    fn interest(&self) -> EntitySet {
        NAMED
    }

    fn string(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let Some(text) = value else { return Edit::Keep };
        match field.entity {
            // A response that is an error has an empty name where the request had one.
            Entity::TopicName | Entity::GroupId | Entity::TransactionalId if text.is_empty() && !field.array => {
                Edit::Keep
            }
            Entity::TopicName | Entity::GroupId | Entity::TransactionalId | Entity::CoordinatorKey => self.rename(text),
            Entity::ConfigResourceName => match self.config_type {
                2 | 32 => self.rename(text),
                // ListConfigResources: node ids are in Metadata as well.
                4 | 8 => Edit::Keep,
                _ => Edit::Drop,
            },
            Entity::FreeText => self.scrub(text),
            Entity::ProtocolType => {
                self.consumers = text == b"consumer";
                Edit::Keep
            }
            // A group that was made beside the gateway: its expression is over the backend's names.
            Entity::TopicNameRegex if !text.is_empty() => Edit::Replace(Vec::new().into()),
            _ => Edit::Keep,
        }
    }

    fn bytes(&mut self, field: &'static Field, value: Option<&[u8]>) -> Edit<'_> {
        let (Some(bytes), true) = (value, self.consumers) else {
            return Edit::Keep;
        };
        match embedded::rewrite(field.entity, bytes, |topic| self.rename(topic)) {
            Ok(Some(bytes)) => Edit::Replace(bytes.into()),
            Ok(None) => Edit::Keep,
            Err(_) => Edit::Refuse,
        }
    }

    fn integer(&mut self, field: &'static Field, value: i64) -> IntegerEdit {
        if field.entity == Entity::ConfigResourceType {
            self.config_type = value;
        }
        IntegerEdit::Keep
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        let denied = self.asked.denied.as_ref()?;
        denied
            .write_elements(field, self.message, self.version)
            .ok()
            .filter(|(count, _)| *count > 0)
    }
}
