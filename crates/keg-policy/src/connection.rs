//! What policies know of the connection that a request came on.

use std::any::{Any, TypeId};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keg_codec::ApiKey;
use keg_codec::schema::Versions;

use crate::addresses::AddressBook;
use crate::identity::Identity;

/// The connection of a client: who it is, and what policies remember of it.
#[derive(Debug)]
pub struct Connection {
    /// The virtual cluster that the client is connected to.
    pub virtual_cluster: Arc<str>,
    /// Who the client is, as Kafka writes it: `User:ann`, `User:ANONYMOUS`.
    pub principal: Arc<str>,
    /// Where the client comes from.
    pub origin: Origin,
    /// The subject of its certificate, which was verified; empty if it has shown none.
    pub certificate_subject: Arc<str>,
    /// Where this client reaches the nodes of the cluster.
    pub addresses: Arc<dyn AddressBook>,
    identity: Mutex<Arc<Identity>>,
    /// How often the identity or the client id has changed.
    renewals: AtomicU64,
    /// A handful, which is looked through sooner than a map says where to look.
    memory: Mutex<Vec<(TypeId, Box<dyn Any + Send>)>>,
}

/// Where a client comes from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Origin {
    /// The listener that it came by; empty if that isn't known.
    pub listener: Arc<str>,
    /// Its address, if that is known.
    pub address: Option<IpAddr>,
}

/// What the client calls itself.
#[derive(Debug, Default)]
pub(crate) struct ClientId {
    /// As it was sent.
    bytes: Box<[u8]>,
    text: Arc<str>,
}

/// What the broker has said that it serves.
#[derive(Debug, Default)]
struct BrokerVersions(Box<[(ApiKey, Versions)]>);

impl Connection {
    /// A connection of which nothing is remembered yet.
    pub fn new(
        virtual_cluster: impl Into<Arc<str>>,
        principal: impl Into<Arc<str>>,
        addresses: Arc<dyn AddressBook>,
    ) -> Self {
        Self {
            virtual_cluster: virtual_cluster.into(),
            principal: principal.into(),
            origin: Origin::default(),
            certificate_subject: Arc::default(),
            addresses,
            identity: Mutex::default(),
            renewals: AtomicU64::new(0),
            memory: Mutex::default(),
        }
    }

    /// The same connection, of a client that comes from there.
    #[must_use]
    pub fn with_origin(mut self, origin: Origin) -> Self {
        self.origin = origin;
        self
    }

    /// What is known of the client beside its name.
    pub fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The client has said who it is, perhaps not for the first time: requests from now on are those of this identity.
    pub fn identify(&self, identity: Identity) {
        *self.identity.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(identity);
        self.renewals.fetch_add(1, Ordering::Release);
    }

    /// The client id of the request that is looked at, or whose response is, which the client chooses; empty without one,
    /// and where no [chain](crate::Chain::with_client_ids) tells it.
    pub fn client_id(&self) -> Arc<str> {
        Arc::clone(&self.called().text)
    }

    /// The client calls itself so from now on. If that is another name than before, it counts as another identity.
    pub fn call(&self, client_id: &[u8]) {
        self.call_if_new(client_id, || {
            Arc::new(ClientId {
                bytes: client_id.into(),
                text: String::from_utf8_lossy(client_id).into(),
            })
        });
    }

    /// What the client calls itself, for the response to come.
    pub(crate) fn called(&self) -> Arc<ClientId> {
        self.remember(|known: &mut Arc<ClientId>| Arc::clone(known))
    }

    /// What is looked at now is of a request with this client id.
    pub(crate) fn call_again(&self, client_id: &Arc<ClientId>) {
        self.call_if_new(&client_id.bytes, || Arc::clone(client_id));
    }

    fn call_if_new(&self, client_id: &[u8], new: impl FnOnce() -> Arc<ClientId>) {
        let is_new = self.remember(|known: &mut Arc<ClientId>| {
            let is_new = *known.bytes != *client_id;
            if is_new {
                *known = new();
            }
            is_new
        });
        if is_new {
            self.renewals.fetch_add(1, Ordering::Release);
        }
    }

    /// Another number each time that the client has said who it is, or calls itself otherwise. What is remembered of an
    /// identity counts for one number.
    pub fn renewals(&self) -> u64 {
        self.renewals.load(Ordering::Acquire)
    }

    /// The versions of an API that the broker serves, if the client has asked it for them: none that it doesn't serve.
    pub fn broker_versions(&self, key: ApiKey) -> Option<Versions> {
        self.remember(|BrokerVersions(known)| {
            let versions = known
                .iter()
                .find(|(known, _)| *known == key)
                .map(|(_, versions)| *versions);
            versions.or_else(|| (!known.is_empty()).then_some(Versions::NONE))
        })
    }

    pub(crate) fn learn_broker_versions(&self, versions: Vec<(ApiKey, Versions)>) {
        self.remember(|BrokerVersions(known)| *known = versions.into());
    }

    /// Gives access to what the policy that owns `T` remembers of this connection.
    pub fn remember<T: Default + Send + 'static, R>(&self, access: impl FnOnce(&mut T) -> R) -> R {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let known = memory.iter_mut().find(|(ty, _)| *ty == TypeId::of::<T>());
        if let Some(value) = known.and_then(|(_, value)| value.downcast_mut()) {
            return access(value);
        }
        let mut value = Box::<T>::default();
        let outcome = access(&mut value);
        memory.push((TypeId::of::<T>(), value));
        outcome
    }
}
