//! The message generator of keg-codec's property tests, driven by the fuzzer's bytes.

#![allow(dead_code, unreachable_pub)]

#[path = "../../crates/keg-codec/tests/it/support/case.rs"]
pub(crate) mod case;
#[path = "../../crates/keg-codec/tests/it/support/choices.rs"]
pub(crate) mod choices;
#[path = "../../crates/keg-codec/tests/it/support/generate.rs"]
pub(crate) mod generate;
#[path = "../../crates/keg-codec/tests/it/support/mutate.rs"]
pub(crate) mod mutate;
#[path = "../../crates/keg-codec/tests/it/support/plan.rs"]
pub(crate) mod plan;
#[path = "../../crates/keg-codec/tests/it/support/theirs.rs"]
pub(crate) mod theirs;

use std::sync::LazyLock;

pub(crate) use case::{Case, every_message};
pub(crate) use choices::Choices;
use keg_codec::Direction;

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| every_message().collect());

/// Any message of any version.
pub(crate) fn any_case(choices: &mut Choices<'_>) -> Case {
    CASES[choices.integer(2) as u16 as usize % CASES.len()]
}

/// Any message of one direction.
pub(crate) fn any_of(direction: Direction, choices: &mut Choices<'_>) -> Case {
    loop {
        let case = any_case(choices);
        match case.used {
            Some((_, its)) if its == direction => return case,
            // Bytes that have run out choose the first message for ever.
            _ if choices.is_empty() => {
                return *CASES
                    .iter()
                    .find(|case| matches!(case.used, Some((_, its)) if its == direction))
                    .expect("there are messages of both directions");
            }
            _ => {}
        }
    }
}

/// A body: the fuzzer's own bytes, a message of the version, or a damaged one.
pub(crate) fn any_body(case: Case, choices: &mut Choices<'_>) -> Vec<u8> {
    let kind = choices.below(4);
    if kind == 0 {
        return choices.rest().to_vec();
    }
    let mut body = generate::message(case, choices)
        .write(case.message, case.version)
        .expect("what is generated can be written");
    if kind == 1 {
        mutate::mutate(&mut body, choices);
    }
    body
}
