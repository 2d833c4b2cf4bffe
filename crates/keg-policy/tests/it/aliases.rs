//! Topics under other names.

mod conditions;
mod every_message;
mod fetches;
mod groups;
mod heartbeats;
mod hostile;
mod ids;
mod listings;
mod namespaces;
mod pages;
pub(crate) mod play;
mod producing;
