use std::sync::Arc;

use proptest::prelude::*;
use rustls::client::ClientConnection;
use rustls::crypto::aws_lc_rs::kx_group::{X25519, X25519MLKEM768};
use rustls::pki_types::ServerName;
use rustls::server::Acceptor;
use rustls::{ClientConfig, RootCertStore};

use super::*;
use crate::provider;

const NAME: &str = "Broker-1.Team-A.kafka.example";

/// The first flight of a real client; `fragment` bounds its records.
fn client_hello(name: &str, post_quantum: bool, fragment: Option<usize>) -> Vec<u8> {
    let mut provider = (*provider()).clone();
    provider.kx_groups = if post_quantum {
        vec![X25519MLKEM768]
    } else {
        vec![X25519]
    };
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.max_fragment_size = fragment;
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut sent = Vec::new();
    while client.wants_write() {
        client.write_tls(&mut sent).unwrap();
    }
    sent
}

fn read(bytes: &[u8]) -> Option<Outcome> {
    HelloReader::new(DEFAULT_MAX_HELLO).push(bytes)
}

fn hello(name: Option<&str>) -> Option<Outcome> {
    Some(Outcome::Hello(Hello {
        server_name: name.map(str::to_owned),
    }))
}

fn malformed(reason: Malformed) -> Option<Outcome> {
    Some(Outcome::Malformed(reason))
}

/// A hello of one record, with these extensions.
fn with_extensions(extensions: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0x13, 1, 1, 0]);
    body.extend(u16::try_from(extensions.len()).unwrap().to_be_bytes());
    body.extend(extensions);
    record(&message(1, &body))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind], &length[..], body].concat()
}

fn record(fragment: &[u8]) -> Vec<u8> {
    [
        &[22, 3, 1],
        &u16::try_from(fragment.len()).unwrap().to_be_bytes()[..],
        fragment,
    ]
    .concat()
}

fn server_name_extension(list: &[u8]) -> Vec<u8> {
    let length = u16::try_from(list.len()).unwrap();
    [&[0, 0], &(length + 2).to_be_bytes()[..], &length.to_be_bytes(), list].concat()
}

fn host(name: &[u8]) -> Vec<u8> {
    [&[0], &u16::try_from(name.len()).unwrap().to_be_bytes()[..], name].concat()
}

#[test]
fn a_hello_is_read_wherever_it_is_split() {
    let lower = NAME.to_ascii_lowercase();
    for (post_quantum, fragment) in [(false, None), (true, None), (true, Some(64)), (false, Some(39))] {
        let bytes = client_hello(NAME, post_quantum, fragment);
        assert_eq!(bytes.len() > 1200, post_quantum);
        for split in 0..bytes.len() {
            let mut reader = HelloReader::new(DEFAULT_MAX_HELLO);
            assert_eq!(reader.push(&bytes[..split]), None, "after {split} of {}", bytes.len());
            assert_eq!(reader.push(&bytes[split..]), hello(Some(&lower)), "split at {split}");
        }
        let mut reader = HelloReader::new(DEFAULT_MAX_HELLO);
        let (last, before) = bytes.split_last().unwrap();
        assert!(before.iter().all(|byte| reader.push(&[*byte]).is_none()));
        assert_eq!(reader.push(&[*last]), hello(Some(&lower)));
        assert_eq!(reader.push(b"whatever comes next"), hello(Some(&lower)));
    }
}

#[test]
fn what_follows_the_hello_is_left_alone() {
    let mut bytes = client_hello(NAME, false, None);
    bytes.extend([20, 3, 3, 0, 1, 1]);
    assert_eq!(read(&bytes), hello(Some(&NAME.to_ascii_lowercase())));
}

#[test]
fn a_hello_may_have_no_name() {
    assert_eq!(read(&client_hello("192.0.2.1", false, None)), hello(None));
    assert_eq!(read(&with_extensions(&[])), hello(None));
    assert_eq!(
        read(&with_extensions(&server_name_extension(&host(b"192.0.2.1")))),
        hello(None)
    );
    let mut body = vec![3, 1];
    body.extend([7; 32]);
    body.extend([0, 0, 2, 0, 47, 1, 0]);
    assert_eq!(
        read(&record(&message(1, &body))),
        hello(None),
        "before TLS 1.2 there are no extensions"
    );
}

#[test]
fn names_are_made_comparable_or_refused() {
    let check = |list: &[u8], expect: Option<Outcome>| {
        assert_eq!(read(&with_extensions(&server_name_extension(list))), expect, "{list:?}");
    };
    let refused = |reason| malformed(Malformed::ServerName(reason));
    check(&host(b"Under_Score.EXAMPLE."), hello(Some("under_score.example")));
    check(
        &[&host(b"a.example")[..], &[9, 9, 9]].concat(),
        hello(Some("a.example")),
    );
    check(&host(b"a b"), refused("a host name that is no DNS name"));
    check(&host(b""), refused("a host name that is no DNS name"));
    check(
        &host("é.example".as_bytes()),
        refused("a host name that is no DNS name"),
    );
    check(
        &[host(b"a.example"), host(b"b.example")].concat(),
        refused("more than one host name"),
    );
    check(&[9, 0, 1, b'a'], refused("no host name"));
    check(&[], refused("no host name"));
    check(&[0, 0, 9, b'a'], malformed(Malformed::Truncated("the server names")));

    let twice = [
        server_name_extension(&host(b"a.example")),
        server_name_extension(&host(b"b.example")),
    ]
    .concat();
    assert_eq!(
        read(&with_extensions(&twice)),
        refused("more than one server name extension")
    );
}

#[test]
fn what_begins_as_tls_and_is_no_hello_is_malformed() {
    let check = |bytes: &[u8], expect: Malformed| assert_eq!(read(bytes), malformed(expect), "{bytes:?}");
    let body = |length: usize| record(&message(1, &vec![0; length]));
    check(&[22, 3, 1, 0, 0], Malformed::RecordLength(0));
    check(&[22, 3, 1, 0x40, 1], Malformed::RecordLength(16_385));
    check(&record(&message(2, &[])), Malformed::NotAHello(2));
    check(&body(33), Malformed::Truncated("the hello"));
    check(&body(34), Malformed::Truncated("the hello"));
    check(&body(36), Malformed::Truncated("the hello"));
    check(&[record(&[1, 0, 0]), vec![21]].concat(), Malformed::RecordType(21));
    check(&[record(&[1, 0, 0]), vec![22, 2]].concat(), Malformed::RecordVersion(2));
    check(
        &record(&[message(1, &[]), vec![1]].concat()),
        Malformed::Trailing("the hello's record"),
    );
    check(
        &with_extensions(&[0, 0, 0, 9, 0]),
        Malformed::Truncated("the extensions"),
    );
    check(
        &with_extensions(&[0, 0, 0, 3, 0, 0, 7]),
        Malformed::Trailing("an extension"),
    );

    let mut trailing = vec![3, 3];
    trailing.extend([7; 32]);
    trailing.extend([0, 0, 2, 0x13, 1, 1, 0, 0, 0, 0xff]);
    check(&record(&message(1, &trailing)), Malformed::Trailing("the hello"));
}

#[test]
fn the_limit_counts_every_byte_and_is_met_exactly() {
    for fragment in [None, Some(64)] {
        let bytes = client_hello(NAME, true, fragment);
        let within = HelloReader::new(bytes.len()).push(&bytes);
        assert_eq!(within, hello(Some(&NAME.to_ascii_lowercase())));
        let limit = bytes.len() - 1;
        assert_eq!(HelloReader::new(limit).push(&bytes), Some(Outcome::TooLarge { limit }));
    }
}

#[test]
fn a_length_over_the_limit_is_refused_before_its_bytes_come() {
    let mut reader = HelloReader::new(1000);
    assert_eq!(reader.push(&[22, 3, 1, 1, 0, 1, 0, 3]), None);
    assert_eq!(reader.push(&[0xe4]), Some(Outcome::TooLarge { limit: 1000 }));
}

#[test]
fn records_of_one_byte_reach_the_limit_too() {
    let mut reader = HelloReader::new(600);
    let flood: Vec<u8> = [1, 0, 1, 0]
        .into_iter()
        .chain([7; 200])
        .flat_map(|byte| record(&[byte]))
        .collect();
    let outcome = flood
        .iter()
        .enumerate()
        .find_map(|(at, byte)| reader.push(&[*byte]).map(|outcome| (at + 1, outcome)));
    assert_eq!(outcome, Some((600, Outcome::TooLarge { limit: 600 })));
}

#[test]
fn plaintext_is_known_from_its_first_bytes() {
    assert_eq!(read(&[0]), Some(Outcome::NotTls(Plaintext::Kafka)));
    assert_eq!(read(b"POST / HTTP/1.1\r\n"), Some(Outcome::NotTls(Plaintext::Http)));
    assert_eq!(read(b"PROXY TCP4"), Some(Outcome::NotTls(Plaintext::ProxyProtocol)));
    assert_eq!(read(b"\x16\x16"), Some(Outcome::NotTls(Plaintext::Unknown)));
    assert_eq!(read(&[22]), None);
    assert_eq!(read(&[]), None);
}

/// What rustls makes of the same bytes: its server name, if it takes them for a hello.
fn rustls_reads(mut bytes: &[u8]) -> Option<Option<String>> {
    let mut acceptor = Acceptor::default();
    while !bytes.is_empty() {
        acceptor.read_tls(&mut bytes).ok()?;
        if let Some(accepted) = acceptor.accept().ok()? {
            return Some(accepted.client_hello().server_name().map(str::to_owned));
        }
    }
    None
}

proptest! {
    #[test]
    fn no_input_panics_and_no_split_changes_the_outcome(
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in any::<prop::sample::Index>(),
        fragment in prop::option::of(32_usize..300),
        pieces in prop::collection::vec(1_usize..200, 1..20),
        limit in 64_usize..2000,
    ) {
        let mut bytes = client_hello(NAME, false, fragment);
        for (at, value) in change {
            *at.get_mut(&mut bytes) = value;
        }
        bytes.truncate(cut.index(bytes.len() * 4) + 1);

        let whole = HelloReader::new(limit).push(&bytes);
        let mut reader = HelloReader::new(limit);
        let mut rest = bytes.as_slice();
        let mut outcome = None;
        for piece in pieces.iter().cycle() {
            let (next, after) = rest.split_at((*piece).min(rest.len()));
            outcome = reader.push(next);
            rest = after;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(whole, outcome);
    }

    #[test]
    fn rustls_finds_the_same_name_in_what_it_accepts(
        change in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..3),
        fragment in prop::option::of(32_usize..300),
    ) {
        let mut bytes = client_hello(NAME, false, fragment);
        for (at, value) in change {
            *at.get_mut(&mut bytes) = value;
        }
        if let Some(name) = rustls_reads(&bytes) {
            prop_assert_eq!(read(&bytes), hello(name.as_deref().map(|name| name.trim_end_matches('.'))));
        }
    }

    #[test]
    fn arbitrary_bytes_have_some_outcome(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut tls = vec![22, 3, 1];
        tls.extend(&bytes);
        let _ = read(&tls);
        let outcome = read(&bytes);
        prop_assert!(outcome.is_some() || bytes.len() < 12 || bytes.starts_with(&[22, 3]));
    }
}
