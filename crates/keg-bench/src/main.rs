//! Does one case again and again, for `cargo xtask instructions`, which counts what happens in [`measured`]; or several in
//! turns, and says how long each takes:
//!
//! ```text
//! cargo run --profile counted -p keg-bench -- --list
//! cargo run --profile counted -p keg-bench -- --times NAME NAME ...
//! ```

use std::env;
use std::process::ExitCode;

use keg_bench::{CASES, Outcome, Work, medians};

/// How often a case is done before it is counted: what is made once is not a part of it.
const WARM_UP: usize = 3;

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Outcome<()> {
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args.as_slice() {
        ["--list"] => list(),
        ["--times", names @ ..] => tell(names)?,
        [name, rounds] => {
            let case = CASES.iter().find(|case| case.name == *name);
            let case = case.ok_or_else(|| format!("there is no case `{name}`"))?;
            let rounds = rounds.parse()?;
            let mut work = case.make()?;
            for _ in 0..WARM_UP {
                work();
            }
            measured(&mut work, rounds);
        }
        _ => return Err("usage: keg-bench --list | --times NAME ... | NAME ROUNDS".into()),
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a tool for the command line")]
fn list() {
    for case in CASES {
        println!("{}", case.name);
    }
}

/// Each case with its time, and that as a multiple of the first.
#[expect(clippy::print_stdout, reason = "a tool for the command line")]
fn tell(names: &[&str]) -> Outcome<()> {
    let times = medians(names)?;
    let first = times.first().copied().unwrap_or(1.0);
    for (name, time) in names.iter().zip(&times) {
        println!("{time:8.2} us, {:.2} times: {name}", time / first);
    }
    Ok(())
}

/// Callgrind counts from where this begins to where it ends, by its name.
#[inline(never)]
fn measured(work: &mut Work, rounds: usize) {
    for _ in 0..rounds {
        work();
    }
}
