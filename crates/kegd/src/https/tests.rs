use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use keg_tls::{ClientTls, Identity, ServerTls, TrustBundle, accept};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::*;

/// A server with a certificate for `localhost`, which answers each request with the same bytes.
struct Server {
    port: u16,
    ca: String,
    requests: tokio::sync::mpsc::UnboundedReceiver<String>,
}

async fn server(answer: impl Into<Vec<u8>>) -> Server {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let identity = Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem()).unwrap();
    let tls = ServerTls::new(identity).build().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, requests) = tokio::sync::mpsc::unbounded_channel();
    let answer: Vec<u8> = answer.into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let deadline = Instant::now() + Duration::from_secs(10);
            let Ok(mut stream) = accept(stream, Arc::clone(&tls), deadline).await else {
                continue;
            };
            let mut request = Vec::new();
            while !is_whole(&request) && stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
            let _ = sender.send(String::from_utf8(request).unwrap());
            let _ = stream.write_all(&answer).await;
            let _ = stream.shutdown().await;
        }
    });
    let ca = made.cert.pem();
    Server { port, ca, requests }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

impl Server {
    fn client(&self, timeout: Duration) -> HttpsClient {
        let trust = TrustBundle::from_pem(&self.ca).unwrap();
        HttpsClient::new(&ClientTls::new().trust(trust), timeout).unwrap()
    }

    fn endpoint(&self) -> Endpoint {
        format!("https://localhost:{}/keys?secret=hunter2", self.port)
            .parse()
            .unwrap()
    }

    async fn get(&self) -> Result<Bytes, String> {
        let answer = self.client(Duration::from_secs(10)).get(&self.endpoint()).await;
        answer.map_err(|error| error.to_string())
    }
}

#[tokio::test]
async fn a_document_is_fetched_over_tls() {
    let mut server = server(ok("{}")).await;
    assert_eq!(server.get().await.unwrap(), "{}");
    let request = server.requests.recv().await.unwrap();
    let head = format!(
        "GET /keys?secret=hunter2 HTTP/1.1\r\nhost: localhost:{}\r\n",
        server.port
    );
    assert!(request.starts_with(&head), "{request}");
}

#[tokio::test]
async fn a_form_is_sent_with_its_authorization() {
    let refusal = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\n\r\nno";
    let mut server = server(refusal).await;
    let fields = [("grant_type", "client_credentials"), ("scope", "a b&c=ü")];
    let authorization = Secret::new("Basic abc");
    let client = server.client(Duration::from_secs(10));
    let answer = client
        .post_form(&server.endpoint(), &fields, Some(&authorization))
        .await;
    let answer = answer.unwrap();
    assert_eq!(
        (answer.status, &answer.body[..], answer.is_success()),
        (401, &b"no"[..], false)
    );
    let request = server.requests.recv().await.unwrap();
    assert!(request.contains("\r\nauthorization: Basic abc\r\n"), "{request}");
    assert!(
        request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=a+b%26c%3D%C3%BC"),
        "{request}"
    );
}

#[tokio::test]
async fn what_is_no_document_is_refused_without_telling_the_query() {
    let long = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(MAX_BODY + 1));
    for (answer, expected) in [
        (long, "longer than 1048576 bytes"),
        (
            "HTTP/1.1 302 Found\r\nlocation: http://elsewhere/\r\ncontent-length: 0\r\n\r\n".to_owned(),
            "redirect (status 302), which is not followed; configure the final address",
        ),
        ("HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n".to_owned(), "status 500"),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{".to_owned(),
            "the body can't be read",
        ),
        ("nonsense".to_owned(), "the connection failed"),
    ] {
        let server = server(answer).await;
        let error = server.get().await.unwrap_err();
        assert!(error.contains(expected), "{error}");
        let place = format!("https://localhost:{}/keys: ", server.port);
        assert!(error.starts_with(&place) && !error.contains("hunter2"), "{error}");
    }
}

#[tokio::test]
async fn who_shows_a_certificate_of_somebody_else_is_not_asked() {
    let (mut server, other) = (server(ok("{}")).await, server(ok("{}")).await);
    let client = other.client(Duration::from_secs(10));
    let error = client.get(&server.endpoint()).await.unwrap_err();
    assert!(matches!(error.kind, HttpsErrorKind::Tls(_)), "{error}");
    assert!(error.to_string().contains("ca_bundle"), "{error}");
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn who_says_nothing_is_waited_for_no_longer_than_configured() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&accepted);
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            held.push(connection);
        }
    });
    let endpoint: Endpoint = format!("https://localhost:{port}").parse().unwrap();
    let client = HttpsClient::new(&ClientTls::new(), Duration::from_millis(200)).unwrap();
    let error = client.get(&endpoint).await.unwrap_err().to_string();
    let connected = accepted.load(Ordering::Relaxed) > 0;
    assert!(error.contains("no answer within 200ms"), "{error}");
    assert!(connected);
}

#[test]
fn endpoints_are_of_https_or_on_this_host() {
    use EndpointError::{Malformed, Plaintext, Scheme, UserInfo};
    let check = |text: &str, expected: Result<&str, EndpointError>| {
        let found = text.parse::<Endpoint>().map(|endpoint| endpoint.to_string());
        assert_eq!(found, expected.map(str::to_owned), "{text}");
    };
    check("https://idp.example", Ok("https://idp.example/"));
    check("https://idp.example:8443/a?b=c", Ok("https://idp.example:8443/a"));
    check("https://[::1]:8443/a", Ok("https://[::1]:8443/a"));
    check("http://localhost:8080/a", Ok("http://localhost:8080/a"));
    check("http://127.0.0.1/a", Ok("http://127.0.0.1/a"));
    check("http://[::1]/a", Ok("http://[::1]/a"));
    check("http://idp.example/a", Err(Plaintext));
    check("http://localhost.example/a", Err(Plaintext));
    check("file:///etc/passwd", Err(Malformed));
    check("ftp://idp.example/a", Err(Scheme));
    check("https://ann:secret@idp.example/a", Err(UserInfo));
    check("https://idp.example:99999/a", Err(Malformed));
    check("https://idp.example:0/a", Err(Malformed));
    check("https://idp.example/a#b", Err(Malformed));
    check("idp.example", Err(Scheme));
    check("", Err(Malformed));
}
