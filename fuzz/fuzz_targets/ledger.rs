//! Any sequence of operations on the ledger, against a queue.

#![no_main]

use std::collections::VecDeque;

use keg_codec::ledger::Ledger;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Operation {
    Push,
    Skip,
    /// The response that is due.
    CompleteNext,
    /// Any response.
    Complete(i32),
    Poison,
}

fuzz_target!(|operations: Vec<Operation>| {
    let mut ledger = Ledger::default();
    let mut model = VecDeque::new();
    let (mut next, mut poisoned) = (0_i32, false);
    for (entry, operation) in operations.into_iter().enumerate() {
        match operation {
            Operation::Push => {
                let expected = if poisoned { Err(entry) } else { Ok(next) };
                assert_eq!(ledger.push(entry), expected);
                if !poisoned {
                    model.push_back((next, entry));
                    next = next.wrapping_add(1);
                }
            }
            Operation::Skip => {
                assert_eq!(ledger.skip(), (!poisoned).then_some(next));
                if !poisoned {
                    next = next.wrapping_add(1);
                }
            }
            Operation::CompleteNext => {
                if let Some((id, entry)) = model.pop_front() {
                    assert_eq!(ledger.complete(id), Ok(entry));
                }
            }
            Operation::Complete(id) => {
                let front = model.front().copied();
                match (ledger.complete(id), front) {
                    (Ok(found), Some((due, entry))) => {
                        assert_eq!((due, entry), (id, found));
                        model.pop_front();
                    }
                    (Ok(_), None) => panic!("a response to nothing was taken"),
                    (Err(error), front) => {
                        assert_ne!(front.map(|(due, _)| due), Some(id));
                        assert_eq!((error.expected, error.found), (front.map(|(due, _)| due), id));
                        assert!(error.in_flight.iter().eq(model.iter().map(|(_, entry)| entry)));
                        model.clear();
                        poisoned = true;
                    }
                }
            }
            Operation::Poison => {
                assert!(ledger.poison().iter().eq(model.iter().map(|(_, entry)| entry)));
                model.clear();
                poisoned = true;
            }
        }
        assert_eq!(ledger.len(), model.len());
        assert_eq!(ledger.is_empty(), model.is_empty());
        assert_eq!(ledger.oldest(), model.front().map(|(_, entry)| entry));
    }
});
