//! Any text is a configuration, or has problems that say where they are and hold nothing that came out of a template.

#![no_main]

use std::sync::LazyLock;

use kegd::config::environment::MemoryEnvironment;
use kegd::config::{Config, changes, parse};
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;

const FULL: &str = include_str!("../../crates/kegd/src/config/tests/full.yaml");
const SECRET: &str = "q7Zk-in-no-message-XJ2";

#[derive(Debug, Arbitrary)]
enum Input {
    Text(String),
    /// The full configuration with these changes.
    Changed(Vec<(u16, Change)>),
}

/// What becomes of a line.
#[derive(Debug, Arbitrary)]
enum Change {
    Delete,
    Repeat,
    Swap(u16),
    Indent(u8),
    /// Another value behind the colon, or at the end.
    Value(Value),
    Insert(String),
}

#[derive(Debug, Arbitrary)]
enum Value {
    Known(u8),
    Free(String),
}

impl Value {
    fn get(&self) -> &str {
        const KNOWN: [&str; 16] = [
            "",
            "~",
            "true",
            "-1",
            "99999999999999999999",
            "5s",
            "1000000000h",
            "64KiB",
            "[]",
            "{}",
            "[19092-19095, \"1-65535\"]",
            "${env['SECRET']}",
            "${file['secret.pem']}",
            "${env['UNSET']}",
            "&a [*a]",
            "[\"a:1\", \"[::1]:2\"]",
        ];
        match self {
            Self::Known(which) => KNOWN[usize::from(*which) % KNOWN.len()],
            Self::Free(text) => text,
        }
    }
}

fn changed(changes: &[(u16, Change)]) -> String {
    let mut lines: Vec<String> = FULL.lines().map(str::to_owned).collect();
    for (at, change) in changes {
        if lines.is_empty() {
            break;
        }
        let at = usize::from(*at) % lines.len();
        match change {
            Change::Delete => drop(lines.remove(at)),
            Change::Repeat => lines.insert(at, lines[at].clone()),
            Change::Swap(other) => {
                let other = usize::from(*other) % lines.len();
                lines.swap(at, other);
            }
            Change::Indent(width) => {
                lines[at] = format!("{:1$}{2}", "", usize::from(width % 12), lines[at].trim_start());
            }
            Change::Value(value) => {
                let key = lines[at].split_once(':').map_or(&*lines[at], |(key, _)| key);
                lines[at] = format!("{key}: {}", value.get());
            }
            Change::Insert(text) => lines.insert(at, text.clone()),
        }
    }
    lines.join("\n")
}

static ENVIRONMENT: LazyLock<MemoryEnvironment> = LazyLock::new(|| {
    MemoryEnvironment::new()
        .with_variable("SECRET", SECRET)
        .with_variable("CLIENT_KEY", SECRET)
        .with_file("secret.pem", SECRET)
        .with_file("ca.pem", SECRET)
});

static PLAIN: LazyLock<Config> = LazyLock::new(|| {
    let plain = "
backend_clusters: [{ name: main, bootstrap_servers: [\"k:9092\"], authentication: { type: anonymous }, insecure_allow_anonymous_virtual_cluster_auth: true }]
virtual_clusters: [{ name: a, destination: { name: main }, authentication: [{ type: anonymous }] }]
listeners:
  - name: local
    addresses: [127.0.0.1]
    ports: [19092-19095]
    policies: [{ type: forward_to_virtual_cluster, config: { type: port_mapping, destination: { name: a }, advertised_host: localhost } }]
";
    parse(plain, &*ENVIRONMENT).unwrap_or_else(|problems| panic!("{problems}"))
});

fuzz_target!(|input: Input| {
    let text = match &input {
        Input::Text(text) => text.clone(),
        Input::Changed(changes) => changed(changes),
    };
    match parse(&text, &*ENVIRONMENT) {
        Ok(config) => {
            assert!(changes(&config, &config).is_empty());
            let _ = changes(&PLAIN, &config);
        }
        Err(problems) => {
            assert!(problems.iter().len() > 0);
            assert!(problems.iter().all(|problem| !problem.message.is_empty()));
            assert!(text.contains(SECRET) || !problems.to_string().contains(SECRET));
        }
    }
});
