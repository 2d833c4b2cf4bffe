use std::fmt;
use std::sync::Arc;

/// Who a client is, in the words of Kafka's ACLs: a type and a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Principal {
    name: Arc<str>,
}

impl Principal {
    /// A user.
    pub fn user(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into() }
    }

    /// Kafka's principal of clients that don't authenticate: `User:ANONYMOUS`.
    pub fn anonymous() -> Self {
        Self::user("ANONYMOUS")
    }

    /// The name, without the type.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "User:{}", self.name)
    }
}
