//! What takes more than one command.

mod bench;
mod schemas;
mod test;

use std::env;
use std::error::Error;
use std::process::ExitCode;

const USAGE: &str = "usage: cargo xtask <command>

  schemas [--check]   generate the codec's tables from Kafka's message definitions
  schemas --list      print every field that names something, and what keg does with it
  setup               fetch and build what the tests need: Kafka's jars, the Java test programs, kcat
  test [ARGS]         setup, then `cargo test --workspace ARGS`
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
        ["bench", args @ ..] => bench::run(args),
        _ => Err(USAGE.into()),
    }
}
