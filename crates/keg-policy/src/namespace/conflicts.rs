//! Topics of a namespace that are hidden because an additional one has their name.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

/// So many are told of; what else there is shows when these are gone.
const MOST: usize = 1000;

/// Whom to tell about [conflicts](super::OnConflict). Clones share what was told, so that it is told once though policies
/// change.
#[derive(Clone)]
pub struct Conflicts(Arc<Told>);

struct Told {
    names: RwLock<HashSet<Box<[u8]>>>,
    tell: Box<dyn Fn(&str) + Send + Sync>,
}

impl Conflicts {
    /// Tells about each topic that is hidden, by its name on the backend, when it is seen first; about 1000 at most.
    pub fn new(tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Told {
            names: RwLock::default(),
            tell: Box::new(tell),
        }))
    }

    pub(crate) fn found(&self, name: &[u8]) {
        let known = |names: &HashSet<Box<[u8]>>| names.contains(name) || names.len() >= MOST;
        if known(&self.0.names.read().unwrap_or_else(PoisonError::into_inner)) {
            return;
        }
        let mut names = self.0.names.write().unwrap_or_else(PoisonError::into_inner);
        if !known(&names) && names.insert(name.into()) {
            drop(names);
            (self.0.tell)(&String::from_utf8_lossy(name));
        }
    }
}

impl Default for Conflicts {
    /// Tells nobody.
    fn default() -> Self {
        Self::new(|_| {})
    }
}

impl fmt::Debug for Conflicts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Conflicts").field(&self.0.names).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn each_is_told_once_and_not_without_end() {
        let (told, all) = mpsc::channel();
        let conflicts = Conflicts::new(move |name| told.send(name.to_owned()).unwrap());
        for number in 0..2 * MOST {
            let name = format!("team-a-{number}");
            conflicts.found(name.as_bytes());
            conflicts.clone().found(name.as_bytes());
        }
        let told: Vec<_> = all.try_iter().collect();
        assert_eq!(told.len(), MOST);
        assert_eq!(told[..2], ["team-a-0", "team-a-1"]);
    }
}
