//! The table: both directions over the same entries.

use std::{fmt::Debug, sync::Arc};

use crate::{
    Addresses, AdvertiseError, Advertised, Endpoint, Kind, Local, Mode, Ports, Route, RouteError, RuleId, RuleName,
    advertise::Hosts, local::Scope, port_mapping::Layout,
};

mod builder;
mod check;
mod entries;
mod names;

pub use builder::{Builder, ListenerBuilder};
use names::Names;

/// Which connection goes where, and which address each node is told by.
///
/// [`route`](Self::route) and [`advertise`](Self::advertise) are inverse: a client that connects to what was
/// advertised for a node is routed to that node, and to nothing else. A table never changes; a new configuration is a
/// new table.
#[derive(Clone, Debug)]
pub struct Table<D> {
    listeners: Vec<Listener<D>>,
    rules: Vec<TableRule<D>>,
}

/// A rule of a table, with all its destinations and their addresses.
#[derive(Clone, Debug)]
pub struct TableRule<D> {
    name: RuleName,
    entries: Vec<Arc<Entry<D>>>,
}

#[derive(Clone, Debug)]
struct Listener<D> {
    name: Arc<str>,
    scope: Scope,
    ports: Ports,
    /// The port mappings; their ports don't overlap.
    mappings: Vec<Arc<Entry<D>>>,
    names: Names<D>,
}

#[derive(Debug)]
struct Entry<D> {
    destination: D,
    addresses: Addresses,
}

impl<D: Clone + Eq + Debug> Table<D> {
    /// A table without listeners.
    pub const fn builder() -> Builder<D> {
        Builder::new()
    }

    /// Where a connection to `local` goes, given the server name in its TLS hello, if there is one.
    ///
    /// A port alone does for listeners that are on all addresses; see [`ListenerBuilder::addresses`].
    ///
    /// Of the listener's rules, the first that matches decides.
    ///
    /// # Errors
    /// When no rule matches; the variants tell why.
    pub fn route(&self, local: impl Into<Local>, sni: Option<&str>) -> Result<Route<D>, RouteError> {
        let local = local.into();
        let port = local.port();
        let no_rule = RouteError::NoRule { port };
        let Some(listener) = self.listener(local) else {
            return Err(no_rule);
        };
        let by_port = listener.mapping(port);
        let by_name = sni.and_then(|name| listener.names.find(name));
        let earliest = by_port
            .into_iter()
            .chain(by_name)
            .min_by_key(|(entry, _)| entry.rule().id);
        if let Some((entry, endpoint)) = earliest {
            return Ok(entry.route(endpoint));
        }
        Err(match sni {
            _ if listener.names.is_empty() => no_rule,
            None => RouteError::SniMissing { port },
            Some(name) => RouteError::unknown_name(port, name),
        })
    }

    /// The address of `node` for a client that came to `destination` by `rule`.
    ///
    /// This looks the destination up; who asks for many nodes keeps the [`Addresses`] of the [`Route`] instead.
    ///
    /// # Errors
    /// When the rule has no such destination, or has no address for the node; see [`Addresses::node`].
    pub fn advertise(&self, rule: RuleId, destination: &D, node: i32) -> Result<Advertised<'_>, AdvertiseError> {
        self.addresses(rule, destination)?.node(node)
    }

    /// The addresses of a destination of a rule.
    ///
    /// # Errors
    /// [`AdvertiseError::UnknownDestination`].
    pub fn addresses(&self, rule: RuleId, destination: &D) -> Result<&Addresses, AdvertiseError> {
        self.rule(rule)
            .and_then(|rule| rule.destinations().find(|(known, _)| *known == destination))
            .map(|(_, addresses)| addresses)
            .ok_or_else(|| AdvertiseError::UnknownDestination {
                rule,
                destination: format!("{destination:?}"),
            })
    }

    /// One rule.
    #[must_use]
    pub fn rule(&self, rule: RuleId) -> Option<&TableRule<D>> {
        self.rules.get(rule.0)
    }

    /// All rules, in the order of their ids.
    pub fn rules(&self) -> impl Iterator<Item = &TableRule<D>> {
        self.rules.iter()
    }

    /// All listeners with their ports, in the order in which they were added.
    pub fn listeners(&self) -> impl Iterator<Item = (&str, &Ports)> {
        self.listeners.iter().map(|listener| (&*listener.name, &listener.ports))
    }

    /// Whether the server name is needed to route connections to `local`: whether a rule that looks at it can be
    /// reached.
    #[must_use]
    pub fn needs_server_name(&self, local: impl Into<Local>) -> bool {
        let local = local.into();
        self.listener(local).is_some_and(|listener| {
            let by_port = listener.mapping(local.port()).map(|(entry, _)| entry.rule().id);
            let by_name = listener.names.entries().next().map(|entry| entry.rule().id);
            by_name.is_some_and(|by_name| by_port.is_none_or(|by_port| by_name < by_port))
        })
    }

    /// Whether a port mapping takes connections to `local`; those without TLS, or with an unknown server name, have a
    /// place then.
    #[must_use]
    pub fn has_port_mapping(&self, local: impl Into<Local>) -> bool {
        let local = local.into();
        self.listener(local)
            .is_some_and(|listener| listener.mapping(local.port()).is_some())
    }

    fn listener(&self, local: Local) -> Option<&Listener<D>> {
        let has = |listener: &&Listener<D>| listener.ports.contains(local.port()) && listener.scope.contains(local);
        self.listeners.iter().find(has)
    }
}

impl<D> TableRule<D> {
    /// The rule's id, listener, place and mode.
    #[must_use]
    pub const fn name(&self) -> &RuleName {
        &self.name
    }

    /// Where the rule sends connections, with the addresses of each: `addresses.bootstrap()` is what users need to
    /// know.
    pub fn destinations(&self) -> impl Iterator<Item = (&D, &Addresses)> {
        self.entries.iter().map(|entry| (&entry.destination, &entry.addresses))
    }
}

impl<D> Listener<D> {
    fn mapping(&self, port: u16) -> Option<(&Entry<D>, Endpoint)> {
        self.mappings
            .iter()
            .find_map(|entry| Some((&**entry, entry.layout()?.endpoint(port)?)))
    }
}

impl<D> Entry<D> {
    fn rule(&self) -> &RuleName {
        self.addresses.rule()
    }

    fn takes(&self, port: u16) -> bool {
        self.layout().is_some_and(|layout| layout.endpoint(port).is_some())
    }

    fn layout(&self) -> Option<&Layout> {
        self.told().map(|(_, layout)| layout)
    }

    /// The host that clients are told, where ports tell nodes apart, and the ports.
    fn told(&self) -> Option<(&str, &Layout)> {
        match self.addresses.hosts() {
            Hosts::ByPort {
                advertised_host,
                layout,
            } => Some((advertised_host, layout)),
            Hosts::ByName { .. } => None,
        }
    }
}

impl<D: Clone> Entry<D> {
    fn route(&self, endpoint: Endpoint) -> Route<D> {
        Route {
            rule: self.rule().id,
            destination: self.destination.clone(),
            endpoint,
            kind: match self.rule().mode {
                Mode::PortMapping | Mode::Sni => Kind::Terminated,
                Mode::SniPassthrough => Kind::Passthrough,
            },
            addresses: self.addresses.clone(),
        }
    }
}
