//! Many sequences, until one differs.

use std::env;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use keg_codec::{Api, ApiKey};
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
/// How many there are under the same drawn rules.
const CASES_OF_A_ROUND: usize = 10;
const SEED: u64 = 20_260_817;
const TIME: Duration = Duration::from_secs(35);
const TIME_WITH_ACLS: Duration = Duration::from_secs(20);

/// How many versions of APIs the sequences of an ordinary run show to be asked for, allowed, denied, and both at once.
const LEAST: [usize; 4] = [200, 110, 85, 20];

/// So many sequences under drawn rules show each version of each API both allowed and denied.
const LONG: usize = 1_000;

/// How many requests of versions whose turn it is a sequence has at its end, with ACLs.
const FURTHER: usize = 4;

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
    let extent = Extent::asked_for(match arena.has_acls {
        true => (CASES_WITH_ACLS, TIME_WITH_ACLS),
        false => (CASES, TIME),
    });
    let total = played(name, arena, &extent);
    total.expect_to_prove_something(&arena.apis(), arena.has_acls);
    if arena.has_acls && total.sequences >= CASES_WITH_ACLS {
        total.expect_to_have_seen(LEAST);
    }
}

/// The same under conditions that are drawn again after a few sequences. Each round has a seed of its own, the first one
/// that of the run.
pub(super) fn rounds(name: &str, mut conditions: impl FnMut(&mut TestRunner) -> Arena) {
    let Extent { mut seed, cases, end } = Extent::asked_for((CASES_WITH_ACLS, TIME_WITH_ACLS));
    let mut total = Tally::default();
    let (mut apis, mut served) = Default::default();
    while total.sequences < cases && end.is_none_or(|end| Instant::now() < end) {
        let arena = conditions(&mut runner(seed, &[u8::MAX]));
        let cases = CASES_OF_A_ROUND.min(cases - total.sequences);
        total.add(played(name, &arena, &Extent { seed, cases, end }));
        apis = arena.apis();
        served = arena.served;
        seed += 1;
    }
    let mut terminal = std::io::stderr();
    writeln!(terminal, "{name}: {total} (all rounds)").unwrap();
    total.expect_to_prove_something(&apis, true);
    if total.sequences >= CASES_WITH_ACLS {
        total.expect_to_have_seen(LEAST);
    }
    if total.sequences >= LONG {
        total.expect_to_have_seen_everything(&served);
    }
}

fn played(name: &str, arena: &Arena, extent: &Extent) -> Tally {
    let Extent { seed, cases, end } = *extent;
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

/// One player's sequences; gives what differed.
fn play(
    arena: &Arena,
    apis: &[&'static Api],
    seed: u64,
    player: u8,
    goes_on: &impl Fn() -> bool,
    total: &Mutex<Tally>,
) -> Option<String> {
    // Both modes have sequences of their own.
    let prefix = arena.shown_prefix.bytes().chain(std::iter::repeat(0));
    let of: Vec<_> = prefix.map(|byte| byte ^ player).take(24).collect();
    let mut runner = runner(seed, &of);
    let sequences = generate::sequences(apis);
    let wanted = wanted(arena);
    // Rounds have one seed after the other, and go on where the one before ends.
    let first = usize::try_from(seed).unwrap().wrapping_mul(CASES_OF_A_ROUND) + usize::from(player);
    for case in (first..).step_by(PLAYERS.into()) {
        if !goes_on() {
            return None;
        }
        let further = wanted
            .iter()
            .cycle()
            .skip(case % wanted.len().max(1) * FURTHER)
            .take(FURTHER);
        let further: Vec<_> = further
            .map(|(api, version)| {
                let version = *version;
                generate::operation(api).prop_map(move |it| Operation { version, ..it })
            })
            .collect();
        let with_further = (&sequences, further).prop_map(|(mut sequence, further)| {
            sequence.extend(further);
            sequence
        });
        let sequence = with_further.new_tree(&mut runner).unwrap();
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
    since.as_secs()
}
