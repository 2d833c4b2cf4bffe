//! What is asked of a client's certificate with each of its requests: whether its listener would still take it.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use keg_auth::{Proof, Session};
use keg_policy::{Reply, Request};
use keg_tls::PeerChain;
use tower_service::Service;

use crate::current::Watch;
use crate::decided::Decided;
use crate::error::Over;
use crate::snapshot::{Listener, ListenerTls};

/// A listener with TLS, and the settings that last found a client's certificate good.
#[derive(Debug)]
pub(crate) struct Terminating {
    pub(crate) tls: ListenerTls,
    pub(crate) listener: Watch,
}

/// What a client has shown to a listener with TLS.
#[derive(Debug)]
pub(crate) struct Shown {
    /// None if it has shown nothing.
    pub(crate) chain: Option<PeerChain>,
    /// When it did. A certificate that ends later doesn't end the connection.
    pub(crate) at: SystemTime,
    pub(crate) to: Box<Terminating>,
}

/// Lets requests through as long as their client could come in with the certificate that it has shown, and as the same
/// principal if it is known by that.
#[derive(Debug)]
pub(crate) struct Certified<S> {
    inner: S,
    /// None without TLS.
    certificate: Option<Box<Certificate>>,
}

/// What is known of a client by the certificate that it has shown, and to whom.
#[derive(Debug)]
pub(crate) struct Certificate {
    shown: Shown,
    who: String,
    /// The principal's name, if it is known by the certificate.
    named: Option<String>,
}

impl<S> Certified<S> {
    pub(crate) fn new(inner: S, certificate: Option<Box<Certificate>>) -> Self {
        Self { inner, certificate }
    }
}

impl Certificate {
    pub(crate) fn new(shown: Shown, session: &Session) -> Self {
        let principal = session.principal();
        Self {
            shown,
            who: principal.to_string(),
            named: matches!(session.proof(), Proof::Certificate).then(|| principal.name().to_owned()),
        }
    }

    fn check(&mut self) -> Result<(), Over> {
        let Some(listener) = self.shown.to.listener.renewed() else {
            return Ok(());
        };
        self.judge(&listener).map_err(|reason| Over::Certificate {
            principal: self.who.clone(),
            reason,
        })
    }

    /// By what the listener demands now.
    fn judge(&mut self, listener: &Listener) -> Result<(), String> {
        let asks = |tls: &ListenerTls| tls.config.settings().client_authentication().asks();
        let Some(tls) = listener.tls.as_ref().filter(|tls| asks(tls)) else {
            return match self.shown.chain {
                Some(_) => Err("the listener does not ask for certificates any more".to_owned()),
                None => Ok(()),
            };
        };
        let shown = &mut self.shown;
        if !Arc::ptr_eq(&tls.config, &shown.to.tls.config) {
            let admitted = tls.config.settings().admits(shown.chain.as_ref(), shown.at);
            admitted.map_err(|error| error.to_string())?;
        }
        if let (Some(chain), Some(named)) = (&shown.chain, &self.named)
            && tls.mapping != shown.to.tls.mapping
        {
            let info = chain.leaf(shown.at).map_err(|error| error.to_string())?;
            match tls.mapping.principal(&info) {
                Some(principal) if principal == *named => {}
                Some(principal) => return Err(format!("it is the certificate of {principal:?} now")),
                None => return Err("no rule of the principal mapping gives its holder a name any more".to_owned()),
            }
        }
        shown.to.tls = tls.clone();
        Ok(())
    }
}

impl<S, F> Service<Request> for Certified<S>
where
    S: Service<Request, Response = Reply, Error = Over, Future = Decided<F>>,
    F: Future<Output = Result<Reply, Over>> + Unpin,
{
    type Response = Reply;
    type Error = Over;
    type Future = Decided<F>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Over>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Decided<F> {
        match self.certificate.as_mut().map_or(Ok(()), |it| it.check()) {
            Ok(()) => self.inner.call(request),
            Err(over) => Decided::Now(Some(Err(over))),
        }
    }
}
