//! Many sequences, until one differs.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::Api;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::generate;
use super::play::Arena;
use super::tally::Tally;
use super::term::Operation;

/// How many sequences there are where nothing else is said, of which seed, and how long there are new ones. They are the
/// same in every run: one that fails is to have its reason in what was changed, not in what was drawn.
const CASES: usize = 200;
const CASES_WITH_ACLS: usize = 50;
const SEED: u64 = 20_260_817;
const TIME: Duration = Duration::from_secs(35);
const TIME_WITH_ACLS: Duration = Duration::from_secs(20);

/// Sequences at the same time.
const PLAYERS: u8 = 2;

/// How often a difference has to be seen, under new names each time, to be one: what is only late is not late twice.
const TIMES: usize = 3;

/// How long a sequence that differs may be made smaller, in milliseconds.
const SHRINKING: u32 = 60_000;

/// Which sequences are played.
#[derive(Debug)]
struct Extent {
    seed: u64,
    cases: usize,
    end: Option<Instant>,
}

impl Extent {
    /// What the environment says. Who asks for a number of sequences gets all of them, and new ones.
    fn asked_for((cases, time): (usize, Duration)) -> Self {
        let number = |name| env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
        let seed = number("KEG_ORACLE_SEED");
        match number("KEG_ORACLE_CASES") {
            Some(cases) => Self {
                seed: seed.unwrap_or_else(time_of_day),
                cases: usize::try_from(cases).unwrap(),
                end: None,
            },
            None => Self {
                seed: seed.unwrap_or(SEED),
                cases,
                end: Some(Instant::now() + time),
            },
        }
    }
}

/// Plays sequences, and fails with the smallest that differs.
pub(super) fn sequences(name: &str, arena: &Arena) {
    let usual = match arena.has_acls {
        true => (CASES_WITH_ACLS, TIME_WITH_ACLS),
        false => (CASES, TIME),
    };
    let Extent { seed, cases, end } = Extent::asked_for(usual);
    let apis = arena.apis();
    let (started, found) = (AtomicUsize::new(0), AtomicBool::new(false));
    let total = Mutex::new(Tally::default());
    let goes_on = || {
        !found.load(Ordering::Relaxed)
            && end.is_none_or(|end| Instant::now() < end)
            && started.fetch_add(1, Ordering::Relaxed) < cases
    };
    let failures: Vec<String> = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS)
            .map(|player| {
                let (apis, goes_on, total, found) = (&apis, &goes_on, &total, &found);
                scope.spawn(move || {
                    let failure = play(arena, apis, seed, player, goes_on, total);
                    found.fetch_or(failure.is_some(), Ordering::Relaxed);
                    failure
                })
            })
            .collect();
        players
            .into_iter()
            .filter_map(|player| player.join().unwrap_or_else(|_| Some("a player panicked".to_owned())))
            .collect()
    });
    let total = total.into_inner().unwrap();
    // Not `eprintln!`: the test harness would swallow it.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{name}: {total} (seed {seed})").unwrap();
    for unsteady in &total.unsteady {
        eprintln!("unsteady: {unsteady}");
    }
    assert!(failures.is_empty(), "seed {seed}: {}", failures.join("\n"));
    total.expect_to_prove_something(&apis, arena.has_acls);
}

/// One player's sequences; gives what differed.
fn play(
    arena: &Arena,
    apis: &[&'static Api],
    seed: u64,
    player: u8,
    goes_on: &impl Fn() -> bool,
    total: &Mutex<Tally>,
) -> Option<String> {
    let mut bytes = [player; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    // Both modes have sequences of their own.
    bytes[8..]
        .iter_mut()
        .zip(arena.shown_prefix.bytes())
        .for_each(|(byte, other)| *byte ^= other);
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 400,
        max_shrink_time: SHRINKING,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let sequences = generate::sequences(apis);
    while goes_on() {
        let sequence = sequences.new_tree(&mut runner).unwrap();
        let outcome = runner.run_one(sequence, |operations| {
            let mut tally = Tally::default();
            let outcome = again(arena, &operations, &mut tally);
            tally.sequences = 1;
            total.lock().unwrap().add(tally);
            outcome.map_err(TestCaseError::fail)
        });
        match outcome {
            Ok(_) => {}
            Err(TestError::Fail(reason, _)) => return Some(reason.to_string()),
            Err(TestError::Abort(reason)) => return Some(format!("aborted: {reason}")),
        }
    }
    None
}

/// Plays a sequence again as long as it differs.
fn again(arena: &Arena, operations: &[Operation], tally: &mut Tally) -> Result<(), String> {
    let mut differences = Vec::new();
    for _ in 0..TIMES {
        match arena.play(operations, tally) {
            Ok(()) => {
                tally.unsteady.append(&mut differences);
                return Ok(());
            }
            Err(difference) => differences.push(difference),
        }
    }
    let mut report = String::new();
    let last = differences.last().map_or("", String::as_str);
    write!(report, "a sequence differs, {TIMES} times of {TIMES}:\n{last}").unwrap();
    Err(report)
}

fn time_of_day() -> u64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    since.as_secs()
}
