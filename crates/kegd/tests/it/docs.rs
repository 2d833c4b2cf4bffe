//! README.md and docs/, held against the code.
//!
//! `KEG_DOCS=write cargo test -p kegd --test it docs` writes the generated parts anew.

mod blocks;
mod closing;
mod embedding;
mod fields;
mod kubernetes;
mod links;
mod metrics;
mod pages;
pub(crate) mod protocol;
mod reference;
mod served;
