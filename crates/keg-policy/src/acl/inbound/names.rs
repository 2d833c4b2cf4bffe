//! Names, each by what it is of.

use keg_codec::schema::Field;
use keg_codec::walk::Edit;
use keg_codec::{ApiKey, ErrorCode};

use super::Inbound;
use crate::acl::beforehand::{self, Refused};
use crate::acl::needs::{self, denied};
use crate::acl::operation::{CLUSTER_NAME, Operation, ResourceType};
use crate::acl::regex;
use crate::partial::Place;

/// The kind of coordinators that only brokers look for.
const SHARE_COORDINATOR: i64 = 2;

/// Earlier versions of FindCoordinator have no such kind.
const FIRST_WITH_SHARE_COORDINATORS: i16 = 6;

impl<'a> Inbound<'a> {
    pub(in crate::acl) fn may(&self, operation: Operation, resource_type: ResourceType, name: &[u8]) -> bool {
        self.asked
            .client
            .may_and_tell(self.tells, operation, resource_type, name)
    }

    pub(super) fn admit(
        &self,
        operation: Option<Operation>,
        resource_type: ResourceType,
        name: &[u8],
    ) -> Result<Edit<'a>, ErrorCode> {
        match operation {
            Some(operation) if !self.may(operation, resource_type, name) => Err(denied(resource_type)),
            _ => Ok(Edit::Keep),
        }
    }

    fn may_create(&mut self, topic: &[u8]) -> bool {
        self.may_create_any() || self.asked.client.could(Operation::Create, ResourceType::Topic, topic)
    }

    fn may_create_any(&mut self) -> bool {
        let client = self.asked.client;
        *self
            .may_create_any
            .get_or_insert_with(|| client.could_with_cluster(Operation::Create))
    }

    /// A topic that is made if it isn't there. The rules about it are looked for once.
    fn made(&mut self, operation: Option<Operation>, topic: &[u8]) -> Result<Edit<'a>, ErrorCode> {
        let client = self.asked.client;
        let (may, may_create) = match operation {
            Some(operation) if self.tells && !self.may_create_any() => {
                client.may_and_could([operation, Operation::Create], ResourceType::Topic, topic)
            }
            Some(operation) => (self.may(operation, ResourceType::Topic, topic), self.may_create(topic)),
            None => (true, self.may_create(topic)),
        };
        match (may, may_create) {
            (false, _) => return Err(denied(ResourceType::Topic)),
            (true, true) => self.makes_some = true,
            (true, false) => self.not_to_be_made.push(topic),
        }
        Ok(Edit::Keep)
    }

    pub(super) fn topic(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        let key = self.asked.api.key;
        if self.judge.place(field) == Place::Filter {
            // What a client takes back it needn't be allowed to read.
            return Edit::Keep;
        }
        let refused = self.asked.refused;
        if refused.is_some_and(|refused| refused.topics.contains(name)) || needs::is_refused_first(key, name) {
            // Nothing is done for it, whoever asks, and it is said why.
            self.makes_some = true;
            return self.judge.pass();
        }
        // A streams group has its repartition and changelog topics made.
        let is_made = key == ApiKey::METADATA && !self.by_id || key == ApiKey::STREAMS_GROUP_HEARTBEAT && !field.array;
        let admitted = match key {
            ApiKey::CREATE_TOPICS if self.may_create(name) => Ok(Edit::Keep),
            ApiKey::DELETE_TOPICS => self.deletion(field, name),
            _ if is_made => self.made(needs::topic(key), name),
            _ => self.admit(needs::topic(key), ResourceType::Topic, name),
        };
        if key == ApiKey::STREAMS_GROUP_HEARTBEAT
            && admitted.is_err()
            && let Some(reason) = beforehand::invalid_topology(&self.asked)
        {
            self.reason = Some(reason);
            return self.judge.refuse(ErrorCode::STREAMS_INVALID_TOPOLOGY);
        }
        if admitted.is_ok() && matches!(key, ApiKey::FETCH | ApiKey::SHARE_FETCH) {
            self.topics.push(name.into());
        }
        self.judge.judge(field, admitted)
    }

    pub(super) fn topic_id(&mut self, field: &'static Field, id: &[u8; 16]) -> Edit<'a> {
        let name = match self.asked.settled {
            Some(settled) => settled.get(id).flatten().cloned(),
            None => {
                let name = self.asked.names.name(id);
                self.settled.add(id, name.clone());
                name
            }
        };
        match name {
            Some(name) => {
                let tells = self.tells;
                self.tells |= self.untold.is_some_and(|untold| untold.contains(id));
                let edit = self.topic(field, &name);
                self.tells = tells;
                edit
            }
            // The broker says that there is no such topic; were there one, it would have been told.
            None if self.judge.place(field) == Place::Filter => Edit::Keep,
            None => self.judge.judge(field, Err(ErrorCode::UNKNOWN_TOPIC_ID)),
        }
    }

    pub(super) fn coordinator(&mut self, field: &'static Field, key: &[u8]) -> Edit<'a> {
        let (resource_type, operation, name) = match self.asked.coordinator_type {
            0 => (ResourceType::Group, Operation::Describe, key),
            1 => (ResourceType::TransactionalId, Operation::Describe, key),
            SHARE_COORDINATOR if self.asked.version >= FIRST_WITH_SHARE_COORDINATORS => {
                (ResourceType::Cluster, Operation::ClusterAction, CLUSTER_NAME.as_bytes())
            }
            // There are no others; the broker says so.
            _ => return self.judge.pass(),
        };
        let admitted = self.admit(Some(operation), resource_type, name);
        self.judge.judge(field, admitted)
    }

    pub(super) fn resource(&mut self, field: &'static Field, name: &[u8]) -> Edit<'a> {
        let operation = needs::configs(self.asked.api.key);
        let is_refused = |refused: &Refused| refused.resources.contains(&(self.config_type, name.to_vec()));
        if self.asked.refused.is_some_and(is_refused) {
            return self.judge.pass();
        }
        let admitted = match self.config_type {
            2 => self.admit(operation, ResourceType::Topic, name),
            32 => self.admit(operation, ResourceType::Group, name),
            4 | 8 | 16 => self.admit(operation, ResourceType::Cluster, CLUSTER_NAME.as_bytes()),
            _ => return self.judge.pass(),
        };
        self.judge.judge(field, admitted)
    }

    pub(super) fn regex(&mut self, expression: &[u8]) -> Edit<'a> {
        let start = regex::start(expression);
        let client = self.asked.client;
        if expression.is_empty() || client.could_with_all(Operation::Describe, ResourceType::Topic, start) {
            return Edit::Keep;
        }
        self.reason = Some(format!(
            "The expression could match topics that the client may not describe: it needs Describe on all topics that begin \
             with `{start}`."
        ));
        self.judge.refuse(ErrorCode::TOPIC_AUTHORIZATION_FAILED)
    }
}
