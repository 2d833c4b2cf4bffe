//! Listeners, and what of their TLS goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use keg_proxy::{Listener, ListenerTls};
use keg_tls::Live;

use super::{Building, routes};
use crate::config::{Config, model};
use crate::runtime::tls;

impl Building<'_> {
    pub(super) fn listeners(&mut self) -> BTreeMap<String, Arc<Listener>> {
        let (config, previous) = (self.config, self.previous);
        let mut listeners = BTreeMap::new();
        for listener in &config.listeners {
            let before = previous.and_then(|it| {
                it.listeners
                    .get(&listener.name)
                    .zip(it.config.listeners.iter().find(|it| it.name == listener.name))
            });
            match new_listener(listener, config, before) {
                Ok(built) => drop(listeners.insert(listener.name.clone(), Arc::new(built))),
                Err(error) => self.note(format!("listeners {:?}", listener.name), error),
            }
        }
        listeners
    }
}

fn new_listener(
    listener: &model::Listener,
    config: &Config,
    before: Option<(&Arc<Listener>, &Arc<model::Listener>)>,
) -> Result<Listener, String> {
    let tls = match (&listener.tls, before) {
        (None, _) => None,
        // The same settings go on, so that clients can resume their sessions.
        (Some(tls), Some((running, model))) if model.tls.as_ref() == Some(tls) => {
            running.tls.as_ref().map(|running| ListenerTls {
                config: Arc::clone(&running.config),
                allow_plaintext: running.allow_plaintext,
                mapping: Arc::clone(&running.mapping),
            })
        }
        (Some(tls), _) => {
            let settings = tls::server(tls).map_err(|error| format!("tls_server: {error}"))?;
            let config = Live::new(settings).map_err(|error| format!("tls_server: {error}"))?;
            Some(ListenerTls {
                config: Arc::new(config),
                allow_plaintext: tls.allow_plaintext,
                mapping: Arc::new(
                    tls.client_authentication
                        .as_ref()
                        .map_or_else(Default::default, |it| it.mapping.clone()),
                ),
            })
        }
    };
    Ok(Listener {
        name: listener.name.as_str().into(),
        addresses: listener.addresses.clone(),
        ports: routes::ports(&listener.ports)?,
        tls,
        max_connections: config.runtime.max_connections,
    })
}
