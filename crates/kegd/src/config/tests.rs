//! Whole configurations.

mod access;
mod certificates;
mod changes;
mod expressions;
mod full;
mod inputs;
mod problems;
mod relations;
mod samples;
mod schema;
mod secrets;
mod sessions;
mod tokens;

use super::environment::MemoryEnvironment;
use super::{Config, Problems, parse};

const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n";
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nhunter2\n-----END PRIVATE KEY-----\n";
const SCRAM_SECRET: &str = "hunter2-hunter2-hunter2-hunter2-";
const FULL: &str = include_str!("tests/full.yaml");

/// The outside that `full.yaml` needs.
fn environment() -> MemoryEnvironment {
    ["ca.pem", "tls.crt", "clients-ca.pem", "/etc/keg/client.crt"]
        .into_iter()
        .fold(MemoryEnvironment::new(), |environment, path| {
            environment.with_file(path, CERTIFICATE)
        })
        .with_file("tls.key", KEY)
        .with_variable("CLIENT_KEY", KEY)
        .with_variable("SCRAM_SECRET", SCRAM_SECRET)
}

fn load(text: &str) -> Result<Config, Problems> {
    parse(text, &environment())
}

#[track_caller]
fn config(text: &str) -> Config {
    load(text).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The problems of `text` without the name of the file, one a line.
#[track_caller]
fn problems(text: &str) -> String {
    match load(text) {
        Ok(config) => panic!("no problem in {config:#?}"),
        Err(problems) => problems.to_string().replace("<text>:", ""),
    }
}
