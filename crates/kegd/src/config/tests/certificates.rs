//! Clients that are known by their certificates.

use super::super::model::VirtualClusterAuthentication as Authentication;
use super::config;
use super::samples::{PASSTHROUGH, SNI, TLS, check, check_one, listener, port_mapping, virtual_clusters};

const BUNDLE: &str = "tls_trust_bundles: [{ name: c, config: { trusted_ca: \"${file['clients-ca.pem']}\" } }]\n";
const CERTIFICATE: &str = "authentication: [{ type: client_certificate }]";

fn asking(more: &str) -> String {
    let asks =
        format!("}}], client_authentication: {{ mode: requested, tls_trust_bundles: [{{ name: c }}]{more} }} }}");
    TLS.replace("}] }", &asks)
}

fn by_certificate(policies: &[&str]) -> String {
    listener("[9092-9094]", policies).replace("authentication: [{ type: anonymous }]", CERTIFICATE) + BUNDLE
}

#[test]
fn rules_are_read_when_the_configuration_is_and_the_place_of_a_mistake_is_told() {
    for (rules, message) in [
        (
            "CN=ann",
            "expected rules such as RULE:^CN=([^,]*).*$/$1/L, DEFAULT: expected RULE:pattern/replacement/ with L, U or nothing behind it, or DEFAULT, found \"CN=ann\"",
        ),
        ("RULE:^CN=(.*$/$1/, DEFAULT", "the pattern \"^CN=(.*$\": unclosed group"),
        (
            "DEFAULT, RULE:(?=a)b/x/",
            "the pattern \"(?=a)b\": lookaround is not supported",
        ),
        ("RULE:a/$1/", "the replacement \"$1\": the pattern has no group 1"),
        ("", "expected a rule, found none"),
    ] {
        let text = by_certificate(&[&asking(&format!(", principal_mapping: '{rules}'")), SNI]);
        check_one(
            &text,
            "9:212: listeners[0].policies[0].config.client_authentication.principal_mapping: ",
            message,
        );
    }
    let text = by_certificate(&[&asking(", principal_source: san_ip"), SNI]);
    check_one(
        &text,
        "client_authentication.principal_source",
        "allowed: subject, san_dns, san_uri, san_email",
    );
}

#[test]
fn some_listener_that_leads_to_it_asks_for_certificates() {
    let told = "no listener that leads to this virtual cluster asks clients for certificates (add client_authentication to the tls_server policy of the listener)";
    for policies in [
        &[TLS, SNI][..],
        &[&port_mapping("")],
        &[TLS, &port_mapping(""), PASSTHROUGH],
        &[PASSTHROUGH],
    ] {
        check_one(&by_certificate(policies), "virtual_clusters[0].authentication[0]", told);
    }
    for policies in [&[&*asking(""), SNI][..], &[&*asking(""), &port_mapping("")], &[]] {
        let config = config(&by_certificate(policies));
        assert_eq!(
            config.virtual_clusters[0].authentication,
            [Authentication::ClientCertificate]
        );
    }
}

#[test]
fn certificates_go_before_anonymous() {
    let of = |methods: &str| virtual_clusters(&[""]).replace("[{ type: anonymous }]", methods);
    let both = config(&of("[{ type: client_certificate }, { type: anonymous }]"));
    assert_eq!(
        both.virtual_clusters[0].authentication,
        [Authentication::ClientCertificate, Authentication::Anonymous]
    );
    check_one(
        &of("[{ type: anonymous }, { type: client_certificate }]"),
        "virtual_clusters[0].authentication[1]",
        "all clients without SASL are anonymous by an earlier item of the list, certificate or not (put client_certificate in front of anonymous)",
    );
    check(
        &of("[{ type: client_certificate }, { type: client_certificate }]"),
        &[
            "3:90: virtual_clusters[0].authentication[1]: clients of a certificate and no SASL are decided on by an earlier item of the list (keep one of them, with all principals)",
        ],
    );
}
