//! What is shown to clients of SCRAM before they have proved anything, by several gateways and over restarts.

use std::net::TcpStream;
use std::time::Duration;

use crate::process::Process;
use crate::runs::Rig;
use crate::sasl;

const TIME: Duration = Duration::from_secs(20);

const SECRET: &str = "scram_secret: 0123456789abcdef0123456789abcdef";
const OTHER: &str = "scram_secret: fedcba9876543210fedcba9876543210";

/// Eve doesn't exist, and Ann does.
const USERS: [&str; 2] = ["eve", "ann"];

/// A gateway whose virtual cluster has SCRAM.
struct Gateway {
    rig: Rig,
    process: Process,
}

impl Gateway {
    fn start(name: &str, secret: &str) -> Self {
        let rig = Rig::new(name);
        let process = rig.run_file(&text(&rig, secret));
        let mut gateway = Self { rig, process };
        gateway.until_it_runs(1);
        gateway
    }

    /// Once.
    fn restart(&mut self) {
        self.process.terminate(TIME);
        self.process = self.rig.run(&self.rig.dir.join("keg.yaml"));
        self.until_it_runs(2);
    }

    /// Once.
    fn reload(&mut self, secret: &str) {
        std::fs::write(self.rig.dir.join("keg.yaml"), text(&self.rig, secret)).unwrap();
        self.process
            .wait_until("the change", TIME, |log| log.contains("the configuration was reloaded"));
    }

    fn until_it_runs(&mut self, starts: usize) {
        self.process
            .wait_until("a gateway", TIME, |log| log.matches("keg is running").count() == starts);
    }

    /// The salts and iterations that it shows for each mechanism and user.
    fn shown(&self) -> Vec<String> {
        let mechanisms = ["SCRAM-SHA-256", "SCRAM-SHA-512"];
        let users = mechanisms.iter().flat_map(|it| USERS.map(|user| (*it, user)));
        users
            .map(|(mechanism, user)| shown(&mut self.rig.client(), mechanism, user))
            .collect()
    }
}

fn text(rig: &Rig, secret: &str) -> String {
    let ann = "mediation: terminate, principals: [{ username: ann, password: ann-secret }]";
    let methods = ["sha256", "sha512"].map(|it| format!("{{ type: sasl_scram, algorithm: {it}, {ann} }}"));
    let whole = rig.whole().replace(
        "authentication: [{ type: anonymous }]",
        &format!("authentication: [{}]", methods.join(", ")),
    );
    whole.replace("runtime: { ", &format!("runtime: {{ {secret}, "))
}

/// Salt and iterations, as SCRAM writes them.
fn shown(client: &mut TcpStream, mechanism: &str, user: &str) -> String {
    assert_eq!(sasl::handshake(client, mechanism), 0);
    sasl::show(client, format!("n,,n={user},r=nonce").as_bytes());
    let told = sasl::told(client);
    assert_eq!(told.error, 0);
    let first = told.token;
    let (nonce, rest) = first.split_once(',').unwrap();
    assert!(
        nonce.starts_with("r=nonce") && rest.starts_with("s=") && rest.ends_with(",i=4096"),
        "{first}"
    );
    rest.to_owned()
}

#[test]
fn gateways_of_the_same_secret_show_the_same_salts_over_restarts() {
    let mut one = Gateway::start("salts-one", SECRET);
    let other = Gateway::start("salts-other", SECRET);
    let shown = one.shown();
    let distinct: std::collections::BTreeSet<_> = shown.iter().collect();
    assert_eq!(distinct.len(), shown.len(), "{shown:?}");
    assert_eq!(other.shown(), shown);
    one.restart();
    assert_eq!(one.shown(), shown);
    one.reload(OTHER);
    assert!(one.shown().iter().all(|it| !shown.contains(it)));
}

#[test]
fn a_gateway_without_a_secret_keeps_its_salts_over_reloads_alone() {
    let mut gateway = Gateway::start("salts-none", "max_connections: 1000");
    let shown = gateway.shown();
    gateway.reload("max_connections: 1001");
    assert_eq!(gateway.shown(), shown);
    assert!(!gateway.process.output().contains("at the next start"));
    gateway.restart();
    assert!(gateway.shown().iter().all(|it| !shown.contains(it)));
}
