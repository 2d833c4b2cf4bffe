//! Filters of ACLs, and how they are said to the backend.

use keg_codec::message::{Struct, Value};

use super::super::names::Names;
use super::pattern::{LITERAL, LONGEST_NAME, OWN_TYPES, PREFIXED, Pattern, WILDCARD, hides};

/// Stands for all types of resource, pattern, operation or permission.
const ANY: i64 = 1;
/// All patterns that say something about the resource of that name.
const MATCH: i64 = 2;

/// The highest type of resource, operation and permission of the Kafka release that the message tables are of.
const LAST_RESOURCE_TYPE: i64 = 7;
const LAST_OPERATION: i64 = 15;
const LAST_PERMISSION: i64 = 3;

/// What is asked for (`org.apache.kafka.common.acl.AclBindingFilter`).
#[derive(Debug, Clone)]
pub(super) struct Filter {
    pub(super) resource_type: i64,
    pub(super) name: Option<Box<[u8]>>,
    pub(super) pattern_type: i64,
    pub(super) entry: Entry,
}

/// Who may do what, or what is asked for of that. It is the same for clients and on the backend.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) principal: Option<Box<[u8]>>,
    pub(super) host: Option<Box<[u8]>>,
    pub(super) operation: i64,
    pub(super) permission: i64,
}

impl Entry {
    /// That of an ACL: of a creation, or of an element of a response.
    pub(super) fn read(fields: &Struct) -> Self {
        Self {
            principal: bytes(fields, "Principal"),
            host: bytes(fields, "Host"),
            operation: fields.integer("Operation").unwrap_or_default(),
            permission: fields.integer("PermissionType").unwrap_or_default(),
        }
    }

    /// How many bytes its texts have.
    pub(super) fn len(&self) -> usize {
        let texts = [&self.principal, &self.host];
        texts.into_iter().flatten().map(|text| text.len()).sum()
    }
}

impl Filter {
    /// The filter of a DescribeAcls request, or one of a DeleteAcls request.
    pub(super) fn read(fields: &Struct) -> Self {
        Self {
            resource_type: fields.integer("ResourceTypeFilter").unwrap_or_default(),
            name: bytes(fields, "ResourceNameFilter"),
            pattern_type: fields.integer("PatternTypeFilter").unwrap_or_default(),
            entry: Entry {
                principal: bytes(fields, "PrincipalFilter"),
                host: bytes(fields, "HostFilter"),
                operation: fields.integer("Operation").unwrap_or_default(),
                permission: fields.integer("PermissionType").unwrap_or_default(),
            },
        }
    }

    pub(super) fn write(&self, fields: &mut Struct) {
        let text = |it: &Option<Box<[u8]>>| it.as_ref().map_or(Value::Null, |it| Value::Bytes(it.to_vec()));
        fields.set("ResourceTypeFilter", Value::Integer(self.resource_type));
        fields.set("ResourceNameFilter", text(&self.name));
        fields.set("PatternTypeFilter", Value::Integer(self.pattern_type));
        fields.set("PrincipalFilter", text(&self.entry.principal));
        fields.set("HostFilter", text(&self.entry.host));
        fields.set("Operation", Value::Integer(self.entry.operation));
        fields.set("PermissionType", Value::Integer(self.entry.permission));
    }

    /// The filter for ACLs about this.
    pub(super) fn of(pattern: Pattern, entry: Entry) -> Self {
        Self {
            resource_type: pattern.resource_type,
            name: Some(pattern.name),
            pattern_type: pattern.pattern_type,
            entry,
        }
    }

    /// All its texts.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let texts = [&self.name, &self.entry.principal, &self.entry.host];
        texts.into_iter().filter_map(Option::as_deref)
    }

    /// Whether it has a type that Kafka doesn't, or not yet.
    pub(super) fn is_unknown(&self) -> bool {
        let known = (ANY..=LAST_RESOURCE_TYPE).contains(&self.resource_type)
            && (ANY..=PREFIXED).contains(&self.pattern_type)
            && (ANY..=LAST_OPERATION).contains(&self.entry.operation)
            && (ANY..=LAST_PERMISSION).contains(&self.entry.permission);
        !known
    }

    /// Whether it asks for ACLs of resources that no namespace has.
    fn is_operators(&self) -> bool {
        self.resource_type != ANY && !OWN_TYPES.contains(&self.resource_type)
    }

    /// Whether it asks for ACLs about this, as `ResourcePatternFilter.matches` decides.
    pub(super) fn is_about(&self, pattern: &Pattern) -> bool {
        if self.resource_type != ANY && self.resource_type != pattern.resource_type {
            return false;
        }
        let Some(name) = &self.name else {
            return matches!(self.pattern_type, ANY | MATCH) || self.pattern_type == pattern.pattern_type;
        };
        match self.pattern_type {
            MATCH if pattern.pattern_type == LITERAL => *name == pattern.name || *pattern.name == *WILDCARD,
            MATCH => name.starts_with(&pattern.name),
            ANY => *name == pattern.name,
            pattern_type => pattern_type == pattern.pattern_type && *name == pattern.name,
        }
    }

    /// The filters for the backend that ask for the same and for nothing that isn't the namespace's own; `None` if it
    /// takes a look at what there is to say that.
    pub(super) fn exact(&self, names: &Names) -> Option<Vec<Self>> {
        let name = self.name.as_ref().filter(|_| self.pattern_type != MATCH)?;
        let is_asked_for = |asked: i64, it: &i64| asked == ANY || asked == *it;
        let types = OWN_TYPES.iter().filter(|it| is_asked_for(self.resource_type, it));
        let patterns = types.flat_map(|resource_type| {
            let pattern_types = [LITERAL, PREFIXED];
            let pattern_types = pattern_types.into_iter();
            pattern_types
                .filter(|it| is_asked_for(self.pattern_type, it))
                .map(|pattern_type| Pattern {
                    resource_type: *resource_type,
                    pattern_type,
                    name: name.clone(),
                })
        });
        let exact = patterns
            .filter_map(|pattern| pattern.to_backend(names).ok())
            .map(|pattern| Self::of(pattern, self.entry.clone()));
        Some(exact.collect()).filter(|exact: &Vec<_>| !exact.is_empty())
    }

    /// A filter for the backend that asks for all of this, and for more: what comes is to be filtered again.
    pub(super) fn superset(&self, names: &Names) -> Self {
        let mut wide = self.clone();
        let prefix = names.prefix();
        let is_others = |name: &[u8]| !prefix.is_hidden() && !prefix.owns(name);
        if self.is_operators() || self.name.as_deref().is_some_and(is_others) {
            // There is nothing of it to be seen: as good as nothing is asked for, to learn whether that is allowed.
            wide.resource_type = OWN_TYPES[0];
            wide.pattern_type = LITERAL;
            wide.name = Some(prefix.as_bytes().into());
            return wide;
        }
        if !hides(names) {
            return wide;
        }
        // `*` is the prefix there.
        match (&self.name, self.pattern_type) {
            (None, LITERAL) => wide.pattern_type = ANY,
            (None, _) => {}
            (Some(name), LITERAL) if **name == *WILDCARD => {
                wide.pattern_type = PREFIXED;
                wide.name = Some(prefix.as_bytes().into());
            }
            (Some(name), pattern_type) => {
                if pattern_type == ANY && **name == *WILDCARD {
                    wide.pattern_type = MATCH;
                }
                wide.name = Some(cut(prefix.backend_name(name)));
            }
        }
        wide
    }
}

/// What a name that is too long can still match, which is what it begins with.
fn cut(mut name: Box<[u8]>) -> Box<[u8]> {
    if name.len() > LONGEST_NAME {
        let is_boundary = |at: &usize| name.get(*at).is_none_or(|byte| byte & 0xc0 != 0x80);
        let end = (0..=LONGEST_NAME).rev().find(is_boundary).unwrap_or_default();
        name = name.get(..end).unwrap_or_default().into();
    }
    name
}

pub(super) fn bytes(fields: &Struct, name: &str) -> Option<Box<[u8]>> {
    match fields.get(name)? {
        Value::Bytes(bytes) => Some(bytes.as_slice().into()),
        _ => None,
    }
}
