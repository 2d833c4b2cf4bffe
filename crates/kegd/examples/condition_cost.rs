//! What it costs to read a condition once, and to evaluate it: a policy remembers what comes of it, for as long as a client
//! stays who it is.
//!
//! `cargo run --release -p kegd --example condition_cost`

#![allow(clippy::print_stdout, reason = "it is what it is for")]

use std::hint::black_box;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Instant;

use keg_policy::{AddressBook, Claim, Connection, Identity, Origin};
use kegd::expression::Condition;

const ROUNDS: usize = 20_000;

/// So many evaluations are timed at once: one is not much longer than a look at the clock.
const AT_ONCE: u32 = 10;

const CONDITIONS: [&str; 7] = [
    "true",
    "context.auth.principal.name == 'ann'",
    "context.client_id == 'app'",
    "context.auth.principal.name in ['bob', 'ann']",
    "context.listener.name != 'internal' && !context.source.address.startsWith('10.')",
    "context.auth.claims['claim-7'] == 'value of 7'",
    "has(context.auth.claims.groups) && 'writers' in context.auth.claims.groups",
];

#[derive(Debug)]
struct Nowhere;

impl AddressBook for Nowhere {
    fn advertise(&self, _node_id: i32) -> Result<(Arc<str>, u16), String> {
        Err("there are no nodes".to_owned())
    }

    fn learn(&self, _node_id: i32, _host: &str, _port: u16) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (plain, bearer) = (client(0), client(20));
    for text in CONDITIONS {
        let began = Instant::now();
        let condition = Condition::new(text).map_err(|mistake| mistake.to_string())?;
        let read = began.elapsed();
        let [without, with] = [&plain, &bearer].map(|client| evaluate(&condition, client));
        println!("{without:6.2} us, with 20 claims {with:6.2} us, read in {read:?}: {text}");
    }
    Ok(())
}

/// The median, in microseconds.
fn evaluate(condition: &Condition, client: &Connection) -> f64 {
    let mut times: Vec<_> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            for _ in 0..AT_ONCE {
                let _ = black_box(condition.holds(black_box(client)));
            }
            began.elapsed() / AT_ONCE
        })
        .collect();
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1e6)
}

fn client(claims: usize) -> Connection {
    let client = Connection::new("team-a", "User:ann", Arc::new(Nowhere)).with_origin(Origin {
        listener: "public".into(),
        address: Some(Ipv4Addr::new(192, 0, 2, 1).into()),
    });
    let groups = Claim::List(vec![
        Claim::Text("readers".to_owned()),
        Claim::Text("writers".to_owned()),
    ]);
    let other = |number: usize| (format!("claim-{number}"), Claim::Text(format!("value of {number}")));
    let mut claims: std::collections::BTreeMap<_, _> = (1..claims).map(other).collect();
    if !claims.is_empty() {
        claims.insert("groups".to_owned(), groups);
    }
    client.identify(Identity {
        method: "sasl_oauth_bearer",
        scopes: Vec::new(),
        claims,
    });
    client.call(b"app");
    client
}
