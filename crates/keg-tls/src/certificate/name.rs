//! Distinguished names in the form that Kafka's principals have.

use std::fmt::Write;

use x509_parser::der_parser::asn1_rs::{Tag, ToDer};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// RFC 2253 as Java's `X500Principal.getName()` writes it, because that is the name Kafka's ACLs and mapping rules are
/// written for.
pub(super) fn rfc2253(name: &X509Name<'_>) -> String {
    let mut written = String::new();
    let parts: Vec<_> = name.iter_rdn().collect();
    for part in parts.into_iter().rev() {
        if !written.is_empty() {
            written.push(',');
        }
        for (position, attribute) in part.iter().enumerate() {
            if position > 0 {
                written.push('+');
            }
            write_attribute(&mut written, attribute);
        }
    }
    written
}

fn write_attribute(written: &mut String, attribute: &AttributeTypeAndValue<'_>) {
    let oid = attribute.attr_type().to_id_string();
    match (keyword(&oid), text(attribute)) {
        (Some(keyword), Some(value)) => {
            written.push_str(keyword);
            written.push('=');
            write_escaped(written, value);
        }
        // RFC 2253 section 2.4: a type without a keyword, or a value that is no text, is shown by its encoding.
        (keyword, _) => {
            written.push_str(keyword.unwrap_or(&oid));
            written.push_str("=#");
            for byte in attribute.attr_value().to_der_vec().unwrap_or_default() {
                // Writing to a `String` can't fail.
                let _ = write!(written, "{byte:02x}");
            }
        }
    }
}

/// The text of a value of which Java takes the bytes for UTF-8. It does that of a `BMPString` too, which is none: different
/// names would look the same.
fn text<'a>(attribute: &AttributeTypeAndValue<'a>) -> Option<&'a str> {
    match attribute.attr_value().tag() {
        Tag::TeletexString => std::str::from_utf8(attribute.attr_value().data).ok(),
        _ => attribute.as_str().ok(),
    }
}

/// Java escapes `=` too, which RFC 2253 permits and does not ask for.
fn write_escaped(written: &mut String, value: &str) {
    let last = value.chars().count().saturating_sub(1);
    let leading = value.chars().take_while(|&character| character == ' ').count();
    let trailing = value.chars().rev().take_while(|&character| character == ' ').count();
    for (position, character) in value.chars().enumerate() {
        let outer_space = character == ' ' && (position < leading || position + trailing > last);
        match character {
            '\0' => written.push_str("\\00"),
            ',' | '=' | '+' | '<' | '>' | '#' | ';' | '"' | '\\' => written.extend(['\\', character]),
            _ if outer_space => written.extend(['\\', character]),
            _ => written.push(character),
        }
    }
}

fn keyword(oid: &str) -> Option<&'static str> {
    Some(match oid {
        "2.5.4.3" => "CN",
        "2.5.4.6" => "C",
        "2.5.4.7" => "L",
        "2.5.4.8" => "ST",
        "2.5.4.9" => "STREET",
        "2.5.4.10" => "O",
        "2.5.4.11" => "OU",
        "0.9.2342.19200300.100.1.25" => "DC",
        "0.9.2342.19200300.100.1.1" => "UID",
        _ => return None,
    })
}
