//! The policies, message by message.

mod coordinators;
mod denials;
mod every_message;
mod refusals;
mod support;
