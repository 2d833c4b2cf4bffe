//! What takes more than one command.

mod apt;
mod bench;
mod instructions;
mod release;
mod schemas;
mod test;

use std::env;
use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  schemas [--check]   generate the codec's tables from Kafka's message definitions
  schemas --list      print every field that names something, and what keg does with it
  setup               fetch and build what the tests need: Kafka's jars, the Java test programs, kcat, librdkafka
  test [ARGS]         setup, then `cargo test --workspace ARGS`
  release             build kegd as it is meant to be run: optimized by a profile of itself under load
  instructions        count the instructions of the hot path by callgrind, and compare with the committed baselines
  instructions --write
                      count, and write the baselines: on purpose, in the commit that changes them
  bench [ARGS]        measure the gateway beside a plain TCP proxy; `bench --help` says how";

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[String]) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["schemas"] => Ok(schemas::run(false)?),
        ["schemas", "--check"] => Ok(schemas::run(true)?),
        ["schemas", "--list"] => Ok(schemas::list()?),
        ["setup"] => test::setup(),
        ["test", args @ ..] => test::run(args),
        ["release"] => release::run(),
        ["instructions"] => instructions::compare(),
        ["instructions", "--write"] => instructions::write(),
        ["bench", args @ ..] => bench::run(args),
        _ => Err(USAGE.into()),
    }
}

#[expect(clippy::print_stdout, reason = "a tool for the command line")]
fn println_out(text: &str) {
    println!("{text}");
}
