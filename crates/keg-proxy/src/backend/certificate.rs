//! Nodes that don't take the gateway's certificate.

use std::io;
use std::time::SystemTime;

use keg_tls::{AlertDescription, Live};

use super::{Backend, ConnectError, HostPort};

/// What the operator is told to see to.
const MEND: &str = "mend `tls.client_identity` of the backend cluster and reload, or whom the brokers trust";

/// Why a node has not answered a question.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    /// It doesn't take the gateway's certificate. With TLS 1.3 it says so when the handshake is over.
    #[error("it does not take the gateway's certificate ({0:?})")]
    Certificate(AlertDescription),
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

impl NoAnswer {
    pub(super) fn other(error: impl ToString) -> Self {
        Self::Other(error.to_string())
    }
}

impl From<io::Error> for NoAnswer {
    fn from(error: io::Error) -> Self {
        match keg_tls::certificate_refused(&error) {
            Some(alert) => Self::Certificate(alert),
            None => Self::other(error),
        }
    }
}

impl Backend {
    /// Notes that a node doesn't take the gateway's certificate, of which the operator is told. Why, in words.
    pub(crate) fn note_refused_certificate(&self, alert: AlertDescription) -> String {
        let reason = format!("{} ({alert:?})", self.certificate());
        self.acceptance
            .refused(self.name(), "TLS", &reason, MEND, &self.metrics);
        reason
    }

    /// The same, of a node that was connected to.
    pub(super) fn refused_certificate(&self, address: HostPort, alert: AlertDescription) -> ConnectError {
        let reason = self.note_refused_certificate(alert);
        ConnectError::Certificate { address, reason }
    }

    /// Notes that a node has answered a question of the gateway's own: if it wants a certificate, it has taken it.
    pub(super) fn note_answer(&self) {
        let tells = self.shows_certificate() || self.refuses_credentials();
        // Otherwise that was noted when the node had decided on them.
        if tells && self.settings.credentials.load().is_none() {
            self.acceptance.accepted(self.name(), &self.metrics);
        }
    }

    /// An error of connecting, of which is noted if it is that the node doesn't take the gateway's certificate.
    pub(super) fn note_connect_error(&self, error: ConnectError) -> ConnectError {
        match error {
            ConnectError::Tls { address, error } => match error.certificate_refused() {
                Some(alert) => self.refused_certificate(address, alert),
                None => ConnectError::Tls { address, error },
            },
            error => error,
        }
    }

    fn shows_certificate(&self) -> bool {
        let tls = self.settings.tls.as_ref().map(Live::settings);
        tls.is_some_and(|tls| tls.certificate().is_some())
    }

    /// What is to be known of the gateway's certificate to see why it isn't taken.
    fn certificate(&self) -> String {
        let tls = self.settings.tls.as_ref().map(Live::settings);
        let Some(certificate) = tls.as_ref().and_then(|tls| tls.certificate()) else {
            return "it wants a certificate of the gateway, which has none".to_owned();
        };
        let now = SystemTime::now();
        let time = match () {
            () if now > certificate.not_after => ", which has expired",
            () if now < certificate.not_before => ", which is not good yet",
            () => "",
        };
        format!("the gateway's certificate is that of {:?}{time}", certificate.subject)
    }
}
