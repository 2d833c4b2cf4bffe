//! Responses: the backend's names become the client's, and what isn't the client's is left out.

use std::collections::VecDeque;

use keg_codec::schema::{Entity, EntitySet, Field};
use keg_codec::walk::{Edit, IntegerEdit, Verdict, Visitor, WalkError, walk};
use keg_codec::{Api, ApiKey};

use super::coverage::NAMED;
use super::{Asked, Mode, Namespace, embedded};

/// The visitor of a response.
#[derive(Debug)]
pub(super) struct Outbound<'a> {
    namespace: &'a Namespace,
    asked: Asked,
    api: &'static Api,
    version: i16,
    config_type: i64,
    /// ListConfigResources: the types, which stand behind their names.
    config_types: VecDeque<i64>,
    /// Whether the topic that is being shown is the client's.
    own_topic: bool,
    /// DescribeGroups: whether the described group's members are consumers.
    consumers: bool,
}

impl<'a> Outbound<'a> {
    pub(super) fn new(namespace: &'a Namespace, asked: Asked, api: &'static Api, version: i16) -> Self {
        let consumers = asked.consumers;
        Self {
            namespace,
            asked,
            api,
            version,
            config_type: 0,
            config_types: VecDeque::new(),
            own_topic: false,
            consumers,
        }
    }

    /// Collects what stands behind the names that it is about.
    pub(super) fn look_ahead(&mut self, body: &[u8]) -> Result<(), WalkError> {
        if self.api.key == ApiKey::LIST_CONFIG_RESOURCES {
            let mut types = ConfigTypes::default();
            walk(&self.api.response, self.version, body, &mut types)?;
            self.config_types = types.0;
        }
        Ok(())
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
            Entity::TopicName => {
                self.own_topic = self.namespace.owns(text);
                self.rename(text)
            }
            Entity::GroupId | Entity::TransactionalId | Entity::CoordinatorKey => self.rename(text),
            Entity::ConfigResourceName => match self.config_types.pop_front().unwrap_or(self.config_type) {
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

    fn uuid(&mut self, _field: &'static Field, id: &[u8; 16]) -> Verdict {
        // In these the id stands behind the name that it belongs to.
        let tells = matches!(
            self.api.key,
            ApiKey::METADATA | ApiKey::CREATE_TOPICS | ApiKey::DESCRIBE_TOPIC_PARTITIONS
        );
        if tells && std::mem::take(&mut self.own_topic) {
            self.namespace.topic_ids.learn(id);
        }
        Verdict::Keep
    }

    fn append(&mut self, field: &'static Field) -> Option<(usize, Vec<u8>)> {
        let denied = self.asked.denied.as_ref()?;
        denied
            .write_elements(field, &self.api.response, self.version)
            .ok()
            .filter(|(count, _)| *count > 0)
    }
}

#[derive(Debug, Default)]
struct ConfigTypes(VecDeque<i64>);

impl Visitor for ConfigTypes {
    fn interest(&self) -> EntitySet {
        const { EntitySet::of(&[Entity::ConfigResourceType]) }
    }

    fn integer(&mut self, _field: &'static Field, value: i64) -> IntegerEdit {
        self.0.push_back(value);
        IntegerEdit::Keep
    }
}
