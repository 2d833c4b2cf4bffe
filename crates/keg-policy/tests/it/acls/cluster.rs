//! What a Kafka cluster does with ACLs (`AclApis`, `AclControlManager`, `ResourcePatternFilter`).

use std::collections::BTreeSet;

use super::{ANY, LITERAL, MATCH, PREFIXED};

/// One ACL; all are of the host `*`, and allow something.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Acl {
    pub(crate) resource_type: i64,
    pub(crate) pattern: i64,
    pub(crate) name: String,
    pub(crate) principal: String,
    pub(crate) operation: i64,
}

/// A filter.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) resource_type: i64,
    pub(crate) pattern: i64,
    pub(crate) name: Option<String>,
    pub(crate) principal: Option<String>,
    pub(crate) operation: i64,
}

impl Acl {
    /// To read, for alice.
    pub(crate) fn new(resource_type: i64, pattern: i64, name: &str) -> Self {
        Self {
            resource_type,
            pattern,
            name: name.to_owned(),
            principal: "User:alice".to_owned(),
            operation: 3,
        }
    }
}

impl Ask {
    /// For all principals and operations.
    pub(crate) fn new(resource_type: i64, pattern: i64, name: Option<&str>) -> Self {
        Self {
            resource_type,
            pattern,
            name: name.map(str::to_owned),
            principal: None,
            operation: ANY,
        }
    }

    pub(crate) fn admits(&self, acl: &Acl) -> bool {
        let pattern = match (self.pattern, &self.name) {
            (ANY | MATCH, None) => true,
            (pattern, None) => pattern == acl.pattern,
            (ANY, Some(name)) => *name == acl.name,
            (MATCH, Some(name)) if acl.pattern == LITERAL => *name == acl.name || acl.name == "*",
            (MATCH, Some(name)) => name.starts_with(&acl.name),
            (pattern, Some(name)) => pattern == acl.pattern && *name == acl.name,
        };
        let same = |asked, it| asked == ANY || asked == it;
        pattern
            && same(self.resource_type, acl.resource_type)
            && same(self.operation, acl.operation)
            && self
                .principal
                .as_ref()
                .is_none_or(|principal| *principal == acl.principal)
    }
}

/// A cluster.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Cluster(pub(crate) BTreeSet<Acl>);

impl Cluster {
    /// The error code.
    pub(crate) fn create(&mut self, acl: &Acl) -> i64 {
        let is_valid = !acl.name.is_empty()
            && (2..=7).contains(&acl.resource_type)
            && [LITERAL, PREFIXED].contains(&acl.pattern)
            && acl.operation > ANY;
        if is_valid {
            self.0.insert(acl.clone());
            0
        } else {
            42
        }
    }

    pub(crate) fn describe(&self, ask: &Ask) -> BTreeSet<Acl> {
        self.0.iter().filter(|acl| ask.admits(acl)).cloned().collect()
    }

    /// What each filter matches, all before anything is gone.
    pub(crate) fn delete(&mut self, asks: &[Ask]) -> Vec<BTreeSet<Acl>> {
        let matching = asks.iter().map(|ask| self.describe(ask)).collect();
        self.0.retain(|acl| !asks.iter().any(|ask| ask.admits(acl)));
        matching
    }
}
