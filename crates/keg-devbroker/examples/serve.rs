//! A broker for kcat, the console tools, or whatever else speaks Kafka; Ctrl-C ends it.
//!
//! ```text
//! cargo run -p keg-devbroker --example serve              # three nodes on ports 9092 to 9094
//! cargo run -p keg-devbroker --example serve -- 19092     # on ports 19092 to 19094
//! RUST_LOG=debug cargo run -p keg-devbroker --example serve
//! ```

#![expect(clippy::print_stdout, reason = "an example for the command line")]

use keg_devbroker::DevBroker;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("warn"));
    tracing_subscriber::fmt().with_env_filter(filter).init();

    let first: u16 = match std::env::args().nth(1) {
        Some(port) => port.parse()?,
        None => 9092,
    };
    let broker = DevBroker::builder()
        .nodes(3)
        .ports([first, first + 1, first + 2])
        .topic("orders", 6)
        .start()
        .await?;
    println!("bootstrap.servers={}", broker.bootstrap());
    tokio::signal::ctrl_c().await?;
    broker.shutdown().await;
    Ok(())
}
