//! The topics that a request names by their ids.

use std::sync::Arc;

use smallvec::SmallVec;

type Id = [u8; 16];

/// What the ids of a request name, where that is known. Most requests have one, or a few.
#[derive(Debug, Default)]
pub(super) struct Settled(SmallVec<[Named; 1]>);

/// An id, and what it names, if that is known.
type Named = (Id, Option<Arc<[u8]>>);

impl Settled {
    /// Adds what an id names. It is found once all are [in order](Self::settle).
    pub(super) fn add(&mut self, id: &Id, name: Option<Arc<[u8]>>) {
        self.0.push((*id, name));
    }

    /// There are no more of them. Of one that comes more than once that counts which was added first.
    pub(super) fn settle(&mut self) {
        if self.0.len() > 1 {
            self.0.sort_by_key(|(id, _)| *id);
            self.0.dedup_by_key(|(id, _)| *id);
        }
    }

    /// What an id names, if that is known; `None` if the id is none of the request.
    pub(super) fn get(&self, id: &Id) -> Option<Option<&Arc<[u8]>>> {
        let place = self.0.binary_search_by_key(id, |(id, _)| *id).ok()?;
        self.0.get(place).map(|(_, name)| name.as_ref())
    }

    /// The ids of which it isn't known what they name.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &Id> {
        self.0.iter().filter(|(_, name)| name.is_none()).map(|(id, _)| id)
    }

    /// Whether it is known of all what they name.
    pub(super) fn is_known(&self) -> bool {
        self.unknown().next().is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ids_name_is_found_in_whatever_order_and_however_often_they_come() {
        let mut settled = Settled::default();
        let name = |text: &str| Arc::<[u8]>::from(text.as_bytes());
        for (id, named) in [(3, Some("c")), (1, None), (2, Some("b")), (3, None), (1, Some("a"))] {
            settled.add(&[id; 16], named.map(name));
        }
        settled.settle();
        assert_eq!(settled.get(&[3; 16]), Some(Some(&name("c"))));
        assert_eq!(settled.get(&[2; 16]), Some(Some(&name("b"))));
        assert_eq!(settled.get(&[1; 16]), Some(None));
        assert_eq!(settled.get(&[4; 16]), None);
        assert_eq!(settled.unknown().collect::<Vec<_>>(), [&[1; 16]]);
        assert!(!settled.is_known() && Settled::default().is_known());
    }
}
