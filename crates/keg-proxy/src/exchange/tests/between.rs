//! What stands between bytes that are passed on without being read, between sockets, in real time.
#![cfg(target_os = "linux")]

use std::iter;

use keg_policy::{Mode, Namespace, Policy};

use super::large::body;
use super::passing::{fetch, fetched_of};
use super::sending::produce_to;
use super::splicing::{Sockets, becomes};
use super::*;
use crate::splice::Pipe;
use crate::testing::all_pipes;

/// Many parts of a message, each just large enough not to be read.
const PARTS: usize = 120;
const PART: usize = 64 * 1024;

/// What may be read of all of them: less than a page of each, on a busy machine, too.
const FEW: usize = 400_000;

/// A namespace of which only what may have to be changed is looked at.
fn namespace() -> Vec<Arc<dyn Policy>> {
    let namespace = Namespace::new(Mode::HidePrefix, "team-a.");
    vec![Arc::new(namespace), Arc::new(BrokerAddresses)]
}

/// A request to produce to such parts, as the client sends it and as the broker gets it.
fn requests(parts: &[&[u8]]) -> (Vec<u8>, Vec<u8>) {
    (
        produce_to(7, 1, &["orders"], parts),
        produce_to(0, 1, &["team-a.orders"], parts),
    )
}

/// A broker that was asked for records.
async fn asked() -> Sockets {
    let mut sockets = Sockets::behind(vec![Arc::new(BrokerAddresses)]).await;
    sockets.client.write_all(&fetch(7)).await.unwrap();
    read(&mut sockets.broker).await.unwrap();
    sockets
}

/// A response with such parts, as the broker sends it and as the client gets it: the address at its end is hidden.
fn responses(parts: &[usize]) -> (Vec<u8>, Vec<u8>) {
    let sent = response(0, &[&[0][..], &fetched_of(parts)].concat());
    let mut seen = sent.clone();
    seen[4..8].copy_from_slice(&7i32.to_be_bytes());
    let hint = seen.len() - 30;
    seen[hint] = 127;
    seen[hint + 2..].fill(0);
    (sent, seen)
}

#[tokio::test]
async fn little_more_than_that_is_read() {
    let part = body(PART);
    let mut sockets = Sockets::behind(namespace()).await;
    let (sent, expected) = requests(&[&part[..]; PARTS]);
    let Sockets { client, broker, .. } = &mut sockets;
    becomes(client, broker, &sent, &expected, &[sent.len()]).await;
    assert!(sockets.was_read() < FEW, "{} bytes were read", sockets.was_read());
    // One that waits for all pipes must not stand between.
    drop(sockets);

    let mut sockets = asked().await;
    let (sent, expected) = responses(&[PART; PARTS]);
    let Sockets { client, broker, .. } = &mut sockets;
    becomes(broker, client, &sent, &expected, &[sent.len()]).await;
    assert!(sockets.was_read() < FEW, "{} bytes were read", sockets.was_read());
}

#[tokio::test]
async fn it_goes_on_however_it_comes() {
    let part = body(3 * PART);
    let sizes = [PART, 100, 40_000, 0, 33_000, 3 * PART, 1, PART, 5_000, 2 * PART];
    let parts: Vec<&[u8]> = sizes.iter().cycle().take(100).map(|size| &part[..*size]).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    for pieces in [&[1_000_000][..], &[PART], &[33_333], &[70_001, 3, 40_009, 900]] {
        let mut sockets = Sockets::behind(namespace()).await;
        let (sent, expected) = requests(&parts);
        let Sockets { client, broker, .. } = &mut sockets;
        becomes(client, broker, &sent, &expected, pieces).await;
        drop(sockets);

        let mut sockets = asked().await;
        let (sent, expected) = responses(&lengths);
        let Sockets { client, broker, .. } = &mut sockets;
        becomes(broker, client, &sent, &expected, pieces).await;
    }
}

#[tokio::test]
async fn it_goes_on_where_a_pipe_has_no_room_for_it() {
    let _pipes = all_pipes().await;
    let part = body(PART);
    let none = || drop(iter::from_fn(Pipe::take).collect::<Vec<_>>());
    for room in [32_768, 65_536, 131_072] {
        none();
        Pipe::small(room).give_back();
        let mut sockets = Sockets::alone_behind(namespace()).await;
        let (sent, expected) = requests(&[&part[..]; PARTS]);
        let Sockets { client, broker, .. } = &mut sockets;
        becomes(client, broker, &sent, &expected, &[sent.len()]).await;
        // A page more, where what is between finds no room.
        assert!(sockets.was_read() < 2 * FEW, "{} bytes were read", sockets.was_read());
    }
    none();
}

#[tokio::test]
async fn what_is_wrong_there_or_missing_ends_the_connection() {
    let part = body(PART);
    let (sent, _) = requests(&[&part[..]; 8]);
    // The length of the records of the last but two.
    let length = sent.len() - 3 * (8 + PART) + 4;
    let mut too_long = sent.clone();
    too_long[length] = 1;
    let mut transactional = sent.clone();
    transactional[length + 4..][16] = 2;
    transactional[length + 4..][22] |= 0x10;
    for (bytes, is_cut) in [
        (&too_long[..], false),
        (&transactional, false),
        (&sent[..length + 2], true),
    ] {
        let mut sockets = Sockets::behind(namespace()).await;
        sockets.client.write_all(bytes).await.unwrap();
        sockets.client.shutdown().await.unwrap();
        let mut seen = Vec::new();
        // What is left unread resets the connection.
        let _ = sockets.broker.read_to_end(&mut seen).await;
        assert!(seen.len() < sent.len(), "the broker has a whole request");
        let over = sockets.outcome().await.unwrap_err();
        let is_told = match over {
            Over::Cut { .. } => is_cut,
            _ => !is_cut && over.to_string().contains("malformed Produce"),
        };
        assert!(is_told, "{over}");
    }
}
