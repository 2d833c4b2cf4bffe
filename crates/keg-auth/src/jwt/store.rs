use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::Keys;

/// Where a validator finds its keys, and where they are replaced. Clones are the same store.
#[derive(Debug, Clone, Default)]
pub struct KeyStore {
    shared: Arc<Shared>,
    source: Option<Arc<dyn KeySource>>,
}

#[derive(Debug, Default)]
struct Shared {
    keys: RwLock<Arc<Keys>>,
    generation: AtomicU64,
}

/// Who can get newer keys for a store.
pub trait KeySource: fmt::Debug + Send + Sync {
    /// Asks for newer keys, and is over when they are in the store, or when none can be had. How often that really asks
    /// somebody else has to be bounded: anybody can send a token with a key id that nobody knows.
    fn renew(&self) -> Renewal;
}

/// The wait for newer keys.
pub type Renewal = Pin<Box<dyn Future<Output = ()> + Send>>;

impl KeyStore {
    /// A store with these keys. The default one has none: tokens are then signed with unknown keys.
    pub fn new(keys: Keys) -> Self {
        let store = Self::default();
        store.replace(keys);
        store
    }

    /// The same store, with somebody to ask for newer keys.
    #[must_use]
    pub fn with_source(mut self, source: Arc<dyn KeySource>) -> Self {
        self.source = Some(source);
        self
    }

    /// Asks for newer keys, if there is somebody to ask.
    pub fn renew(&self) -> Option<Renewal> {
        self.source.as_ref().map(|source| source.renew())
    }

    /// Validates with other keys from now on.
    pub fn replace(&self, keys: Keys) {
        let mut present = self.shared.keys.write().unwrap_or_else(PoisonError::into_inner);
        let is_new = !present.is_same(&keys);
        *present = Arc::new(keys);
        if is_new {
            // Behind the keys, so that who sees the new generation finds the keys of it, or newer ones.
            self.shared.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// The keys as they are now.
    pub fn keys(&self) -> Arc<Keys> {
        self.shared.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How often other keys came into the store. What was judged by the keys before is to be judged again once this has
    /// changed since; it is to be read before the keys are. The same keys once more change nothing.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }
}
