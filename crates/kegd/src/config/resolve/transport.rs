//! Which rules need TLS on their listener, and which can't share it with plaintext.

use super::super::problem::{Problem, Report};
use super::super::raw;
use super::forward::Rule;

/// `complete` says that all policies of the listener could be read.
pub(super) fn check(rules: &[Rule<'_>], servers: &[&raw::Policy<raw::TlsServer>], complete: bool, report: &Report) {
    let passthrough = rules.iter().any(|rule| matches!(rule, Rule::SniPassthrough(..)));
    for rule in rules {
        let problem = match rule {
            Rule::Sni(_, place) if servers.is_empty() => Problem::new(
                (*place).clone(),
                "routing by SNI needs TLS, and the listener has no tls_server policy",
            )
            .hint("add a policy of type tls_server to the listener"),
            Rule::PortMapping(_, place) if servers.is_empty() && passthrough => Problem::new(
                (*place).clone(),
                "a listener with sni_passthrough can't forward plaintext by port",
            )
            .hint("use a listener of its own, or add a policy of type tls_server"),
            _ => continue,
        };
        if complete {
            report.add(problem);
        }
    }
    let plaintext = servers
        .iter()
        .filter_map(|policy| policy.config.as_ref()?.value.allow_plaintext.as_ref())
        .find(|allow| allow.value);
    if let Some(allow) = plaintext.filter(|_| passthrough) {
        let message = "a listener with sni_passthrough can't allow plaintext";
        let problem = Problem::new(allow.place.clone(), message);
        report.add(problem.hint("use a listener of its own for plaintext"));
    }
}
