//! What a broken or hostile client sends ends its connection, and nobody else's.

use bytes::{BufMut, BytesMut};
use kafka_protocol::messages::MetadataRequest;
use keg_devbroker::{ApiKey, DevBroker};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::client::{Client, framed};
use crate::samples::{broker, builder};

/// Sends bytes on a connection of their own, and checks that the broker ends it and goes on.
async fn check(broker: &DevBroker, what: &str, bytes: &[u8]) {
    let mut client = Client::connect(broker, 0).await;
    client.write(bytes).await;
    assert_eq!(client.rest().await, b"", "{what}");
    Client::connect(broker, 0)
        .await
        .call(9, MetadataRequest::default())
        .await;
}

fn request(api_key: ApiKey, version: i16, rest: &[u8]) -> bytes::Bytes {
    let mut frame = BytesMut::new();
    frame.put_i16(api_key as i16);
    frame.put_i16(version);
    frame.put_i32(1);
    frame.put_i16(-1);
    frame.put_slice(rest);
    framed(&frame)
}

#[tokio::test]
async fn what_is_no_kafka_request_ends_the_connection() {
    let broker = builder().max_frame_bytes(1_000).start().await.unwrap();
    check(&broker, "TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await;
    check(&broker, "HTTP", b"GET / HTTP/1.1\r\n\r\n").await;
    check(&broker, "too long", &1_001u32.to_be_bytes()).await;
    check(&broker, "negative", &(-1i32).to_be_bytes()).await;
    check(&broker, "no header", &framed(&[0, 3, 0])).await;
    check(
        &broker,
        "an unknown API",
        &framed(&[3, 0xe7, 0, 0, 0, 0, 0, 1, 0xff, 0xff]),
    )
    .await;
}

#[tokio::test]
async fn lengths_that_lie_are_refused_before_anything_is_allocated() {
    let broker = broker().await;
    // An array of 4,294,967,294 topics, in the compact encoding and as an int32.
    let produce = request(
        ApiKey::Produce,
        9,
        &[0, 0, 0xff, 0xff, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f],
    );
    check(&broker, "Produce v9", &produce).await;
    let metadata = request(ApiKey::Metadata, 1, &[0x7f, 0xff, 0xff, 0xff]);
    check(&broker, "Metadata v1", &metadata).await;
    let fetch = request(ApiKey::Fetch, 4, &[&[0; 17][..], &[0x7f, 0xff, 0xff, 0xff]].concat());
    check(&broker, "Fetch v4", &fetch).await;
    let trailing = request(ApiKey::Metadata, 1, &[0, 0, 0, 0, 9]);
    check(&broker, "one byte too many", &trailing).await;
    let tags = request(ApiKey::Metadata, 9, &[0xff, 0xff, 0xff, 0xff, 0x0f]);
    check(&broker, "tags of the header", &tags).await;
}

#[tokio::test]
async fn half_a_frame_and_then_silence_hurts_nobody() {
    let broker = broker().await;
    let mut half = Client::connect(&broker, 0).await;
    half.write(&[0, 0, 1, 0, 0, 3]).await;
    Client::connect(&broker, 0)
        .await
        .call(9, MetadataRequest::default())
        .await;

    let mut ended = TcpStream::connect(broker.addresses()[0]).await.unwrap();
    ended.write_all(&[0, 0, 1, 0, 0, 3]).await.unwrap();
    ended.shutdown().await.unwrap();
    Client::connect(&broker, 0)
        .await
        .call(9, MetadataRequest::default())
        .await;
}
