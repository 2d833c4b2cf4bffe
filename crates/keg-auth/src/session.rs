use crate::Principal;

/// An authenticated client. Only [`Authentication`](crate::Authentication) makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    principal: Principal,
}

impl Session {
    pub(crate) fn new(principal: Principal) -> Self {
        Self { principal }
    }

    /// Who the client is.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }
}
