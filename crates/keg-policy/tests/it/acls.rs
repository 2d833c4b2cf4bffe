//! ACLs of the backend, through a namespace.

mod cluster;
mod creations;
mod deletions;
mod filters;
mod model;
mod wire;

pub(crate) use cluster::{Acl, Ask, Cluster};

pub(crate) const TOPIC: i64 = 2;
pub(crate) const GROUP: i64 = 3;
pub(crate) const CLUSTER: i64 = 4;
pub(crate) const TRANSACTIONAL_ID: i64 = 5;
pub(crate) const DELEGATION_TOKEN: i64 = 6;
pub(crate) const USER: i64 = 7;

pub(crate) const ANY: i64 = 1;
pub(crate) const MATCH: i64 = 2;
pub(crate) const LITERAL: i64 = 3;
pub(crate) const PREFIXED: i64 = 4;

/// The types of resources that are in namespaces.
pub(crate) const OWN_TYPES: [i64; 3] = [TOPIC, GROUP, TRANSACTIONAL_ID];
