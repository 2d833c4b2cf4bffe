//! Both sides of the mechanisms, and the seam that a proxy uses, from the outside.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test may stop at once"
)]

mod certificate;
mod issuer;
mod jwt;
mod oauthbearer;
mod plain;
mod properties;
mod review;
mod scram;
mod seam;
mod secrets;
mod support;
