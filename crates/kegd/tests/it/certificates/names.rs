//! Names of certificates and rules for them mean what they mean to Kafka's brokers.

use std::fmt::Write as _;
use std::fs;

use data_encoding::BASE64;
use keg_auth::certificate::Mapping;
use keg_tls::CertificateInfo;
use rcgen::string::{Ia5String, PrintableString, TeletexString, UniversalString};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, Issuer, KeyPair};

use super::TIME;
use crate::java::expect_checks_to_pass;
use crate::scenario::{Scenario, setup_or_skip};

const RULES: &[&str] = &[
    "DEFAULT",
    "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/",
    "RULE:^CN=([^,]+),OU=Services,O=Example$/service-$1/L, DEFAULT",
    "RULE:^CN=(.*?),OU=(.*?),O=(.*?)$/$1@$2/L, RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U",
    r"RULE:^CN=((\\\\.|[^,\\\\])*).*$/$1/",
    r"RULE:^(?:.*,)?CN=(\p{L}+).*$/\$$1/",
    r"RULE:.*CN=\Qa,b\E.*/quoted/, RULE:^\w+=([\w ]{1,3}).*$/$1/L",
    "RULE:(?i)^cn=(?<name>[^,]*).*/${name}/L",
    "RULE:.*/x/",
    "RULE:^.*$//",
    r"RULE:^CN=([^\\\\,]*).*$/a\/b$1/",
    "RULE:^$/nobody/, RULE:^1\\.2\\.840.*$/mail/",
];

/// One that is empty is refused by Java itself. Of a `BMPString` Java takes the bytes for text of another encoding, by which
/// different names look the same; it is written by its encoding here.
fn subjects() -> Vec<Vec<(DnType, DnValue)>> {
    let text = |value: &str| DnValue::Utf8String(value.to_owned());
    let printable = |value: &str| DnValue::PrintableString(PrintableString::try_from(value).unwrap());
    let ascii = |value: &str| DnValue::Ia5String(Ia5String::try_from(value).unwrap());
    let oid = |parts: &[u64]| DnType::CustomDnType(parts.to_vec());
    use DnType::{
        CommonName, CountryName, LocalityName, OrganizationName, OrganizationalUnitName, StateOrProvinceName,
    };
    let mut subjects = vec![
        vec![(CommonName, text("ann"))],
        vec![
            (OrganizationName, printable("Example")),
            (OrganizationalUnitName, printable("Services")),
            (CommonName, printable("Orders")),
        ],
        vec![
            (CountryName, printable("DE")),
            (StateOrProvinceName, text("Köln")),
            (LocalityName, text("Straße 1")),
            (OrganizationName, text("Example")),
            (OrganizationalUnitName, text("ServiceUsers")),
            (CommonName, text("serviceuser")),
        ],
        vec![(oid(&[1, 2, 840, 113_549, 1, 9, 1]), ascii("ann@example.com"))],
        vec![
            (oid(&[0, 9, 2342, 19_200_300, 100, 1, 25]), ascii("example")),
            (oid(&[0, 9, 2342, 19_200_300, 100, 1, 1]), text("ann")),
            (oid(&[2, 5, 4, 9]), text("street")),
            (oid(&[2, 5, 4, 12]), text("title")),
        ],
        vec![(
            CommonName,
            DnValue::TeletexString(TeletexString::try_from("ann").unwrap()),
        )],
        vec![(
            CommonName,
            DnValue::UniversalString(UniversalString::try_from("Ω ann").unwrap()),
        )],
        vec![(OrganizationName, ascii("a,b")), (CommonName, ascii("b"))],
    ];
    for name in [
        "a,b",
        " a",
        "a ",
        "  ",
        "a  b",
        "#a",
        "a#",
        "a+b",
        "a=b",
        "\"a\"",
        "a\\b",
        "<a>",
        "a;b",
        "ä/ö",
        "名前",
        "a\tb",
        "a\nb",
        "A.B-C_D",
        "$1",
        "Ⅷ İı ſ ß",
    ] {
        subjects.push(vec![(OrganizationName, text("Example")), (CommonName, text(name))]);
    }
    subjects
}

#[test]
fn names_of_certificates_and_rules_for_them_are_kafkas() {
    let Some(setup) = setup_or_skip("certificate-names") else {
        return;
    };
    let key = KeyPair::generate().unwrap();
    let issuer = Issuer::new(CertificateParams::default(), KeyPair::generate().unwrap());
    let mut lines = String::new();
    for subject in subjects() {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (part, value) in subject {
            params.distinguished_name.push(part, value);
        }
        let certificate = params.signed_by(&key, &issuer).unwrap();
        let name = CertificateInfo::from_der(certificate.der()).unwrap().subject;
        for rules in RULES {
            let mapping: Mapping = rules.parse().unwrap();
            // A rule may leave nothing, which is something else than no rule.
            let mapped = mapping
                .apply(&name)
                .map(|mapped| format!("={mapped}"))
                .unwrap_or_default();
            let encoded = |text: &[u8]| BASE64.encode(text);
            writeln!(
                lines,
                "{} {} {} {}",
                encoded(certificate.der()),
                encoded(rules.as_bytes()),
                encoded(format!("={name}").as_bytes()),
                encoded(mapped.as_bytes()),
            )
            .unwrap();
        }
    }
    let backend = crate::backend::Backend::shared(setup);
    let scenario = Scenario::without_gateway(setup, backend, "certificate-names", Vec::new());
    fs::write(scenario.dir.join("names"), lines).unwrap();
    expect_checks_to_pass(&mut scenario.start_java("keg.CertificateNames", &[]), TIME);
}
