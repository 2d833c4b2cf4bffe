//! Clients that are known by their certificates.

mod names;

use std::fs;
use std::path::Path;
use std::time::Duration;

use rcgen::{DnType, SanType, date_time_ymd};

use crate::backend::Backend;
use crate::certs::{Authority, Identity};
use crate::gateway::Config;
use crate::java::expect_checks_to_pass;
use crate::process::Process;
use crate::scenario::{Scenario, Target, direct, setup_or_skip};
use crate::setup::{answers, skip};

const TIME: Duration = Duration::from_secs(120);

/// Services by their names in lower case, and all others as they are.
const RULES: &str = "RULE:^CN=([^,]+),OU=Services,O=Example$/service-$1/L, RULE:^CN=([^,]+),OU=People,.*$/$1/, DEFAULT";

/// Everybody has topics of the own name; what the rules leave as it is has others, and so has who is seen by the subject.
const POLICIES: &str = "[{ type: acls, name: everybody, config: { rules: [ \
      { resource_type: group, action: allow, operations: [{ name: all }], resource_names: [{ match: \"*\" }] }, \
      { resource_type: topic, action: allow, operations: [{ name: all }], \
        resource_names: \"[context.auth.principal.name + '-*']\" }] } }, \
    { type: acls, name: default, \
      condition: \"context.auth.principal.name == 'CN=Other,O=Example' && context.auth.type == 'client_certificate'\", \
      config: { rules: [{ resource_type: topic, action: allow, operations: [{ name: all }], \
        resource_names: [{ match: \"default-*\" }] }] } }, \
    { type: acls, name: seen, condition: \"context.tls.subject == 'CN=Orders,OU=Services,O=Example'\", \
      config: { rules: [{ resource_type: topic, action: allow, operations: [{ name: describe }], \
        resource_names: [{ match: service-orders-seen }] }] } }]";

const METHODS: &str = "{ type: client_certificate }, \
    { type: sasl_plain, mediation: terminate, principals: [{ username: ann, password: ann-secret }] }";

/// A gateway's own certificate, and the authorities of clients.
struct Authorities {
    servers: Authority,
    gateway: Identity,
    ours: Authority,
    theirs: Authority,
}

impl Authorities {
    fn new(dir: &Path) -> Self {
        let servers = Authority::new("servers", dir);
        Self {
            gateway: servers.identity("gateway", &["localhost"]),
            servers,
            ours: Authority::new("ours", dir),
            theirs: Authority::new("theirs", dir),
        }
    }

    /// What is asked of clients, by the bundles that are named.
    fn asking(&self, config: Config, mode: &str, bundles: &[&str], mapping: &str) -> Config {
        let named: Vec<String> = bundles.iter().map(|name| format!("{{ name: {name} }}")).collect();
        let asked = format!("mode: {mode}, tls_trust_bundles: [{}], {mapping}", named.join(", "));
        config
            .with_trust_bundles(&[("ours", self.ours.file()), ("theirs", self.theirs.file())])
            .with_tls(&self.gateway, &asked)
    }

    /// Has the clients use TLS, and trust the gateway's certificate.
    fn trusted_by(&self, scenario: &mut Scenario) {
        for target in &mut scenario.targets {
            target.client = vec![
                "security.protocol=SSL".to_owned(),
                "ssl.truststore.type=PEM".to_owned(),
                format!("ssl.truststore.location={}", self.servers.file().display()),
            ];
        }
    }
}

fn subject<'a>(name: &'a str, unit: &'a str) -> [(DnType, &'a str); 3] {
    [
        (DnType::OrganizationName, "Example"),
        (DnType::OrganizationalUnitName, unit),
        (DnType::CommonName, name),
    ]
}

fn rules(rules: &str) -> String {
    format!("principal_mapping: '{rules}'")
}

#[test]
fn java_clients_are_who_their_certificates_are() {
    let Some(setup) = setup_or_skip("certificates") else {
        return;
    };
    if direct() {
        return; // The brokers ask for no certificates.
    }
    let backend = Backend::shared(setup);
    let authorities = Authorities::new(&setup.dir("certificates"));
    let plain = Config::new(backend, "certificates")
        .with_authentication(METHODS)
        .with_acls("")
        .with_cluster_policies(POLICIES);
    let config = authorities.asking(plain.clone(), "requested", &["ours"], &rules(RULES));
    let mut scenario = Scenario::with(setup, backend, "certificates", &config);
    authorities.trusted_by(&mut scenario);
    let Authorities { ours, theirs, .. } = &authorities;
    ours.client("orders", &subject("Orders", "Services"), |_| ());
    ours.client("bob", &subject("bob", "People"), |_| ());
    let other = [(DnType::OrganizationName, "Example"), (DnType::CommonName, "Other")];
    ours.client("other", &other, |params| {
        let id = "spiffe://example/Other".try_into().unwrap();
        params.subject_alt_names.push(SanType::URI(id));
    });
    ours.client("expired", &subject("Expired", "Services"), |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    theirs.client("foreign", &subject("Orders", "Services"), |_| ());
    let run = |scenario: &Scenario, args: &[&str]| {
        expect_checks_to_pass(&mut scenario.start_java("keg.Certificates", args), TIME);
    };
    run(
        &scenario,
        &["known", "orders:service-orders", "bob:bob", "other:default"],
    );
    run(&scenario, &["sasl", "orders", "service-orders"]);
    run(&scenario, &["refused", "expired"]);
    run(&scenario, &["nobody"]);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons", |log, metrics| {
        let counted = |kind: &str| {
            metrics.lines().any(|line| {
                line.starts_with("kong_keg_kafka_connection_errors_total")
                    && line.contains(&format!("kind=\"{kind}\""))
                    && !line.ends_with(" 0")
            })
        };
        log.contains("invalid peer certificate: certificate expired")
            && log.contains("neither a client certificate nor SASL")
            && counted("certificate")
            && counted("authentication")
    });

    // Who has no certificate, or one of another authority, isn't let in at all; and a name may stand beside the subject.
    let by_uri = r"principal_source: san_uri, principal_mapping: 'RULE:^spiffe:\/\/example\/(.*)$/default/L'";
    let required = authorities.asking(plain, "required", &["ours"], by_uri);
    gateway.reload(&required.yaml());
    gateway.wait_until("the change", |log, _| log.contains("the configuration was reloaded"));
    run(&scenario, &["known", "other:default"]);
    run(&scenario, &["refused", "foreign", "", "expired"]);
    run(&scenario, &["disconnected", "orders"]);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the name that no rule maps", |log, _| {
        log.contains("no rule of the principal mapping gives the holder of the certificate")
            && log.contains("CN=Orders,OU=Services,O=Example")
            && log.contains("peer sent no certificates")
    });
}

#[test]
fn kcat_is_who_its_certificate_is_and_bad_ones_are_refused() {
    if !answers("kcat", &["-V"]) {
        return skip("kcat-certificates", "no kcat: run `cargo xtask setup`");
    }
    let Some(setup) = setup_or_skip("kcat-certificates") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let authorities = Authorities::new(&setup.dir("kcat-certificates"));
    let config = Config::new(backend, "kcat-certificates")
        .with_authentication(METHODS)
        .with_acls("")
        .with_cluster_policies(POLICIES);
    let config = authorities.asking(config, "requested", &["ours"], &rules(RULES));
    let mut scenario = Scenario::with(setup, backend, "kcat-certificates", &config);
    authorities.trusted_by(&mut scenario);
    let Authorities { ours, theirs, .. } = &authorities;
    let orders = ours.client("orders", &subject("Orders", "Services"), |_| ());
    let bob = ours.client("bob", &subject("bob", "People"), |_| ());
    let foreign = theirs.client("foreign", &subject("bob", "People"), |_| ());
    let expired = ours.client("expired", &subject("bob", "People"), |params| {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 1, 1);
    });
    let args = ["known", "orders:service-orders", "bob:bob"];
    expect_checks_to_pass(&mut scenario.start_java("keg.Certificates", &args), TIME);
    let target = scenario.targets[0].clone();
    let list = |identity: Option<&Identity>| listed(&scenario, &target, authorities.servers.file(), identity);
    let topics = |identity: &Identity| list(Some(identity)).unwrap_or_else(|output| panic!("{output}"));
    assert_eq!(topics(&orders), ["service-orders-own"]);
    assert_eq!(topics(&bob), ["bob-own"]);
    for refused in [Some(&foreign), Some(&expired), None] {
        list(refused).unwrap_err();
    }
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons", |log, _| {
        log.contains("invalid peer certificate: UnknownIssuer")
            && log.contains("invalid peer certificate: certificate expired")
    });
}

/// The topics in kcat's list of metadata, or what it says instead.
fn listed(scenario: &Scenario, target: &Target, ca: &Path, identity: Option<&Identity>) -> Result<Vec<String>, String> {
    let log = scenario.dir.join(format!("kcat-{}.log", target.name));
    let _ = fs::remove_file(&log);
    let mut words = vec!["-b".to_owned(), target.bootstrap.clone()];
    words.extend(["-L", "-J", "-m", "5"].map(str::to_owned));
    let mut set = |name: &str, value: &str| words.extend(["-X".to_owned(), format!("{name}={value}")]);
    set("broker.address.family", "v4");
    set("security.protocol", "ssl");
    set("ssl.ca.location", &ca.display().to_string());
    if let Some(identity) = identity {
        set("ssl.certificate.location", &identity.certificate.display().to_string());
        set("ssl.key.location", &identity.key.display().to_string());
    }
    let mut kcat = Process::start("kcat", &log, "kcat", &words);
    let status = kcat.wait(TIME);
    let output = kcat.output();
    if !status.is_some_and(|status| status.success()) {
        return Err(output);
    }
    let json = output
        .lines()
        .find(|line| line.starts_with('{'))
        .ok_or(output.as_str())?;
    let list: serde_json::Value = serde_json::from_str(json).unwrap();
    let topics = list["topics"].as_array().unwrap().iter();
    Ok(topics
        .map(|topic| topic["topic"].as_str().unwrap().to_owned())
        .collect())
}

#[test]
fn another_mapping_or_trust_bundle_ends_whom_it_concerns_and_nobody_else_notices() {
    let Some(setup) = setup_or_skip("live-certificates") else {
        return;
    };
    if direct() {
        return;
    }
    let backend = Backend::shared(setup);
    let authorities = Authorities::new(&setup.dir("live-certificates"));
    let plain = Config::new(backend, "live-certificates")
        .with_authentication("{ type: client_certificate }")
        .with_acls("")
        .with_cluster_policies(POLICIES);
    let both: &[_] = &["ours", "theirs"];
    let config = authorities.asking(plain.clone(), "required", both, &rules(RULES));
    let mut scenario = Scenario::with(setup, backend, "live-certificates", &config);
    authorities.trusted_by(&mut scenario);
    let Authorities { ours, theirs, .. } = &authorities;
    ours.client("orders", &subject("Orders", "Services"), |_| ());
    ours.client("bob", &subject("bob", "People"), |_| ());
    theirs.client("zoe", &subject("zoe", "People"), |_| ());
    let mut program = scenario.start_java("keg.Certificates", &["live"]);
    let mut change = |after: &str, config: &Config, which: usize, file: &str| {
        program.wait_until(after, TIME, |log| log.contains(after));
        let gateway = scenario.gateway.as_mut().unwrap();
        gateway.reload(&config.yaml());
        gateway.wait_until("the change", |log, _| {
            log.matches("the configuration was reloaded").count() >= which
        });
        fs::write(scenario.dir.join(file), "").unwrap();
    };
    let renamed = rules(&RULES.replace("service-$1", "renamed-$1"));
    let mapping = authorities.asking(plain.clone(), "required", both, &renamed);
    change("CONNECTED", &mapping, 1, "mapping");
    let bundle = authorities.asking(plain, "required", &["ours"], &renamed);
    change("RENAMED", &bundle, 2, "bundle");
    expect_checks_to_pass(&mut program, TIME);
    let gateway = scenario.gateway.as_mut().unwrap();
    gateway.wait_until("the reasons", |log, metrics| {
        let counted = metrics.lines().any(|line| {
            line.starts_with("kong_keg_kafka_connection_errors_total")
                && line.contains("kind=\"not_admitted\"")
                && !line.ends_with(" 0")
        });
        counted
            && log.contains("let User:service-orders in any more: it is the certificate of")
            && log.contains("let User:zoe in any more: ")
            && log.contains("invalid peer certificate: UnknownIssuer")
    });
    assert!(!gateway.log_tail().contains("let User:bob in any more"));
}
