//! The time that cases take, beside each other.

use std::time::{Duration, Instant};

use crate::{CASES, Outcome};

/// How often each case is done.
const ROUNDS: usize = 4_000;

/// The median time of each case, in microseconds, in the order of the names.
///
/// They are done in turns, so that what else the machine does concerns all of them.
///
/// # Errors
/// When there is no case of a name, or one can't be made.
pub fn medians(names: &[&str]) -> Outcome<Vec<f64>> {
    let mut cases = Vec::new();
    for name in names {
        let case = CASES.iter().find(|case| case.name == *name);
        let case = case.ok_or_else(|| format!("there is no case `{name}`"))?;
        cases.push((case.make()?, Vec::with_capacity(ROUNDS)));
    }
    for _ in 0..ROUNDS {
        for (work, times) in &mut cases {
            let began = Instant::now();
            work();
            times.push(began.elapsed());
        }
    }
    Ok(cases.iter_mut().map(|(_, times)| median(times)).collect())
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}
