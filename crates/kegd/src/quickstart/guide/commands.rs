//! Commands to copy.

use std::fmt::Write as _;

use super::TOPIC;

/// A way to a virtual cluster.
pub(super) struct Target {
    pub(super) virtual_cluster: &'static str,
    pub(super) bootstrap: String,
    pub(super) tls: bool,
}

/// The files that clients need for TLS, as a shell takes them.
pub(super) struct Clients {
    pub(super) ca: String,
    pub(super) properties: String,
    /// A hosts file for Java, where the names don't resolve.
    pub(super) hosts: Option<String>,
}

/// All commands, under headings that a shell skips.
pub(super) fn commands(targets: &[Target], clients: &Clients, hosts_line: &str) -> String {
    let mut text = String::new();
    for tls in [false, true] {
        let over = if tls { " over TLS" } else { "" };
        let targets = || targets.iter().filter(move |target| target.tls == tls);
        let _ = writeln!(text, "\n# kcat{over}: produce, consume, list topics");
        if tls && clients.hosts.is_some() {
            let _ = writeln!(
                text,
                "# These names mean this machine, but its resolver doesn't know them. kcat needs this first:\n\
                 echo '{hosts_line}' | sudo tee -a /etc/hosts"
            );
        }
        targets().for_each(|target| text.push_str(&kcat(target, clients)));
        let _ = writeln!(text, "\n# Kafka's console tools{over}");
        targets().for_each(|target| text.push_str(&console_tools(target, clients)));
    }
    text
}

fn kcat(target: &Target, clients: &Clients) -> String {
    let Target {
        virtual_cluster,
        bootstrap,
        tls,
    } = target;
    let tls = match tls {
        true => format!(" -X security.protocol=ssl -X ssl.ca.location={}", clients.ca),
        false => String::new(),
    };
    format!(
        "echo 'hello from {virtual_cluster}' | kcat -b {bootstrap}{tls} -P -t {TOPIC}
kcat -b {bootstrap}{tls} -C -t {TOPIC} -e
kcat -b {bootstrap}{tls} -L
"
    )
}

fn console_tools(target: &Target, clients: &Clients) -> String {
    let Target {
        virtual_cluster,
        bootstrap,
        tls,
    } = target;
    let options = |flag: &str| match tls {
        true => format!(" {flag} {}", clients.properties),
        false => String::new(),
    };
    let environment = match &clients.hosts {
        Some(hosts) if *tls => format!("KAFKA_OPTS=-Djdk.net.hosts.file={hosts} "),
        _ => String::new(),
    };
    // What 4.2 calls `--command-config` for all three has these names in every release before 5.0.
    format!(
        "echo 'hello from {virtual_cluster}' | {environment}kafka-console-producer.sh --bootstrap-server {bootstrap}{} --topic {TOPIC}
{environment}kafka-console-consumer.sh --bootstrap-server {bootstrap}{} --topic {TOPIC} --from-beginning
{environment}kafka-topics.sh --bootstrap-server {bootstrap}{} --list
",
        options("--producer.config"),
        options("--consumer.config"),
        options("--command-config"),
    )
}
