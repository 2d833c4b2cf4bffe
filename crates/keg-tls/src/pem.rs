//! PEM to DER, with errors that say what was found where and never show any of it.

use std::fmt;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls_pemfile::{Error as Fault, Item};

const BEGIN: &[u8] = b"-----BEGIN ";

/// All certificates of a PEM text, in its order. Other sections are passed over, so a file that holds the key too will
/// do.
///
/// # Errors
/// When a section can't be read, or none is a certificate.
pub fn certificates(pem: impl AsRef<[u8]>) -> Result<Vec<CertificateDer<'static>>, PemError> {
    let (items, found) = items(pem.as_ref())?;
    let chain: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item {
            Item::X509Certificate(certificate) => Some(certificate),
            _ => None,
        })
        .collect();
    if chain.is_empty() {
        Err(PemError::NoCertificate { found })
    } else {
        Ok(chain)
    }
}

/// The one private key of a PEM text: PKCS#8, PKCS#1 (RSA) or SEC1 (EC), not encrypted. Other sections are passed over.
///
/// # Errors
/// When a section can't be read, when there is no key or more than one, or when it is encrypted.
pub fn private_key(pem: impl AsRef<[u8]>) -> Result<PrivateKeyDer<'static>, PemError> {
    let (items, found) = items(pem.as_ref())?;
    let mut keys = items.into_iter().filter_map(|item| match item {
        Item::Pkcs8Key(key) => Some(PrivateKeyDer::from(key)),
        Item::Pkcs1Key(key) => Some(PrivateKeyDer::from(key)),
        Item::Sec1Key(key) => Some(PrivateKeyDer::from(key)),
        _ => None,
    });
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (Some(_), Some(_)) => Err(PemError::SeveralPrivateKeys { found }),
        (None, _) if found.has("ENCRYPTED PRIVATE KEY") => Err(PemError::EncryptedKey),
        (None, _) => Err(PemError::NoPrivateKey { found }),
    }
}

/// Reads every section on its own, so that a fault is known by its line and label, and need not be shown to be found.
fn items(pem: &[u8]) -> Result<(Vec<Item>, Sections), PemError> {
    let mut items = Vec::new();
    let mut found = Sections::default();
    for (line, section) in sections(pem) {
        let label = label(section);
        found.by_line.push((line, label.clone()));
        match decode(section) {
            Ok(item) => items.extend(item),
            // OpenSSL's older form of encryption puts headers where Base64 is expected.
            Err(Fault::Base64Decode(_)) if contains(section, b"Proc-Type: 4,ENCRYPTED") => {
                return Err(PemError::EncryptedKey);
            }
            Err(fault) => {
                let problem = match fault {
                    Fault::MissingSectionEnd { .. } => "its END line is missing",
                    Fault::IllegalSectionStart { .. } => {
                        "its BEGIN line goes on after the label (are line breaks missing?)"
                    }
                    Fault::Base64Decode(_) => "what is between its BEGIN and END lines is not Base64",
                };
                return Err(PemError::Unreadable { line, label, problem });
            }
        }
    }
    found.misplaced = found.by_line.is_empty() && contains(pem, BEGIN);
    Ok((items, found))
}

/// The one place that knows rustls-pemfile, which is unmaintained (RUSTSEC-2025-0134) and a thin layer over
/// rustls-pki-types by now.
///
/// Its errors quote the input, which may be a key: they go no further than the caller's `match`.
fn decode(section: &[u8]) -> Result<Option<Item>, Fault> {
    rustls_pemfile::read_one_from_slice(section).map(|read| read.map(|(item, _)| item))
}

/// Each section with the number of its first line; it reaches to the next one.
fn sections(pem: &[u8]) -> Vec<(usize, &[u8])> {
    let mut sections = Vec::new();
    let mut open: Option<(usize, usize)> = None;
    let mut at = 0;
    for (number, line) in pem.split_inclusive(|&byte| byte == b'\n').enumerate() {
        if line.starts_with(BEGIN)
            && let Some((number, start)) = open.replace((number + 1, at))
        {
            sections.extend(pem.get(start..at).map(|section| (number, section)));
        }
        at += line.len();
    }
    if let Some((number, start)) = open {
        sections.extend(pem.get(start..).map(|section| (number, section)));
    }
    sections
}

/// The label of a section's BEGIN line, where it is one: a line without line breaks may go on with the key.
fn label(section: &[u8]) -> Option<String> {
    let line = section.split(|&byte| byte == b'\n').next()?.trim_ascii_end();
    let label = line.strip_prefix(BEGIN)?.strip_suffix(b"-----")?;
    let plain = label.len() <= 40
        && label
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b' ');
    if plain {
        String::from_utf8(label.to_vec()).ok()
    } else {
        None
    }
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// What sections a PEM text has: labels and line numbers, for messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sections {
    by_line: Vec<(usize, Option<String>)>,
    misplaced: bool,
}

impl Sections {
    fn has(&self, wanted: &str) -> bool {
        self.by_line.iter().any(|(_, label)| label.as_deref() == Some(wanted))
    }
}

impl fmt::Display for Sections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.by_line.is_empty() {
            f.write_str("no PEM section")?;
            return if self.misplaced {
                f.write_str(" (`-----BEGIN` is there, but not at the start of a line)")
            } else {
                Ok(())
            };
        }
        for (position, (line, label)) in self.by_line.iter().enumerate() {
            if position > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{} at line {line}", Label(label))?;
        }
        Ok(())
    }
}

struct Label<'a>(&'a Option<String>);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(label) => write!(f, "`{label}`"),
            None => f.write_str("a section without a proper label"),
        }
    }
}

/// Why a PEM text does not hold what was looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PemError {
    /// There is no certificate in it.
    #[error("expected a `CERTIFICATE` section, found {found}")]
    NoCertificate {
        /// What is there instead.
        found: Sections,
    },
    /// There is no private key in it.
    #[error("expected a `PRIVATE KEY` section, found {found}")]
    NoPrivateKey {
        /// What is there instead.
        found: Sections,
    },
    /// It is not clear which private key is meant.
    #[error("expected one private key, found several: {found}")]
    SeveralPrivateKeys {
        /// All sections that are there.
        found: Sections,
    },
    /// The private key needs a password.
    #[error("the private key is encrypted: decrypt it first (`openssl pkey -in encrypted.pem -out key.pem`)")]
    EncryptedKey,
    /// A section is damaged.
    #[error("{} at line {line} can't be read: {problem}", Label(.label))]
    Unreadable {
        /// The line of its BEGIN marker, counted from 1.
        line: usize,
        /// Its label, unless that is damaged too.
        label: Option<String>,
        /// What is wrong with it.
        problem: &'static str,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    const CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----\nU0VDUkVU\n-----END PRIVATE KEY-----\n";

    #[test]
    fn one_file_may_hold_chain_and_key() {
        let both = format!("subject=/CN=x\n{CERTIFICATE}{KEY}{CERTIFICATE}");
        assert_eq!(certificates(&both).unwrap().len(), 2);
        assert_eq!(private_key(both.replace('\n', "\r\n")).unwrap().secret_der(), b"SECRET");
    }

    #[test]
    fn errors_say_what_was_found_and_where() {
        let check = |read: Result<usize, PemError>, message: &str| assert_eq!(read.unwrap_err().to_string(), message);
        let key = |pem: &str| private_key(pem).map(|_| 1);
        let chain = |pem: &str| certificates(pem).map(|chain| chain.len());

        check(chain(""), "expected a `CERTIFICATE` section, found no PEM section");
        check(
            chain(&format!("  {CERTIFICATE}")),
            "expected a `CERTIFICATE` section, found no PEM section (`-----BEGIN` is there, but not at the start of a line)",
        );
        check(
            chain(&format!("\n{KEY}")),
            "expected a `CERTIFICATE` section, found `PRIVATE KEY` at line 2",
        );
        check(
            key(&format!("{CERTIFICATE}{CERTIFICATE}")),
            "expected a `PRIVATE KEY` section, found `CERTIFICATE` at line 1, `CERTIFICATE` at line 4",
        );
        check(
            key(&format!("{KEY}{KEY}")),
            "expected one private key, found several: `PRIVATE KEY` at line 1, `PRIVATE KEY` at line 4",
        );
        check(
            chain(&CERTIFICATE.replace("AAAA", "A!AA")),
            "`CERTIFICATE` at line 1 can't be read: what is between its BEGIN and END lines is not Base64",
        );
        check(
            chain(&format!("{CERTIFICATE}-----BEGIN CERTIFICATE-----\nAAAA\n{KEY}")),
            "`CERTIFICATE` at line 4 can't be read: its END line is missing",
        );
    }

    #[test]
    fn encrypted_keys_are_told_apart() {
        let new = KEY.replace("PRIVATE", "ENCRYPTED PRIVATE");
        let old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nU0VDUkVU\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(private_key(new), Err(PemError::EncryptedKey));
        assert_eq!(private_key(old), Err(PemError::EncryptedKey));
    }

    #[test]
    fn no_error_shows_the_key() {
        let broken = [
            KEY.replace('\n', " "),
            KEY.replace('\n', ""),
            KEY.replace("U0VDUkVU", "U0VDUkVU!"),
            KEY.replace("-----END", ""),
            KEY.replace("-----\nU0VDUkVU", "U0VDUkVU-----\n"),
            KEY.replace("PRIVATE KEY-----\nU0VDUkVU", "U0VDUkVU-----\n"),
            format!("{KEY}{KEY}"),
        ];
        for pem in broken {
            let error = private_key(&pem).unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(
                !shown.contains("VDUk") && !shown.contains("SECRET"),
                "{pem:?} is shown by {shown}"
            );
        }
    }
}
