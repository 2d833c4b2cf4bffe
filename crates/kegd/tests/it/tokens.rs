//! Clients that authenticate by tokens, and the keys of those from an endpoint over HTTPS.

use std::fs;
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::signers::{ISSUER, Key, claims};

const TIME: Duration = Duration::from_secs(120);

/// What an endpoint answers to a request.
type Answer = Box<dyn Fn(&str) -> Value + Send>;

/// Where keys and tokens are given out over HTTPS; nothing is while there are none.
pub(crate) struct Endpoint {
    pub(crate) port: u16,
    pub(crate) ca: String,
    answer: Arc<Mutex<Option<Answer>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Endpoint {
    pub(crate) fn start() -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let identity = keg_tls::Identity::from_pem(made.cert.pem(), made.signing_key.serialize_pem()).unwrap();
        let tls = keg_tls::ServerTls::new(identity).build().unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let answer: Arc<Mutex<Option<Answer>>> = Arc::default();
        let given = Arc::clone(&answer);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
                let Ok(mut stream) = keg_tls::accept(stream, Arc::clone(&tls), deadline).await else {
                    continue;
                };
                let mut request = Vec::new();
                while !is_whole(&request) && stream.read_buf(&mut request).await.is_ok_and(|read| read > 0) {}
                let request = String::from_utf8_lossy(&request).into_owned();
                let body = given.lock().unwrap().as_ref().map(|answer| answer(&request));
                let (status, body) = match body {
                    Some(body) => ("200 OK", body.to_string()),
                    None => ("503 Service Unavailable", String::new()),
                };
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        let ca = made.cert.pem();
        Self {
            port,
            ca,
            answer,
            _runtime: runtime,
        }
    }

    pub(crate) fn give(&self, keys: &[&Key]) {
        let keys: Vec<_> = keys.iter().map(|key| key.jwk()).collect();
        self.answer(move |_| json!({ "keys": keys }));
    }

    pub(crate) fn answer(&self, answer: impl Fn(&str) -> Value + Send + 'static) {
        *self.answer.lock().unwrap() = Some(Box::new(answer));
    }

    pub(crate) fn fail(&self) {
        *self.answer.lock().unwrap() = None;
    }

    pub(crate) fn method(&self, audience: &str) -> String {
        format!(
            "{{ type: oauth_bearer, mediation: terminate, \
               jwks: {{ endpoint: \"https://localhost:{}/keys\", cache_expiration: 2s, ca_bundle: {:?} }}, \
               validate: {{ issuer: \"{ISSUER}\", audiences: [{{ name: {audience} }}] }} }}",
            self.port, self.ca
        )
    }
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap())
}

#[test]
fn java_clients_authenticate_by_tokens_while_keys_come_change_and_fail() {
    let Some(setup) = setup_or_skip("tokens") else {
        return;
    };
    if direct() {
        return; // The brokers know nobody's keys.
    }
    let backend = Backend::shared(setup);
    let endpoint = Endpoint::start();
    let config = Config::new(backend, "tokens").with_authentication(&endpoint.method("kafka"));
    let mut scenario = Scenario::with(setup, backend, "tokens", &config);
    let (first, second, unknown) = (Key::new("first"), Key::new("second"), Key::new("unknown"));
    let write = |name: &str, token: &str| fs::write(scenario.dir.join(name), token).unwrap();
    write("good-first", &first.token("kafka", ISSUER));
    write("good-second", &second.token("kafka", ISSUER));
    write("good-other", &second.token("other", ISSUER));
    write("bad-audience", &first.token("other", ISSUER));
    write("bad-issuer", &first.token("kafka", "https://elsewhere.example"));
    write("bad-key", &unknown.token("kafka", ISSUER));
    write("bad-none", &first.sign("none", &claims("ann", "kafka", 3600)));
    write("bad-hmac", &first.sign("HS256", &claims("ann", "kafka", 3600)));
    write("bad-signature", &Key::new("first").token("kafka", ISSUER));

    // There are no keys yet: who comes waits for them.
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("a word to the operator", |log, _| {
        log.contains("nobody can authenticate by them")
    });
    endpoint.give(&[&first]);
    let all = [
        "good-first",
        "bad-audience",
        "bad-issuer",
        "bad-key",
        "bad-none",
        "bad-hmac",
        "bad-signature",
    ];
    let run = |names: &[&str]| {
        let args: Vec<_> = ["tokens"].into_iter().chain(names.iter().copied()).collect();
        scenario.start_java("keg.Authentication", &args)
    };
    expect_checks_to_pass(&mut run(&all), TIME);
    let mut reasons = vec![
        "the audience is none of",
        "expected the issuer",
        "the signature is wrong",
    ];
    reasons.extend(["signed with a key that is not known", "which is not allowed"]);

    endpoint.give(&[&first, &second]);
    expect_checks_to_pass(&mut run(&["good-second"]), TIME);
    endpoint.fail();
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("stale keys", |log, metrics| {
        let failed = metrics.lines().any(|line| {
            line.starts_with("keg_jwks_fetches_total") && line.contains("result=\"error\"") && !line.ends_with(" 0")
        });
        failed
            && log.contains("those that were fetched before stay in use")
            && reasons.iter().all(|it| log.contains(it))
    });
    let other = config.clone().with_authentication(&endpoint.method("other"));
    gateway.reload(&other.yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    // The endpoint is down, and the keys outlive the reload.
    let args = ["tokens", "good-other", "bad-audience"];
    fs::write(scenario.dir.join("bad-audience"), second.token("kafka", ISSUER)).unwrap();
    expect_checks_to_pass(&mut scenario.start_java("keg.Authentication", &args), TIME);
}

#[test]
fn a_producer_whose_token_is_renewed_goes_on_without_a_break() {
    let Some(setup) = setup_or_skip("renewed-tokens") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let key = Key::new("key");
    let endpoint = Endpoint::start();
    endpoint.give(&[&key]);
    let method = endpoint.method("kafka").replace("issuer:", "clock_skew: 0s, issuer:");
    let config = Config::new(backend, "renewed-tokens").with_authentication(&method);
    let scenario = Scenario::with(setup, backend, "renewed-tokens", &config);
    let (file, new) = (scenario.dir.join("good-short"), scenario.dir.join("new-token"));
    let renew = || {
        fs::write(&new, key.token_for(8, "kafka", ISSUER)).unwrap();
        // Whoever reads it finds the old one or the new one.
        fs::rename(&new, &file).unwrap();
    };
    renew();
    let mut program = scenario.start_java("keg.Authentication", &["renewal"]);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let renew = &renew;
        scope.spawn(move || {
            while stopped.recv_timeout(Duration::from_millis(500)) == Err(RecvTimeoutError::Timeout) {
                renew();
            }
        });
        // Dropped when the checks are over, however they end.
        let _stop = stop;
        expect_checks_to_pass(&mut program, TIME);
    });
}
