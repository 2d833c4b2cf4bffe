//! The policies, message by message.

mod addresses;
mod api_versions;
mod coordinators;
mod denials;
mod every_message;
mod groups;
mod refusals;
mod support;
mod topics;
