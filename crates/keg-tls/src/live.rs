//! Configuration that is replaced while it is in use.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;

/// Settings that a rustls configuration is built from: [`ServerTls`](crate::ServerTls) and
/// [`ClientTls`](crate::ClientTls).
pub trait Settings: PartialEq {
    /// What is built.
    type Config;

    /// Builds it.
    ///
    /// # Errors
    /// When rustls refuses the settings.
    fn build(&self) -> Result<Arc<Self::Config>, BuildError>;
}

/// A configuration that can be replaced while connections are made with it.
///
/// A handshake that starts after [`replace`](Self::replace) uses the new configuration; a connection that is open, or
/// in its handshake, keeps the one it has.
pub struct Live<S: Settings> {
    current: ArcSwap<Built<S>>,
}

struct Built<S: Settings> {
    settings: Arc<S>,
    config: Arc<S::Config>,
}

impl<S: Settings> Live<S> {
    /// Builds the first configuration.
    ///
    /// # Errors
    /// When rustls refuses the settings.
    pub fn new(settings: S) -> Result<Self, BuildError> {
        Ok(Self {
            current: ArcSwap::from_pointee(Built::new(settings)?),
        })
    }

    /// Builds another configuration, and uses it from the next handshake on. Returns whether there was anything to
    /// replace: equal settings leave the configuration that is there, and with it the sessions that clients can resume.
    ///
    /// # Errors
    /// When rustls refuses the settings; the configuration stays what it was.
    pub fn replace(&self, settings: S) -> Result<bool, BuildError> {
        if *self.current.load().settings == settings {
            return Ok(false);
        }
        self.current.store(Arc::new(Built::new(settings)?));
        Ok(true)
    }

    /// The configuration for a handshake that starts now.
    pub fn config(&self) -> Arc<S::Config> {
        Arc::clone(&self.current.load().config)
    }

    /// The settings it was built from.
    pub fn settings(&self) -> Arc<S> {
        Arc::clone(&self.current.load().settings)
    }
}

impl<S: Settings> Built<S> {
    fn new(settings: S) -> Result<Self, BuildError> {
        let config = settings.build()?;
        Ok(Self {
            settings: Arc::new(settings),
            config,
        })
    }
}

impl<S: Settings + fmt::Debug> fmt::Debug for Live<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("settings", &self.settings())
            .finish_non_exhaustive()
    }
}

/// Why rustls refuses settings.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The versions, against what the provider can do.
    #[error("TLS configuration: {0}")]
    Rustls(#[from] rustls::Error),
    /// The trust bundle for clients.
    #[error("client authentication: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}
