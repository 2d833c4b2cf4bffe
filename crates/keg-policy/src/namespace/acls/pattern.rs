//! Which resources an ACL is about: the client's patterns and the backend's.

use keg_codec::ErrorCode;
use keg_codec::schema::Entity;

use super::super::names::{Names, Owner};

/// `org.apache.kafka.common.resource.PatternType`: the name is the resource's own, or `*` for all.
pub(super) const LITERAL: i64 = 3;
/// Names of resources begin with the name.
pub(super) const PREFIXED: i64 = 4;

/// The types of resources that have names of a namespace (`org.apache.kafka.common.resource.ResourceType`).
pub(super) const OWN_TYPES: [i64; 3] = [2, 3, 5];

/// The name that stands for all resources of a type.
pub(super) const WILDCARD: &[u8] = b"*";

/// The length that two bytes can say.
pub(super) const LONGEST_NAME: usize = i16::MAX as usize;

/// What an ACL is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) resource_type: i64,
    pub(super) pattern_type: i64,
    pub(super) name: Box<[u8]>,
}

/// Why no ACL can be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) message: &'static str,
}

impl Refusal {
    /// What brokers say when a client may not administer ACLs.
    const NOT_OWN: Self = Self {
        code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
        message: "The resource is not of this virtual cluster's namespace.",
    };
    const OPERATORS: Self = Self {
        code: ErrorCode::CLUSTER_AUTHORIZATION_FAILED,
        message: "In this virtual cluster ACLs are of topics, groups and transactional ids only.",
    };

    pub(super) const fn invalid(message: &'static str) -> Self {
        Self {
            code: ErrorCode::INVALID_REQUEST,
            message,
        }
    }
}

impl Pattern {
    /// What a client's pattern is on the backend: all of it is the namespace's own.
    ///
    /// Under a hidden prefix all resources are those that begin with it. No client can mean that otherwise, since brokers
    /// have no ACLs of an empty name.
    pub(super) fn to_backend(&self, names: &Names) -> Result<Self, Refusal> {
        if self.name.is_empty() {
            return Err(Refusal::invalid("Invalid empty resource name"));
        }
        let entity = match self.resource_type {
            4 | 6 | 7 => return Err(Refusal::OPERATORS),
            resource_type => entity(resource_type).ok_or(Refusal::invalid("Invalid resourceType"))?,
        };
        if !matches!(self.pattern_type, LITERAL | PREFIXED) {
            return Err(Refusal::invalid("Invalid patternType"));
        }
        let (pattern_type, name) = match hides(names) && self.is_wildcard() {
            true => (PREFIXED, names.prefix().as_bytes().into()),
            false => (self.pattern_type, names.prefix().backend_name(&self.name)),
        };
        if name.len() > LONGEST_NAME {
            return Err(Refusal::invalid("The resource name is too long"));
        }
        let pattern = Self {
            resource_type: self.resource_type,
            pattern_type,
            name,
        };
        match pattern.is_own(names, entity) {
            true => Ok(pattern),
            false => Err(Refusal::NOT_OWN),
        }
    }

    /// What a pattern of the backend is for clients, if all of it is the namespace's own.
    pub(super) fn to_client(&self, names: &Names) -> Option<Self> {
        let entity = entity(self.resource_type)?;
        if !self.is_own(names, entity) {
            return None;
        }
        if !hides(names) {
            return Some(self.clone());
        }
        let bare = names.prefix().bare(&self.name)?;
        let (pattern_type, name) = match (self.pattern_type, bare) {
            (PREFIXED, b"") => (LITERAL, WILDCARD),
            // Clients have no words for these: the empty name is none, and the other means all.
            (_, b"") | (LITERAL, WILDCARD) => return None,
            (pattern_type, bare) => (pattern_type, bare),
        };
        Some(Self {
            resource_type: self.resource_type,
            pattern_type,
            name: name.into(),
        })
    }

    /// Whether a pattern of the backend is about nothing but what is the namespace's own.
    fn is_own(&self, names: &Names, entity: Entity) -> bool {
        match self.pattern_type {
            LITERAL => names.owner(entity, &self.name) == Owner::Own,
            PREFIXED => names.owns_all(entity, &self.name),
            _ => false,
        }
    }

    fn is_wildcard(&self) -> bool {
        self.pattern_type == LITERAL && *self.name == *WILDCARD
    }
}

/// Whether clients see other names than the backend has.
pub(super) fn hides(names: &Names) -> bool {
    names.prefix().is_hidden() && !names.prefix().as_bytes().is_empty()
}

fn entity(resource_type: i64) -> Option<Entity> {
    match resource_type {
        2 => Some(Entity::TopicName),
        3 => Some(Entity::GroupId),
        5 => Some(Entity::TransactionalId),
        _ => None,
    }
}
