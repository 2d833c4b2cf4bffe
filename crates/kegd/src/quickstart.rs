//! A gateway to try: two virtual clusters before a broker in this process, without anything to set up.

mod certificates;
mod client;
mod directory;
mod error;
mod files;
mod guide;
mod names;
mod options;
mod plan;
mod ports;
mod yaml;

use std::io::Write;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use keg_devbroker::DevBroker;
use keg_proxy::HostPort;

pub use client::ClientError;
pub use directory::DirectoryError;
pub use error::QuickstartError;
pub use options::Options;
pub use ports::{PortsError, Purpose};

use crate::config::Input;
use crate::runtime::{Running, Signals};
use directory::Directory;
use files::Files;
use names::Lookup;
use plan::{HOST, Plan, TOPIC, VIRTUAL_CLUSTERS};

/// The embedded broker's nodes, and the partitions of each topic: one for each of them to lead.
const NODES: u16 = 3;

/// As Kafka's own examples number their nodes.
const FIRST_NODE: i32 = 1;

/// Runs until the process is asked to end, and says on `out` what there is to try.
///
/// # Errors
/// When something can't be started.
pub async fn run(options: &Options, out: &mut dyn Write) -> Result<(), QuickstartError> {
    let begin = Instant::now();
    let mut signals = Signals::install().map_err(|error| QuickstartError::Run(error.into()))?;
    let quickstart = tokio::select! {
        started = Quickstart::start(options) => started?,
        () = signals.end() => return Ok(()),
    };
    let printed = quickstart.print(begin.elapsed(), out);
    printed.map_err(QuickstartError::Print)?;
    quickstart.serve(signals).await;
    Ok(())
}

/// Everything that runs. Fields are dropped in this order.
struct Quickstart {
    running: Running,
    broker: Option<DevBroker>,
    plan: Plan,
    names_resolve: bool,
    files: Files,
}

impl Quickstart {
    async fn start(options: &Options) -> Result<Self, QuickstartError> {
        let (broker, plan) = backend(options).await?;
        let names = Lookup::begin(plan.tls_names());
        let directory = Directory::open(options.write_config.as_deref())?;
        let files = Files::write(directory, &plan)?;
        let running = Running::start(Input::Path(files.configuration()))
            .await
            .map_err(|error| QuickstartError::gateway(error, &plan.ports))?;
        let create = |(name, purpose)| create_topic(&plan, name, purpose);
        let [first, second] = VIRTUAL_CLUSTERS.map(create);
        tokio::try_join!(first, second)?;
        Ok(Self {
            running,
            broker,
            names_resolve: names.succeeds().await,
            plan,
            files,
        })
    }

    fn print(&self, ready: Duration, out: &mut dyn Write) -> std::io::Result<()> {
        let guide = guide::guide(&self.plan, &self.files, self.names_resolve, ready);
        out.write_all(guide.as_bytes())?;
        out.flush()
    }

    async fn serve(self, signals: Signals) {
        self.running.serve(signals).await;
        if let Some(broker) = self.broker {
            broker.shutdown().await;
        }
    }
}

/// The embedded broker, or the cluster that is there, and what the gateway before it will be.
async fn backend(options: &Options) -> Result<(Option<DevBroker>, Plan), QuickstartError> {
    if !options.backend.is_empty() {
        let nodes = nodes(&options.backend).await?;
        return Ok((None, Plan::new(options, options.backend.clone(), nodes)?));
    }
    let first = options.ports.broker_port;
    let addresses = (first..).take(NODES.into()).map(|port| HostPort {
        host: HOST.to_owned(),
        port,
    });
    let nodes = FIRST_NODE..=FIRST_NODE + i32::from(NODES) - 1;
    let plan = Plan::new(options, addresses.clone().collect(), nodes)?;
    let broker = DevBroker::builder()
        .nodes(NODES.into())
        .first_node_id(FIRST_NODE)
        .ports(addresses.map(|it| it.port))
        .start()
        .await?;
    Ok((Some(broker), plan))
}

/// From the lowest node id to the highest, as the first address says that answers.
async fn nodes(backend: &[HostPort]) -> Result<RangeInclusive<i32>, QuickstartError> {
    let mut errors = Vec::new();
    for address in backend {
        match client::describe(address).await {
            Ok(cluster) => {
                let ids = || cluster.nodes.keys().copied();
                let range = ids().min().zip(ids().max()).map(|(first, last)| first..=last);
                return range.ok_or_else(|| QuickstartError::NoNodes(address.clone()));
            }
            Err(error) => errors.push(error),
        }
    }
    Err(QuickstartError::Backend(errors))
}

async fn create_topic(plan: &Plan, virtual_cluster: &'static str, purpose: Purpose) -> Result<(), QuickstartError> {
    let Some(bootstrap) = plan.bootstrap(purpose) else {
        return Ok(());
    };
    client::create_topic(&bootstrap, TOPIC, NODES)
        .await
        .map_err(|error| QuickstartError::Topic { virtual_cluster, error })
}
