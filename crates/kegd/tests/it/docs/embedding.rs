//! The code of docs/embedding.md is that of the example, and the example works.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use keg_devbroker::DevBroker;
use keg_proxy::HostPort;

use super::pages::blocks;
use crate::ports::free_range;
use crate::repository::{files, read, root};

#[path = "../../../examples/embedded_gateway.rs"]
#[allow(dead_code, reason = "the example's own main is not called here")]
mod embedded_gateway;

/// A Metadata request in version 1 for all topics.
const METADATA: &[u8] = b"\0\0\0\x10\0\x03\0\x01\0\0\0\x07\0\x02me\xff\xff\xff\xff";

/// A DeleteTopics request in version 1 for the topic `orders`, with correlation id 9.
const DELETE_ORDERS: &[u8] = b"\0\0\0\x1c\0\x14\0\x01\0\0\0\x09\0\x02me\0\0\0\x01\0\x06orders\0\0\x27\x10";

#[test]
fn every_block_of_rust_is_in_an_example_or_in_a_library() {
    let sources: Vec<String> = files(&root().join("crates/kegd/examples"), "rs")
        .iter()
        .map(|file| unindented(&read(file)))
        .collect();
    for block in blocks("rust") {
        let text = unindented(&block.text);
        assert!(
            sources.iter().any(|source| source.contains(&text)),
            "{} is in no example",
            block.place()
        );
    }
}

/// The lines without what they begin with, so that a part can be shown by itself.
fn unindented(text: &str) -> String {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_serves_two_virtual_clusters_with_its_own_policy() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let broker = DevBroker::builder()
            .nodes(1)
            .first_node_id(1)
            .topic("finance-orders", 1)
            .topic("marketing-campaigns", 1)
            .start()
            .await
            .unwrap();
        let first = free_range(4);
        let ports = BTreeMap::from([
            ("finance", format!("{}-{}", first, first + 1).parse().unwrap()),
            ("marketing", format!("{}-{}", first + 2, first + 3).parse().unwrap()),
        ]);
        let address = broker.addresses()[0];
        let server = HostPort {
            host: address.ip().to_string(),
            port: address.port(),
        };
        let gateway = embedded_gateway::start(vec![server], 1, &ports).unwrap();
        let asked = tokio::task::spawn_blocking(move || {
            [
                (first, METADATA),
                (first, DELETE_ORDERS),
                (first + 2, METADATA),
                (first + 2, DELETE_ORDERS),
            ]
            .map(|(port, request)| ask(port, request))
        });
        let [finance, refused, marketing, unknown] = asked.await.unwrap();
        assert!(
            has(&finance, b"\0\x06orders") && !has(&finance, b"campaigns"),
            "{finance:?}"
        );
        assert!(
            has(&marketing, b"\0\x09campaigns") && !has(&marketing, b"orders"),
            "{marketing:?}"
        );
        // POLICY_VIOLATION is 44; for the others there is no such topic, which is 3.
        assert!(refused.ends_with(b"\0\x06orders\0\x2c"), "{refused:?}");
        assert!(unknown.ends_with(b"\0\x06orders\0\x03"), "{unknown:?}");
        gateway.shut_down(Duration::from_secs(5)).await;
        broker.shutdown().await;
    });
}

/// Sends a request and gives the response without its length.
fn ask(port: u16, request: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request).unwrap();
    let mut length = [0; 4];
    stream.read_exact(&mut length).unwrap();
    let mut response = vec![0; usize::try_from(i32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut response).unwrap();
    response
}

fn has(response: &[u8], part: &[u8]) -> bool {
    response.windows(part.len()).any(|it| it == part)
}
