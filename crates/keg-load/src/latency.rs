//! Requests at a rate, one in flight, to several targets in turns so that all see the same machine.

use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::ApiKey;

use crate::connection::{Connection, Connector};
use crate::process::Process;
use crate::requests::{Call, errors, produce};
use crate::stats::quantile;
use crate::target::Target;
use crate::{Outcome, batch};

/// How many requests of each turn aren't counted: the target, and the processor, have been at others since its last turn.
pub(crate) const SETTLING: u32 = 10;

struct Side {
    connection: Connection,
    frame: Vec<u8>,
    nanoseconds: Vec<u64>,
    pid: Option<u32>,
    /// What its process has spent in its turns.
    cpu: Duration,
}

/// The places of all, in another order in each turn, so that nobody always follows the same one.
fn in_order(sides: usize, turn: u32) -> Vec<usize> {
    let mut places: Vec<usize> = (0..sides).collect();
    places.sort_by_key(|place| {
        let mut hasher = DefaultHasher::new();
        (turn, place).hash(&mut hasher);
        hasher.finish()
    });
    places
}

pub(crate) fn run(targets: &[Target], rate: u32, block: u32, blocks: u32, size: usize) -> Outcome<String> {
    let call = Call::new(ApiKey::PRODUCE, 13)?;
    let mut sides = Vec::new();
    for target in targets {
        let mut connection = Connector::new(target)?.connect()?;
        let topic = connection.topic(&target.topic)?;
        let frame = produce(call, &[(&topic, vec![0])], -1, &batch::batch(1, size))?;
        sides.push(Side {
            connection,
            frame,
            nanoseconds: Vec::new(),
            pid: target.pid,
            cpu: Duration::ZERO,
        });
    }
    let pause = Duration::from_secs(1) / rate;
    // The first turn warms up.
    for turn in 0..=blocks {
        for place in in_order(sides.len(), turn) {
            let side = sides.get_mut(place).ok_or("no such target")?;
            let process = side.pid.map(Process::start).transpose()?;
            let mut next = Instant::now();
            for request in 0..block {
                next += pause;
                thread::sleep(next.saturating_duration_since(Instant::now()));
                let start = Instant::now();
                side.connection.send(&mut side.frame)?;
                let response = side.connection.receive()?;
                let elapsed = start.elapsed();
                let errors = errors(&call.response(response)?);
                if !errors.is_empty() {
                    return Err(format!("Produce was answered with the errors {errors:?}").into());
                }
                if turn > 0 && request >= SETTLING {
                    side.nanoseconds.push(u64::try_from(elapsed.as_nanos())?);
                }
            }
            if let Some(process) = process.filter(|_| turn > 0) {
                side.cpu += process.end()?.cpu;
            }
        }
    }
    let mut report = String::new();
    for (target, side) in targets.iter().zip(&mut sides) {
        side.nanoseconds.sort_unstable();
        for (name, share) in [("p50", 0.5), ("p99", 0.99)] {
            let value = quantile(&side.nanoseconds, share).ok_or("no request was sent")?;
            writeln!(report, "{}.{name} {}", target.name, value as f64 / 1000.0)?;
        }
        if side.pid.is_some() {
            let turns = pause * block * blocks;
            writeln!(
                report,
                "{}.cpu {}",
                target.name,
                side.cpu.as_secs_f64() / turns.as_secs_f64()
            )?;
        }
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn in_each_turn_all_come_once_and_each_of_them_behind_every_other_in_some() {
        let mut behind = BTreeSet::new();
        for turn in 0..30 {
            let order = in_order(5, turn);
            assert_eq!(order.iter().collect::<BTreeSet<_>>().len(), 5);
            behind.extend(order.windows(2).map(<[usize]>::to_vec));
        }
        assert_eq!(behind.len(), 5 * 4);
    }
}
