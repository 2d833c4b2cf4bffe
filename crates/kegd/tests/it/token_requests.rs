//! What the gateway asks for tokens by, beside what Kafka's own client does.

use std::collections::BTreeMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;

use crate::backend::Backend;
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, direct, setup_or_skip};
use crate::tokens::Endpoint;

const TIME: Duration = Duration::from_secs(60);

/// The headers that only Kafka's client sends: it keeps the connection, and tells caches what they know of a POST.
const ONLY_KAFKAS: [&str; 3] = ["cache-control", "connection", "pragma"];

/// A request as it came: its first line, its headers by name, and its body.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Request {
    fn new(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        Self {
            line,
            headers: headers.collect(),
            body: body.to_owned(),
        }
    }
}

#[test]
fn tokens_are_asked_for_as_kafkas_own_client_asks_for_them() {
    let Some(setup) = setup_or_skip("token-requests") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let endpoint = Endpoint::start();
    let requests: Arc<Mutex<Vec<Request>>> = Arc::default();
    let seen = Arc::clone(&requests);
    endpoint.answer(move |request| {
        seen.lock().unwrap().push(Request::new(request));
        json!({ "access_token": "the-token", "token_type": "Bearer", "expires_in": 3600 })
    });
    let url = format!("https://localhost:{}/oauth2/token?tenant=a%20b", endpoint.port);
    let ca = setup.dir("token-requests").join("endpoint-ca.pem");
    fs::write(&ca, &endpoint.ca).unwrap();
    let base = Config::new(backend, "token-requests");
    let mut scenario = Scenario::with(setup, backend, "token-requests", &base);
    for (id, secret, scope, encoded) in [
        ("keg", "hunter2", "kafka", false),
        ("keg gateway@example", "a:b c+d/e=f%20g&h~é€", "kafka", false),
        (
            "keg gateway@example",
            "a:b c+d/e=f%20g&h~é€",
            "kafka produce api://a/.default",
            true,
        ),
        ("k:eg", "*-._", "é", true),
    ] {
        let what = format!("{id} {secret} {scope} {encoded}");
        // Arguments have the machine's encoding; files have theirs.
        let lines = format!("{url}\n{}\n{id}\n{secret}\n{scope}\n{encoded}\n", ca.display());
        fs::write(scenario.dir.join("token-request"), lines).unwrap();
        expect_checks_to_pass(&mut scenario.start_java("keg.TokenRequest", &[]), TIME);
        let mut kafkas = requests.lock().unwrap().pop().unwrap();
        assert!(requests.lock().unwrap().is_empty());

        let authentication = format!(
            "{{ type: oauth_bearer, token_endpoint: {url:?}, client_id: {id:?}, client_secret: {secret:?}, \
               scope: {scope:?}, header_urlencode: {encoded}, ca_bundle: {:?} }}",
            endpoint.ca
        );
        let config = base.clone().with_backend_authentication(&authentication);
        let gateway = scenario.gateway.as_mut().unwrap();
        gateway.reload(&config.yaml());
        gateway.wait_until("a fetch", |_, _| !requests.lock().unwrap().is_empty());
        let mut own = requests.lock().unwrap().pop().unwrap();

        for name in ONLY_KAFKAS {
            kafkas.headers.remove(name);
        }
        let agents = [&mut own, &mut kafkas].map(|request| request.headers.remove("user-agent").unwrap());
        assert!(
            agents[0].starts_with("keg/") && agents[1].starts_with("Java/"),
            "{agents:?}"
        );
        assert_eq!(own, kafkas, "{what}");
    }
}
