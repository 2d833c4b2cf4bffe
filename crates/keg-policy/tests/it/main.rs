//! The policies, message by message.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once"
)]

mod acls;
mod additional;
mod addresses;
mod aliases;
mod api_versions;
mod authorization;
mod chains;
mod conditions;
mod coordinators;
mod denials;
mod every_message;
mod fetch_sessions;
mod fetching;
mod fields;
mod groups;
mod hostile;
mod layers;
mod properties;
mod refusals;
mod regular_expressions;
mod sending;
mod sending_topics;
mod share_groups;
mod streams_groups;
mod support;
mod topic_ids;
mod topics;
