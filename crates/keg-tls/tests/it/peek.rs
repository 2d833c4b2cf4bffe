use std::time::Duration;

use keg_tls::{
    DEFAULT_MAX_HELLO, Malformed, Outcome, PeekError, Plaintext, Prefixed, ServerTls, accept, connect, peek,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use crate::support::{Authority, name, soon};

#[tokio::test]
async fn a_peeked_connection_is_terminated_as_if_nothing_had_been_read() {
    let ca = Authority::new();
    let server = ServerTls::new(ca.identity(&["*.a.example"])).build().unwrap();
    let client = ca.client().build().unwrap();
    // Pipes that take the hello in several reads, and in one.
    for pipe in [500, 1000, 64 * 1024] {
        let (near, mut far) = duplex(pipe);
        let gateway = async {
            let peeked = peek(&mut far, DEFAULT_MAX_HELLO, soon()).await.unwrap();
            let Outcome::Hello(hello) = peeked.outcome else {
                panic!("found {:?}", peeked.outcome)
            };
            assert_eq!(hello.server_name.as_deref(), Some("broker-1.a.example"));
            let mut stream = accept(Prefixed::new(far, peeked.buffered), server.clone(), soon())
                .await
                .unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.unwrap();
            stream.write_all(&word).await.unwrap();
            stream.flush().await.unwrap();
            stream
        };
        let kafka = async {
            let mut stream = connect(near, client.clone(), name("broker-1.a.example"), soon())
                .await
                .unwrap();
            stream.write_all(b"ping").await.unwrap();
            stream.flush().await.unwrap();
            let mut word = [0; 4];
            stream.read_exact(&mut word).await.unwrap();
            assert_eq!(&word, b"ping");
        };
        tokio::join!(gateway, kafka);
    }
}

#[tokio::test]
async fn a_hello_that_comes_in_pieces_is_kept_whole() {
    let ca = Authority::new();
    let (mut recorded, to_record) = duplex(64 * 1024);
    let connecting = connect(to_record, ca.client().build().unwrap(), name("a.example"), soon());
    let mut hello = vec![0; 64 * 1024];
    let length = tokio::select! {
        read = recorded.read(&mut hello) => read.unwrap(),
        connected = connecting => panic!("{connected:?}"),
    };
    hello.truncate(length);
    for pipe in [1, 2, 7, 64] {
        let (mut near, mut far) = duplex(pipe);
        let (written, peeked) = tokio::join!(near.write_all(&hello), peek(&mut far, DEFAULT_MAX_HELLO, soon()));
        written.unwrap();
        let peeked = peeked.unwrap();
        assert!(matches!(peeked.outcome, Outcome::Hello(_)), "{:?}", peeked.outcome);
        assert_eq!(peeked.buffered, hello, "through a pipe of {pipe}");
    }
}

#[tokio::test]
async fn a_peeked_connection_is_passed_through_to_whom_it_is_for() {
    let ca = Authority::new();
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let gateway = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (backend_at, gateway_at) = (backend.local_addr().unwrap(), gateway.local_addr().unwrap());
    let config = ServerTls::new(ca.identity(&["broker-1.backend.example"]))
        .build()
        .unwrap();

    let broker = async {
        let (socket, _) = backend.accept().await.unwrap();
        let mut stream = accept(socket, config, soon()).await.unwrap();
        let word = stream.read_u32().await.unwrap();
        stream.write_u32(word + 1).await.unwrap();
        stream.shutdown().await.unwrap();
    };
    let pass = async {
        let (mut socket, _) = gateway.accept().await.unwrap();
        let peeked = peek(&mut socket, DEFAULT_MAX_HELLO, soon()).await.unwrap();
        assert!(matches!(peeked.outcome, Outcome::Hello(_)));
        let mut upstream = TcpStream::connect(backend_at).await.unwrap();
        // An end that is reset while the other one closes is not this test's concern.
        let _ = tokio::io::copy_bidirectional(&mut Prefixed::new(socket, peeked.buffered), &mut upstream).await;
    };
    let kafka = async {
        let socket = TcpStream::connect(gateway_at).await.unwrap();
        let client = ca.client().build().unwrap();
        let mut stream = connect(socket, client, name("broker-1.backend.example"), soon())
            .await
            .unwrap();
        stream.write_u32(41).await.unwrap();
        stream.flush().await.unwrap();
        assert_eq!(stream.read_u32().await.unwrap(), 42);
        stream.shutdown().await.unwrap();
    };
    tokio::join!(broker, pass, kafka);
}

#[tokio::test]
async fn plaintext_on_a_tls_port_is_told_apart_and_can_be_replayed() {
    let api_versions = b"\0\0\0\x18\0\x12\0\x03\0\0\0\x01\0\x04kcat";
    for (sent, expect) in [
        (&api_versions[..], Outcome::NotTls(Plaintext::Kafka)),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", Outcome::NotTls(Plaintext::Http)),
        (
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            Outcome::NotTls(Plaintext::ProxyProtocol),
        ),
        (b"hello?", Outcome::NotTls(Plaintext::Unknown)),
        (&[22, 3, 1, 0, 0], Outcome::Malformed(Malformed::RecordLength(0))),
    ] {
        let (mut near, mut far) = duplex(4096);
        near.write_all(sent).await.unwrap();
        let peeked = peek(&mut far, DEFAULT_MAX_HELLO, soon()).await.unwrap();
        assert_eq!(peeked.outcome, expect);
        near.write_all(b" and more").await.unwrap();
        drop(near);
        let mut read = Vec::new();
        Prefixed::new(far, peeked.buffered)
            .read_to_end(&mut read)
            .await
            .unwrap();
        assert_eq!(read, [sent, b" and more"].concat());
    }
}

#[tokio::test]
async fn kafka_without_tls_is_known_by_its_first_byte() {
    let (mut near, mut far) = duplex(4096);
    near.write_all(&[0]).await.unwrap();
    let peeked = peek(&mut far, DEFAULT_MAX_HELLO, soon()).await.unwrap();
    assert_eq!(
        (peeked.outcome, &peeked.buffered[..]),
        (Outcome::NotTls(Plaintext::Kafka), &[0][..])
    );
}

#[tokio::test]
async fn no_more_than_the_limit_is_read() {
    let (mut near, mut far) = duplex(64 * 1024);
    let mut flood = vec![22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc];
    flood.resize(30_000, 0);
    near.write_all(&flood).await.unwrap();
    let peeked = peek(&mut far, 1000, soon()).await.unwrap();
    assert_eq!(peeked.outcome, Outcome::TooLarge { limit: 1000 });
    assert!(peeked.buffered.len() <= 1000);

    // Within its declared length, a hello is over the limit only when the limit is reached.
    let (mut near, mut far) = duplex(64 * 1024);
    let one_byte_records: Vec<u8> = [1, 0, 1, 0]
        .into_iter()
        .chain([0; 256])
        .flat_map(|byte| [22, 3, 1, 0, 1, byte])
        .collect();
    near.write_all(&one_byte_records).await.unwrap();
    let peeked = peek(&mut far, 1000, soon()).await.unwrap();
    assert_eq!(
        (peeked.outcome, peeked.buffered.len()),
        (Outcome::TooLarge { limit: 1000 }, 1000)
    );
}

#[tokio::test(start_paused = true)]
async fn one_deadline_holds_for_all_bytes_together() {
    let (mut near, mut far) = duplex(4096);
    let began = Instant::now();
    let trickle = async {
        // A byte every second would renew a limit per read for ever.
        for byte in [22, 3, 1, 0, 200].into_iter().chain([1; 40]) {
            sleep(Duration::from_secs(1)).await;
            if near.write_all(&[byte]).await.is_err() {
                break;
            }
        }
    };
    let peeking = peek(&mut far, DEFAULT_MAX_HELLO, began + Duration::from_millis(4500));
    let error = tokio::select! {
        peeked = peeking => peeked.unwrap_err(),
        () = trickle => panic!("the deadline did not hold"),
    };
    assert!(matches!(error, PeekError::Deadline { after: 4 }), "{error:?}");
    assert_eq!(began.elapsed().as_secs(), 4);
}

#[tokio::test]
async fn a_client_that_leaves_is_told_apart_by_what_it_sent() {
    for sent in [&b""[..], &[22, 3, 1]] {
        let (mut near, mut far) = duplex(4096);
        near.write_all(sent).await.unwrap();
        drop(near);
        let error = peek(&mut far, DEFAULT_MAX_HELLO, soon()).await.unwrap_err();
        assert!(
            matches!(error, PeekError::Closed { after } if after == sent.len()),
            "{error:?}"
        );
    }
}
