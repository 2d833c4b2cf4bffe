//! Whether a session could begin now: asked with each request, and found out anew when what it depends on has changed.

use std::sync::Arc;
use std::time::SystemTime;

use keg_auth::{Authentication, Revoked, Session};

use crate::virtual_cluster::VirtualCluster;

/// By what a session was found to be good last. By nothing, to begin with: the configuration may have changed while the
/// client was saying who it is.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    by: Option<Arc<Authentication>>,
    /// Of the keys that its token is checked by, if it has one.
    generation: u64,
}

impl Admission {
    /// Judges the session if it has to be. The session to go on with, if that is another one now.
    ///
    /// # Errors
    /// When it can't go on.
    pub(crate) fn check(&mut self, cluster: &VirtualCluster, session: &Session) -> Result<Option<Session>, Revoked> {
        if self.is_current(cluster, session) {
            return Ok(None);
        }
        let authentication = cluster.authentication();
        // Before the keys themselves: those that come in between are looked at the next time.
        let generation = generation(&authentication, session);
        let reviewed = authentication.review(session, SystemTime::now())?;
        *self = Self {
            by: Some(authentication),
            generation,
        };
        Ok(reviewed)
    }

    fn is_current(&self, cluster: &VirtualCluster, session: &Session) -> bool {
        self.by
            .as_ref()
            .is_some_and(|by| cluster.authenticates_by(by) && generation(by, session) == self.generation)
    }
}

fn generation(authentication: &Authentication, session: &Session) -> u64 {
    authentication.keys_of(session).map_or(0, |keys| keys.generation())
}
