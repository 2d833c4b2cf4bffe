//! Properties of the codec over every message of every version, and golden messages.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

mod edits;
mod entities;
mod error_replies;
mod hostile;
mod identity;
mod interop;
mod limits;
mod mutation;
mod names;
mod nothing;
mod passage;
mod roundtrip;
mod support;
