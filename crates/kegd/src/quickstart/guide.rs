//! What a quickstart prints: where to connect, and commands to try.

mod commands;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::files::Files;
use super::plan::{HOST, Plan, TOPIC, VIRTUAL_CLUSTERS};
use commands::{Clients, Target, commands};

/// Everything that is printed once the quickstart is ready.
pub(super) fn guide(plan: &Plan, files: &Files, names_resolve: bool, ready: Duration) -> String {
    let clients = Clients {
        ca: quoted(&files.ca()),
        properties: quoted(&files.client_properties()),
        hosts: (!names_resolve).then(|| quoted(&files.hosts())),
    };
    let targets = targets(plan);
    let mut text = table(&targets, &clients.ca);
    text.push_str(&about_topics(plan));
    text.push_str(&commands(&targets, &clients, &hosts_line(plan)));
    text.push_str(&about_files(files));
    let _ = writeln!(
        text,
        "Health and metrics: http://{HOST}:{}/metrics",
        plan.ports.first().health_port
    );
    let _ = writeln!(text, "ready in {} ms; Ctrl-C stops everything", ready.as_millis());
    text
}

fn targets(plan: &Plan) -> Vec<Target> {
    let of = |tls: bool| {
        VIRTUAL_CLUSTERS.iter().filter_map(move |&(virtual_cluster, purpose)| {
            let bootstrap = match tls {
                true => plan.tls_bootstrap(virtual_cluster),
                false => plan.bootstrap(purpose)?,
            };
            Some(Target {
                virtual_cluster,
                bootstrap: bootstrap.to_string(),
                tls,
            })
        })
    };
    of(false).chain(of(true)).collect()
}

fn table(targets: &[Target], ca: &str) -> String {
    let widest =
        |of: fn(&Target) -> &str, title: &str| targets.iter().map(|it| of(it).len()).fold(title.len(), usize::max);
    let (name, address) = ("VIRTUAL CLUSTER", "BOOTSTRAP ADDRESS");
    let names = widest(|it| it.virtual_cluster, name);
    let addresses = widest(|it| &it.bootstrap, address);
    let mut text = format!("{name:names$}  {address:addresses$}  CA FILE\n");
    for target in targets {
        let ca = if target.tls { ca } else { "- (no TLS)" };
        let _ = writeln!(
            text,
            "{:names$}  {:addresses$}  {ca}",
            target.virtual_cluster, target.bootstrap
        );
    }
    text
}

fn about_topics(plan: &Plan) -> String {
    let backend: Vec<String> = plan.backend.iter().map(ToString::to_string).collect();
    let backend = backend.join(",");
    let names: Vec<String> = VIRTUAL_CLUSTERS
        .iter()
        .map(|(name, _)| format!("{name}-{TOPIC}"))
        .collect();
    let kind = if plan.is_embedded { "embedded broker" } else { "backend" };
    format!(
        "
Each has a topic `{TOPIC}` of its own, and neither sees the other's.
The {kind} has both, as {}: {backend}
",
        names.join(" and "),
    )
}

fn about_files(files: &Files) -> String {
    let path = quoted(files.directory().path());
    let after = if files.directory().is_temporary() {
        "They go when this ends; `--write-config DIR` keeps them.".to_owned()
    } else {
        let configuration = quoted(&files.configuration());
        format!("To start from them: {} run --config {configuration}", program())
    };
    format!("\nConfiguration and certificates: {path}\nChanges there take effect at once. {after}\n")
}

/// This program as a shell finds it, in `target` if that is where it was started from.
fn program() -> String {
    let called = std::env::args_os().next().filter(|it| !it.is_empty());
    called.map_or_else(|| "kegd".to_owned(), |called| quoted(Path::new(&called)))
}

fn hosts_line(plan: &Plan) -> String {
    format!("{HOST} {}", plan.tls_names().join(" "))
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |it: char| it.is_alphanumeric() || "/._-+,@%".contains(it);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_when_a_shell_needs_it() {
        let check = |path: &str, expected: &str| assert_eq!(quoted(Path::new(path)), expected);
        check("/var/keg/ca.pem", "/var/keg/ca.pem");
        check("/home/a b/ca.pem", "'/home/a b/ca.pem'");
        check("/it's", r"'/it'\''s'");
        check("/$(x)", "'/$(x)'");
    }
}
