//! The messages of RFC 5802, section 7, read strictly and without a copy.

use std::num::NonZeroU32;

use data_encoding::BASE64;

use super::credential::MAX_ITERATIONS;
use crate::Mechanism;
use crate::failure::Failure;

/// What is wrong with a message.
pub(super) type Problem = &'static str;

/// `client-first-message`.
#[derive(Debug)]
pub(super) struct ClientFirst<'a> {
    /// With its two commas: the client has to repeat it as its channel binding.
    pub(super) gs2_header: &'a str,
    pub(super) authorization_id: Option<String>,
    pub(super) bare: &'a str,
    pub(super) username: String,
    pub(super) nonce: &'a str,
    /// Kafka's extension, by which a username is the id of a delegation token.
    pub(super) token_auth: bool,
}

impl<'a> ClientFirst<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let text = text(bytes)?;
        let (flag, rest) = text.split_once(',').ok_or("no GS2 header")?;
        match flag {
            // `y`: the client could bind to the channel, and believes that the server can't. It is right.
            "n" | "y" => {}
            _ if flag.starts_with("p=") => return Err("channel binding, which Kafka doesn't have"),
            _ => return Err("no GS2 header"),
        }
        let (authorization_id, bare) = rest.split_once(',').ok_or("no GS2 header")?;
        let gs2_header = text.strip_suffix(bare).unwrap_or_default();
        let authorization_id = match authorization_id {
            "" => None,
            id => Some(unescape(id.strip_prefix("a=").ok_or("no authorization id")?)?),
        };

        let mut attributes = bare.split(',');
        let username = attribute(attributes.next(), "n=").map_err(|problem| match bare.starts_with("m=") {
            true => "a mandatory extension",
            false => problem,
        })?;
        let username = unescape(username)?;
        let nonce = nonce(attribute(attributes.next(), "r=")?)?;
        let mut token_auth = false;
        for extension in attributes {
            let (name, value) = self::extension(extension)?;
            token_auth |= name == "tokenauth" && value.eq_ignore_ascii_case("true");
        }
        Ok(Self {
            gs2_header,
            authorization_id,
            bare,
            username,
            nonce,
            token_auth,
        })
    }
}

/// `server-first-message`.
#[derive(Debug)]
pub(super) struct ServerFirst<'a> {
    pub(super) nonce: &'a str,
    pub(super) salt: Vec<u8>,
    pub(super) iterations: NonZeroU32,
}

impl<'a> ServerFirst<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Problem> {
        let mut attributes = text.split(',');
        let nonce = nonce(attribute(attributes.next(), "r=")?)?;
        let salt = base64(attribute(attributes.next(), "s=")?)?;
        let iterations = attribute(attributes.next(), "i=")?;
        let iterations = match iterations.parse() {
            Ok(iterations) if iterations <= MAX_ITERATIONS => NonZeroU32::new(iterations),
            _ => None,
        };
        attributes.try_for_each(|extension| self::extension(extension).map(drop))?;
        Ok(Self {
            nonce,
            salt,
            iterations: iterations.ok_or("no iterations, or more than any server should ask for")?,
        })
    }
}

/// `client-final-message`.
#[derive(Debug)]
pub(super) struct ClientFinal<'a> {
    pub(super) without_proof: &'a str,
    pub(super) channel_binding: Vec<u8>,
    pub(super) nonce: &'a str,
    pub(super) proof: Vec<u8>,
}

impl<'a> ClientFinal<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let text = text(bytes)?;
        let (without_proof, proof) = text.rsplit_once(',').ok_or("no proof")?;
        let mut attributes = without_proof.split(',');
        let channel_binding = base64(attribute(attributes.next(), "c=")?)?;
        let nonce = nonce(attribute(attributes.next(), "r=")?)?;
        attributes.try_for_each(|extension| self::extension(extension).map(drop))?;
        Ok(Self {
            without_proof,
            channel_binding,
            nonce,
            proof: base64(attribute(Some(proof), "p=")?)?,
        })
    }
}

/// `server-final-message`: the server's signature, or its error.
pub(super) fn server_final(text: &str) -> Result<Result<Vec<u8>, &str>, Problem> {
    let mut attributes = text.split(',');
    let first = attributes.next().unwrap_or_default();
    attributes.try_for_each(|extension| self::extension(extension).map(drop))?;
    match first.strip_prefix("e=") {
        Some(error) => Ok(Err(error)),
        None => Ok(Ok(base64(attribute(Some(first), "v=")?)?)),
    }
}

/// A username as the grammar wants it.
pub(super) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

pub(super) fn text(bytes: &[u8]) -> Result<&str, Problem> {
    str::from_utf8(bytes).map_err(|_| "not UTF-8")
}

pub(crate) fn unescape(name: &str) -> Result<String, Problem> {
    let mut unescaped = String::with_capacity(name.len());
    let mut parts = name.split('=');
    unescaped.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (escaped, rest) = match (part.strip_prefix("2C"), part.strip_prefix("3D")) {
            (Some(rest), _) => (',', rest),
            (_, Some(rest)) => ('=', rest),
            _ => return Err("a name with = that is neither =2C nor =3D"),
        };
        unescaped.push(escaped);
        unescaped.push_str(rest);
    }
    match unescaped {
        name if name.is_empty() => Err("an empty name"),
        name if name.contains('\0') => Err("a name with NUL"),
        name => Ok(name),
    }
}

fn nonce(nonce: &str) -> Result<&str, Problem> {
    match nonce.bytes().all(|byte| byte.is_ascii_graphic()) && !nonce.is_empty() {
        true => Ok(nonce),
        false => Err("no nonce, or one that is not printable"),
    }
}

fn attribute<'a>(attribute: Option<&'a str>, name: &str) -> Result<&'a str, Problem> {
    attribute
        .and_then(|attribute| attribute.strip_prefix(name))
        .ok_or(match name {
            "n=" => "no username",
            "r=" => "no nonce",
            "s=" => "no salt",
            "i=" => "no iterations",
            "c=" => "no channel binding",
            "p=" => "no proof",
            _ => "no signature",
        })
}

/// `attr-val`, of which Kafka allows names of several letters.
fn extension(attribute: &str) -> Result<(&str, &str), Problem> {
    match attribute.split_once('=') {
        Some(("m", _)) => Err("a mandatory extension"),
        Some((name, value))
            if !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphabetic())
                && !value.is_empty()
                && !value.contains('\0') =>
        {
            Ok((name, value))
        }
        _ => Err("an extension that is not name=value"),
    }
}

fn base64(text: &str) -> Result<Vec<u8>, Problem> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|_| "something that is not Base64")
}

/// The username of a client's first message, whose proof is somebody else's to check. The id of a delegation token is
/// none: only the broker knows whose it is.
pub(crate) fn username(mechanism: Mechanism, token: &[u8]) -> Result<Option<String>, Failure> {
    let first = ClientFirst::parse(token).map_err(|problem| Failure::malformed(mechanism, problem))?;
    Ok((!first.token_auth).then_some(first.username))
}
