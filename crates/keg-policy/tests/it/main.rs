//! The policies, message by message.

mod every_message;
mod support;
