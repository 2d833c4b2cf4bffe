//! `cargo xtask instructions`: what the hot path costs, counted by callgrind, held against committed baselines.
//!
//! Instructions are the same on a busy machine as on a quiet one. What else they depend on is kept out as far as it can be:
//! the build is a release in one unit, whatever flags the environment has; glibc takes the functions that every processor has;
//! and the baselines tell which compiler they were counted with.

mod baselines;
mod count;

use std::fs;
use std::path::PathBuf;

use crate::test::{Outcome, Places};
use crate::{apt, println_out};
use baselines::{Baselines, Compared};
use count::Counter;

/// By how much a count may exceed its baseline, in percent.
const ALLOWED: u64 = 10;

/// What the run says where there is nothing to count with; `.ci/run` looks for its beginning.
const NOT_COUNTED: &str = "instructions were not counted";

/// Fails when a count is above its baseline by more than is allowed, or a case has no baseline.
pub(crate) fn compare() -> Outcome {
    let Some(counter) = ready()? else {
        return Ok(());
    };
    let file = file(&counter);
    let known = Baselines::read(&fs::read_to_string(&file)?)?;
    let counted = counter.count_all()?;
    let mut problems = Vec::new();
    for compared in known.compare(&counted, ALLOWED) {
        println_out(&compared.to_string());
        if compared.is_problem() {
            problems.push(compared);
        }
    }
    if problems.is_empty() {
        return Ok(());
    }
    Err(message(&problems, &known, &counted).into())
}

/// Writes what is counted as the baselines.
pub(crate) fn write() -> Outcome {
    let Some(counter) = ready()? else {
        return Ok(());
    };
    let text = counter.count_all()?.to_string();
    println_out(&text);
    Ok(fs::write(file(&counter), text)?)
}

fn file(counter: &Counter) -> PathBuf {
    counter.workspace().join("crates/keg-bench/instructions.txt")
}

/// What counts, built; `None`, and a word why, where it can't be had.
fn ready() -> Outcome<Option<Counter>> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        println_out(&format!("{NOT_COUNTED}: the baselines are of x86-64 Linux"));
        return Ok(None);
    }
    if !apt::provide("valgrind", &["--version"], "valgrind")? {
        println_out(&format!(
            "{NOT_COUNTED}: there is no valgrind, and it can't be installed here"
        ));
        return Ok(None);
    }
    Counter::build(Places::find()?).map(Some)
}

fn message(problems: &[Compared<'_>], known: &Baselines, counted: &Baselines) -> String {
    let mut message = format!("{} of the counts are not what they were:\n", problems.len());
    for problem in problems {
        message.push_str(&format!("  {problem}\n"));
    }
    if known.compiler != counted.compiler {
        message.push_str(&format!(
            "The baselines were counted with {}, this is {}: that alone may be the reason.\n",
            known.compiler, counted.compiler
        ));
    }
    message.push_str(
        "`callgrind_annotate target/instructions/NUMBER.out` shows what a case goes to. If it is meant to cost that much, \
         `cargo xtask instructions --write` renews the baselines: commit them with the change, and say why in its message.",
    );
    message
}
