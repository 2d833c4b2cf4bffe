//! Many sequences, until one differs.

use std::cell::RefCell;
use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::{Api, ApiKey};
use proptest::strategy::{BoxedStrategy, Strategy};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::coverage;
use super::generate;
use super::play::Arena;
use super::tally::Tally;
use super::term::Operation;

/// How many sequences there are where nothing else is said, of which seed, and how long there are new ones. They are the
/// same in every run: one that fails is to have its reason in what was changed, not in what was drawn.
const CASES: u64 = 200;
const CASES_WITH_ACLS: u64 = 50;
/// How many there are under the same drawn rules.
const CASES_OF_A_ROUND: u64 = 10;
const SEED: u64 = 20_260_810;
const TIME: Duration = Duration::from_secs(35);
const TIME_WITH_ACLS: Duration = Duration::from_secs(20);

/// How many versions of APIs the sequences of an ordinary run show to be asked for, allowed, denied, and both at once.
const LEAST: [usize; 4] = [200, 110, 85, 20];

/// Fewer are played to look at them, not to prove anything.
const FEWEST: u64 = 10;

/// So many sequences under drawn rules show each version of each API both allowed and denied.
const LONG: u64 = 3_000;

/// How many requests of versions whose turn it is a sequence has at its end, with ACLs.
const FURTHER: usize = 4;

/// Sequences at the same time.
const PLAYERS: usize = 2;

/// How often a difference has to be seen, under new names each time, to be one: what is only late is not late twice.
const TIMES: usize = 3;

/// How long a sequence that differs may be made smaller, in milliseconds.
const SHRINKING: u32 = 60_000;

/// Which sequences are played: each has a seed of its own, which are one after the other.
#[derive(Debug)]
struct Extent {
    seed: u64,
    cases: u64,
    end: Option<Instant>,
}

impl Extent {
    /// What the environment says. Who asks for a number of sequences gets all of them, and new ones.
    fn asked_for((cases, time): (u64, Duration)) -> Self {
        let number = |name| env::var(name).ok().map(|number| number.parse::<u64>().unwrap());
        let seed = number("KEG_ORACLE_SEED");
        match number("KEG_ORACLE_CASES") {
            Some(cases) => Self {
                seed: seed.unwrap_or_else(time_of_day),
                cases,
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

/// Plays sequences, and fails with the smallest of each that differs. With ACLs, all APIs but some are denied at times.
pub(super) fn sequences(name: &str, arena: &Arena, never_denied: &[ApiKey]) {
    let extent = Extent::asked_for(match arena.has_acls {
        true => (CASES_WITH_ACLS, TIME_WITH_ACLS),
        false => (CASES, TIME),
    });
    let total = played(name, arena, &extent);
    total.expect_no_difference();
    if extent.cases < FEWEST {
        return;
    }
    total.expect_to_prove_something(&arena.apis(), arena.has_acls, never_denied);
    if arena.has_acls && total.sequences >= CASES_WITH_ACLS {
        total.expect_to_have_seen(LEAST);
    }
}

/// The same under conditions that are drawn again after a few sequences, of the seeds of these.
pub(super) fn rounds(name: &str, mut conditions: impl FnMut(&mut TestRunner) -> Arena) {
    let Extent { mut seed, cases, end } = Extent::asked_for((CASES_WITH_ACLS, TIME_WITH_ACLS));
    let last = seed + cases;
    let mut total = Tally::default();
    let (mut apis, mut served) = Default::default();
    while seed < last && total.goes_on() && end.is_none_or(|end| Instant::now() < end) {
        let round = seed / CASES_OF_A_ROUND;
        let arena = conditions(&mut runner(round, &[u8::MAX]));
        let cases = ((round + 1) * CASES_OF_A_ROUND).min(last) - seed;
        total.add(played(name, &arena, &Extent { seed, cases, end }));
        apis = arena.apis();
        served = arena.served;
        seed += cases;
    }
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{name}: {total} (all rounds)").unwrap();
    total.expect_no_difference();
    if cases < FEWEST {
        return;
    }
    total.expect_to_prove_something(&apis, true, &coverage::LISTS);
    if total.sequences >= CASES_WITH_ACLS {
        total.expect_to_have_seen(LEAST);
    }
    if total.sequences >= LONG {
        total.expect_to_have_seen_everything(&served);
    }
}

fn played(name: &str, arena: &Arena, extent: &Extent) -> Tally {
    let Extent { seed, cases, end } = *extent;
    let (apis, wanted) = (arena.apis(), wanted(arena));
    let next = AtomicU64::new(seed);
    let total = Mutex::new(Tally::default());
    let play_on = || {
        let sequences = generate::sequences(&apis);
        while total.lock().unwrap().goes_on() && end.is_none_or(|end| Instant::now() < end) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= extent.seed + cases {
                return;
            }
            let sequence = (&sequences, further(&wanted, seed)).prop_map(|(mut sequence, further)| {
                sequence.extend(further.into_iter().flatten());
                sequence
            });
            let tally = play(arena, &sequence, seed);
            // Shown at once: a long run may be ended before its end.
            let mut terminal = std::io::stderr();
            for difference in &tally.differences {
                writeln!(terminal, "{name}: {difference}").unwrap();
            }
            total.lock().unwrap().add(tally);
        }
    };
    let has_panicked = thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(play_on)).collect();
        players.into_iter().filter_map(|player| player.join().err()).count() > 0
    });
    assert!(!has_panicked, "{name}: a player panicked");
    let total = total.into_inner().unwrap();
    // Not `eprintln!`: the test harness would swallow it.
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{name}: {total} (seed {seed})").unwrap();
    for unsteady in &total.unsteady {
        eprintln!("unsteady: {unsteady}");
    }
    total
}

/// What draws of a seed, and of what else makes a difference.
fn runner(seed: u64, of: &[u8]) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes[8..].iter_mut().zip(of).for_each(|(byte, other)| *byte ^= other);
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 400,
        max_shrink_time: SHRINKING,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Plays the sequence of a seed.
fn play(arena: &Arena, sequence: &impl Strategy<Value = Vec<Operation>>, seed: u64) -> Tally {
    // Both modes have sequences of their own.
    let mut runner = runner(seed, arena.shown_prefix.as_bytes());
    let sequence = sequence.new_tree(&mut runner).unwrap();
    let first = RefCell::new(None);
    let outcome = runner.run_one(sequence, |operations| {
        let mut tally = Tally::default();
        let outcome = again(arena, &operations, &mut tally);
        // What it is made smaller to isn't played for its own sake.
        first.borrow_mut().get_or_insert(tally);
        outcome.map_err(TestCaseError::fail)
    });
    let mut tally = first.take().unwrap_or_default();
    match outcome {
        Ok(_) => tally.sequences = 1,
        Err(TestError::Fail(reason, _)) => tally.differences.push(format!("seed {seed}: {reason}")),
        Err(TestError::Abort(reason)) => tally.differences.push(format!("seed {seed}: aborted: {reason}")),
    }
    tally
}

/// What is asked at the end of the sequence of a seed: with ACLs, versions whose turn it is.
fn further(wanted: &[(&'static Api, u8)], seed: u64) -> Vec<BoxedStrategy<Vec<Operation>>> {
    let turn = usize::try_from(seed % wanted.len().max(1) as u64).unwrap() * FURTHER;
    let versions = wanted.iter().cycle().skip(turn % wanted.len().max(1)).take(FURTHER);
    versions
        .map(|(api, version)| generate::operation_of(api, *version))
        .collect()
}

/// With ACLs, each version of each API: it is to be seen allowed and denied. As [`Operation`]s have their versions.
fn wanted(arena: &Arena) -> Vec<(&'static Api, u8)> {
    let served = arena.served.iter().filter(|_| arena.has_acls);
    let all = served.filter_map(|(key, versions)| Some((Api::of(ApiKey(*key))?, versions)));
    let versions = all.flat_map(|(api, versions)| {
        let before_last = 0..=versions.last - versions.first;
        before_last.filter_map(move |before| Some((api, u8::try_from(before).ok()?)))
    });
    versions.collect()
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
    u64::try_from(since.as_millis()).unwrap()
}
