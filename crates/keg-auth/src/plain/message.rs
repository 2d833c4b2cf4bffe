use crate::Mechanism;
use crate::failure::Failure;

/// The one message of RFC 4616: `[authzid] NUL authcid NUL passwd`.
pub(super) struct Message<'a> {
    pub(super) authorization_id: &'a str,
    pub(super) username: &'a str,
    pub(super) password: &'a str,
}

impl<'a> Message<'a> {
    pub(super) fn parse(token: &'a [u8]) -> Result<Self, Failure> {
        let malformed = |problem| Failure::malformed(Mechanism::Plain, problem);
        let text = str::from_utf8(token).map_err(|_| malformed("not UTF-8"))?;
        let mut parts = text.split('\0');
        let (Some(authorization_id), Some(username), Some(password), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("not three parts with NUL between them"));
        };
        match (username, password) {
            ("", _) => Err(malformed("an empty username")),
            (_, "") => Err(malformed("an empty password")),
            _ => Ok(Self {
                authorization_id,
                username,
                password,
            }),
        }
    }
}
