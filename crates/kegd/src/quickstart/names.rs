//! Whether this machine's resolver knows the host names for TLS.

use std::net::ToSocketAddrs;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::timeout;

/// A resolver that asks the network may take seconds to say no.
const PATIENCE: Duration = Duration::from_millis(200);

/// A question to the resolver that clients use.
#[derive(Debug)]
pub(super) struct Lookup(oneshot::Receiver<bool>);

impl Lookup {
    /// Begins to look names up. `*.localhost` is this machine by RFC 6761; systemd's resolver and macOS's know it, plain
    /// glibc and the JVM on it don't.
    pub(super) fn begin(names: Vec<String>) -> Self {
        let (sender, receiver) = oneshot::channel();
        // Not a task: the end of the process would wait for it.
        let asked = std::thread::Builder::new().name("names".to_owned()).spawn(move || {
            let _ = sender.send(names.iter().all(|name| is_this_machine(name)));
        });
        // Without the thread, the sender is gone, and that is a no.
        drop(asked);
        Self(receiver)
    }

    /// Whether all names are this machine.
    pub(super) async fn succeeds(self) -> bool {
        matches!(timeout(PATIENCE, self.0).await, Ok(Ok(true)))
    }
}

fn is_this_machine(name: &str) -> bool {
    let found: Vec<_> = (name, 0).to_socket_addrs().map(Iterator::collect).unwrap_or_default();
    !found.is_empty() && found.iter().all(|address| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_known_only_if_all_are_this_machine() {
        let known = |names: &[&str]| Lookup::begin(names.iter().map(|&name| name.to_owned()).collect()).succeeds();
        assert!(known(&["localhost"]).await);
        assert!(!known(&["localhost", "192.0.2.1"]).await);
    }
}
