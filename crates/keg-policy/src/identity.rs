//! What is known of a client beside its name.

use std::collections::BTreeMap;

/// How it is known who a client is, and what was said of it on that occasion.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Identity {
    /// The method, as `anonymous` or `sasl_plain`; empty if that isn't known.
    pub method: &'static str,
    /// What a token was given for.
    pub scopes: Vec<String>,
    /// What a token claims.
    pub claims: BTreeMap<String, Claim>,
}

/// The value of a claim, as JSON has them.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// `null`.
    Null,
    /// A truth.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Claim>),
    /// Claims below a claim.
    Map(BTreeMap<String, Claim>),
}
