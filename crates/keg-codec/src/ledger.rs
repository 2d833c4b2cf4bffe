//! What is in flight on a connection to a broker.

use std::collections::VecDeque;

/// The requests that wait for their responses, in the order in which they were sent.
///
/// A broker answers in order, so that a response belongs to the oldest entry or the connection is broken. Once it
/// is, the ledger is poisoned: every entry is given back, and nothing more is taken.
#[derive(Debug)]
pub struct Ledger<T> {
    state: State<T>,
}

#[derive(Debug)]
enum State<T> {
    Live { in_flight: VecDeque<(i32, T)>, next: i32 },
    Poisoned,
}

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        Self {
            state: State::Live {
                in_flight: VecDeque::new(),
                next: 0,
            },
        }
    }
}

impl<T> Ledger<T> {
    /// Enters a request that will be answered, and gives the correlation id to send it with.
    ///
    /// # Errors
    /// The entry, when the ledger is poisoned.
    pub fn push(&mut self, entry: T) -> Result<i32, T> {
        match &mut self.state {
            State::Live { in_flight, next } => {
                let id = take(next);
                in_flight.push_back((id, entry));
                Ok(id)
            }
            State::Poisoned => Err(entry),
        }
    }

    /// The correlation id of a request that will not be answered (Produce with acks=0); `None` when poisoned.
    pub fn skip(&mut self) -> Option<i32> {
        match &mut self.state {
            State::Live { next, .. } => Some(take(next)),
            State::Poisoned => None,
        }
    }

    /// The entry that a response belongs to.
    ///
    /// # Errors
    /// When the response answers anything but the oldest entry. The ledger is poisoned then.
    pub fn complete(&mut self, correlation_id: i32) -> Result<T, OutOfOrder<T>> {
        if let State::Live { in_flight, .. } = &mut self.state {
            match in_flight.pop_front() {
                Some((id, entry)) if id == correlation_id => return Ok(entry),
                Some(front) => {
                    let expected = front.0;
                    in_flight.push_front(front);
                    return Err(OutOfOrder {
                        expected: Some(expected),
                        found: correlation_id,
                        in_flight: self.poison(),
                    });
                }
                None => {}
            }
        }
        Err(OutOfOrder {
            expected: None,
            found: correlation_id,
            in_flight: self.poison(),
        })
    }

    /// Ends the ledger, and gives back what was in flight, oldest first.
    pub fn poison(&mut self) -> Vec<T> {
        match std::mem::replace(&mut self.state, State::Poisoned) {
            State::Live { in_flight, .. } => in_flight.into_iter().map(|(_, entry)| entry).collect(),
            State::Poisoned => Vec::new(),
        }
    }

    /// The oldest entry.
    pub fn oldest(&self) -> Option<&T> {
        match &self.state {
            State::Live { in_flight, .. } => in_flight.front().map(|(_, entry)| entry),
            State::Poisoned => None,
        }
    }

    /// The entry of a request that was sent with this correlation id, the newest of which are found first.
    pub fn entry_mut(&mut self, correlation_id: i32) -> Option<&mut T> {
        match &mut self.state {
            State::Live { in_flight, .. } => {
                let mut newest_first = in_flight.iter_mut().rev();
                newest_first
                    .find(|(id, _)| *id == correlation_id)
                    .map(|(_, entry)| entry)
            }
            State::Poisoned => None,
        }
    }

    /// How many requests wait.
    pub fn len(&self) -> usize {
        match &self.state {
            State::Live { in_flight, .. } => in_flight.len(),
            State::Poisoned => 0,
        }
    }

    /// Whether no request waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn take(next: &mut i32) -> i32 {
    let id = *next;
    *next = next.wrapping_add(1);
    id
}

/// A response that answers no request, or not the oldest.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the broker answered correlation id {found} where {} was next", expected.map_or_else(|| "none".to_owned(), |id| id.to_string()))]
#[non_exhaustive]
pub struct OutOfOrder<T> {
    /// The oldest request in flight.
    pub expected: Option<i32>,
    /// What the broker answered.
    pub found: i32,
    /// All that was in flight, oldest first: nothing of it will be answered.
    pub in_flight: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_belong_to_requests_in_order() {
        let mut ledger = Ledger::default();
        let first = ledger.push('a').unwrap();
        let silent = ledger.skip().unwrap();
        let second = ledger.push('b').unwrap();
        assert!(first != silent && silent != second);
        assert_eq!(ledger.oldest(), Some(&'a'));
        assert_eq!(ledger.complete(first), Ok('a'));
        assert_eq!(ledger.complete(second), Ok('b'));
        assert!(ledger.is_empty());
    }

    #[test]
    fn a_response_out_of_order_poisons_and_drains() {
        let mut ledger = Ledger::default();
        ledger.push('a').unwrap();
        let second = ledger.push('b').unwrap();
        let error = ledger.complete(second).unwrap_err();
        assert_eq!(
            (error.expected, error.found, &*error.in_flight),
            (Some(0), second, &['a', 'b'][..])
        );
        assert_eq!(ledger.push('c'), Err('c'));
        assert_eq!(ledger.skip(), None);
    }

    #[test]
    fn a_response_to_nothing_poisons() {
        let mut ledger = Ledger::<char>::default();
        assert_eq!(ledger.complete(5).unwrap_err().expected, None);
        assert_eq!(ledger.push('a'), Err('a'));
    }

    #[test]
    fn correlation_ids_wrap_around() {
        let mut ledger = Ledger {
            state: State::Live {
                in_flight: VecDeque::new(),
                next: i32::MAX,
            },
        };
        assert_eq!(ledger.push('a'), Ok(i32::MAX));
        assert_eq!(ledger.push('b'), Ok(i32::MIN));
        assert_eq!(ledger.complete(i32::MAX), Ok('a'));
        assert_eq!(ledger.complete(i32::MIN), Ok('b'));
    }
}
