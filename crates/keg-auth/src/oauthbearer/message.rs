use crate::Mechanism;
use crate::failure::Failure;

/// The client's message of RFC 7628, section 3.1.
#[derive(Debug)]
pub(super) struct Message<'a> {
    pub(super) authorization_id: Option<String>,
    /// Of the `auth` pair, without the scheme.
    pub(super) token: &'a str,
    /// The other pairs, which Kafka calls extensions.
    pub(super) extensions: Vec<(&'a str, &'a str)>,
}

impl<'a> Message<'a> {
    pub(super) fn parse(message: &'a [u8]) -> Result<Self, Failure> {
        Self::read(message).map_err(|problem| Failure::malformed(Mechanism::OAuthBearer, problem))
    }

    fn read(message: &'a [u8]) -> Result<Self, &'static str> {
        let text = str::from_utf8(message).map_err(|_| "not UTF-8")?;
        let (header, pairs) = text
            .split_once('\x01')
            .ok_or("no separator (0x01) behind the GS2 header")?;
        let (flag, id) = header.split_once(',').ok_or("no GS2 header")?;
        if !matches!(flag, "n" | "y") {
            return Err("channel binding, or no GS2 header");
        }
        let authorization_id = match id.strip_suffix(',').ok_or("no GS2 header")? {
            "" => None,
            id => Some(crate::scram::unescape(
                id.strip_prefix("a=").ok_or("no authorization id")?,
            )?),
        };
        let pairs = pairs.strip_suffix('\x01').ok_or("no separator (0x01) at the end")?;
        let (mut token, mut extensions) = (None, Vec::new());
        for pair in pairs.split_terminator('\x01') {
            match self::pair(pair)? {
                ("auth", _) if token.is_some() => return Err("a second auth"),
                ("auth", value) => token = Some(bearer(value)?),
                (key, _) if extensions.iter().any(|(other, _)| *other == key) => return Err("a key twice"),
                extension if extensions.len() < MAX_EXTENSIONS => extensions.push(extension),
                _ => return Err("too many pairs"),
            }
        }
        if !pairs.ends_with('\x01') {
            return Err("a pair without its separator (0x01)");
        }
        Ok(Self {
            authorization_id,
            token: token.ok_or("no auth")?,
            extensions,
        })
    }
}

/// More than anybody has; each is compared with those before it.
const MAX_EXTENSIONS: usize = 64;

fn pair(pair: &str) -> Result<(&str, &str), &'static str> {
    let (key, value) = pair.split_once('=').ok_or("a pair that is not key=value")?;
    if !is_key(key) {
        return Err("a key that is not letters");
    }
    match is_value(value) {
        true => Ok((key, value)),
        false => Err("a value with control characters"),
    }
}

pub(super) fn is_key(key: &str) -> bool {
    !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic())
}

pub(super) fn is_value(value: &str) -> bool {
    value
        .bytes()
        .all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// RFC 6750's `b64token`.
pub(super) fn is_token(token: &str) -> bool {
    let unpadded = token.trim_end_matches('=');
    !unpadded.is_empty()
        && unpadded
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

fn bearer(value: &str) -> Result<&str, &'static str> {
    let (scheme, token) = value.split_once(' ').ok_or("no scheme in front of the token")?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err("a scheme that is not Bearer");
    }
    match token.trim_start_matches(' ') {
        token if is_token(token) => Ok(token),
        _ => Err("no token, or one with characters that none has"),
    }
}
