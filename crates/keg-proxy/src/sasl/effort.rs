//! How long it takes to decide on a client.

use std::time::Duration;

use keg_auth::{Chosen, Mechanism};
use tokio::time::Instant;

use super::{Conversation, Told};
use crate::metrics::ClusterMetrics;

/// What a decision takes, on the gateway's side.
#[derive(Debug, Default)]
pub(super) struct Effort {
    /// The method that decides, once the client has asked for one that there is.
    method: Option<Method>,
    spent: Duration,
}

#[derive(Debug, Clone, Copy)]
struct Method {
    mechanism: Mechanism,
    /// Who decides, as the configuration calls it.
    mediation: &'static str,
}

impl Effort {
    pub(super) fn by(&mut self, chosen: &Chosen) {
        self.method = Some(match chosen {
            Chosen::Exchange(exchange) => Method {
                mechanism: exchange.mechanism(),
                mediation: if exchange.forwards() {
                    "validate_forward"
                } else {
                    "terminate"
                },
            },
            Chosen::Passthrough(passthrough) => Method {
                mechanism: passthrough.mechanism(),
                mediation: "passthrough",
            },
        });
    }
}

impl Conversation {
    /// An answer has taken the time since then. If it is the last one, all of that is measured; the client's own time
    /// between the answers is not.
    pub(crate) fn took(&mut self, since: Instant, told: &Told, again: bool, metrics: &ClusterMetrics) {
        self.effort.spent += since.elapsed();
        let succeeded = match told {
            Told::Mechanism | Told::Challenge(_) => return,
            Told::Authenticated(..) => true,
            Told::Failed(_) => false,
        };
        // Whoever fails without one has asked for none, or for one that there isn't.
        let method = self.effort.method.map(|it| (it.mechanism.name(), it.mediation));
        let (mechanism, mediation) = method.unwrap_or(("none", "none"));
        metrics.authentication(mechanism, mediation, again, succeeded, self.effort.spent);
    }
}
