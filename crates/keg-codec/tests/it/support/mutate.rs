//! Damage.

use super::Choices;

/// Damages the bytes in a few places.
pub(crate) fn mutate(body: &mut Vec<u8>, choices: &mut Choices<'_>) {
    for _ in 0..=choices.below(4) {
        mutate_once(body, choices);
    }
}

fn mutate_once(body: &mut Vec<u8>, choices: &mut Choices<'_>) {
    const EDGES: [u8; 8] = [0, 1, 2, 0x7f, 0x80, 0x81, 0xfe, 0xff];
    let at = (choices.integer(2) as usize) % body.len().max(1);
    match choices.below(5) {
        0 if !body.is_empty() => body[at] = EDGES[choices.below(8)],
        1 if !body.is_empty() => body[at] ^= 1 << choices.below(8),
        2 => {
            body.splice(at..at, [EDGES[choices.below(8)]; 4]);
        }
        3 => body.truncate(at),
        _ => {
            let end = (at + choices.below(8)).min(body.len());
            body.drain(at.min(end)..end);
        }
    }
}
