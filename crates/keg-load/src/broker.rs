//! A broker in memory, for what is measured without a real one.

use keg_devbroker::DevBroker;

use crate::Outcome;

/// What is kept of each partition: enough to be fetched from again and again.
const KEPT: usize = 4 << 20;

/// Serves until it is killed.
pub(crate) fn run(port: u16, topic: &str, partitions: i32, stem: &str, others: usize) -> Outcome<String> {
    let mut builder = DevBroker::builder()
        .nodes(1)
        .first_node_id(1)
        .ports([port])
        .retention_bytes(KEPT)
        .max_message_bytes(2 << 20)
        .topic(topic, partitions);
    for other in 0..others {
        builder = builder.topic(format!("{stem}{other:06}"), 1);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let _broker = builder.start().await?;
        std::future::pending().await
    })
}
