//! Conditions on what a client calls itself, which it may do otherwise with each request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use bytes::Bytes;
use keg_codec::header::request_head;
use keg_codec::{Api, ApiKey, ResponseFrame};

use crate::runs::Rig;

const TIME: Duration = Duration::from_secs(20);

const POLICIES: &str = "
    acl_mode: enforce_on_gateway
    cluster_policies:
      - { type: block_apis, condition: \"context.client_id == 'tool'\", config: { apis: [init_producer_id] } }
      - type: acls
        condition: context.client_id != ''
        config:
          rules:
            - { resource_type: topic, action: allow, operations: [{ name: write }], resource_names: \"[context.client_id]\" }
    topic_aliases: [{ alias: alias, topic: app, condition: \"context.client_id == 'alias'\" }]
";

/// The error of an InitProducerId request without a transaction: any topic that may be written to will do.
fn producer(client: &mut TcpStream, id: &str) -> i16 {
    let answer = say(client, ApiKey::INIT_PRODUCER_ID, b"\xff\xff\0\0\0\0", id);
    i16::from_be_bytes([answer[4], answer[5]])
}

/// The error of a Metadata request for a topic.
fn topic(client: &mut TcpStream, name: &str, id: &str) -> i16 {
    let body = [b"\0\0\0\x01\0", &[name.len() as u8][..], name.as_bytes()].concat();
    let answer = say(client, ApiKey::METADATA, &body, id);
    let name = [&[0, name.len() as u8][..], name.as_bytes()].concat();
    let place = answer.windows(name.len()).position(|it| it == name).unwrap();
    i16::from_be_bytes([answer[place - 2], answer[place - 1]])
}

/// Asks in version 0.
fn say(client: &mut TcpStream, key: ApiKey, body: &[u8], id: &str) -> Bytes {
    let api = Api::of(key).unwrap();
    let frame = [&request_head(api, 0, id.as_bytes()), body].concat();
    client
        .write_all(&u32::try_from(frame.len()).unwrap().to_be_bytes())
        .unwrap();
    client.write_all(&frame).unwrap();
    let mut length = [0; 4];
    client.read_exact(&mut length).unwrap();
    let mut answer = vec![0; u32::from_be_bytes(length) as usize];
    client.read_exact(&mut answer).unwrap();
    let parts = ResponseFrame::parse(answer.into()).and_then(|frame| frame.split(api, 0));
    parts.unwrap().1
}

#[test]
fn each_request_of_a_connection_is_judged_by_its_own_client_id_over_reloads_too() {
    let rig = Rig::new("client-ids");
    let broker = rig.broker();
    let anonymous = "authentication: [{ type: anonymous }]\n";
    let with = |policies: &str| {
        rig.whole().replace(
            &format!("    {anonymous}listeners"),
            &format!("    {anonymous}{policies}listeners"),
        )
    };
    let mut kegd = rig.run_file(&with(""));
    rig.until_ready(&mut kegd);
    let mut client = rig.client();
    assert_eq!(producer(&mut client, "tool"), 0, "no policies yet");
    assert_eq!(topic(&mut client, "app", ""), 0, "the broker makes it");

    std::fs::write(rig.dir.join("keg.yaml"), with(POLICIES)).unwrap();
    kegd.wait_until("the policies", TIME, |log| {
        log.contains("the configuration was reloaded")
    });
    for _ in 0..2 {
        for (id, error) in [("tool", 44), ("app", 0), ("", 31), ("other", 0)] {
            assert_eq!(producer(&mut client, id), error, "{id:?}");
        }
        for (name, id, error) in [
            ("app", "app", 0),
            ("app", "other", 29),
            ("alias", "alias", 0),
            ("gone", "gone", 3),
        ] {
            assert_eq!(topic(&mut client, name, id), error, "{name:?} {id:?}");
        }
    }
    kegd.terminate(TIME);
    drop(broker);
}
