use std::collections::BTreeMap;

/// What is claimed of a client by a token that was checked.
pub type Claims = BTreeMap<String, Claim>;

/// The value of a claim, as JSON has them.
#[derive(Debug, Clone, PartialEq)]
pub enum Claim {
    /// `null`.
    Null,
    /// A truth.
    Bool(bool),
    /// A number without a fraction.
    Integer(i64),
    /// Any other number.
    Number(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Claim>),
    /// Claims below a claim.
    Map(Claims),
}

impl Claim {
    pub(crate) fn from_json(value: serde_json::Value) -> Self {
        use serde_json::Value;
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Self::Integer(integer),
                None => Self::Number(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => Self::Text(text),
            Value::Array(list) => Self::List(list.into_iter().map(Self::from_json).collect()),
            Value::Object(map) => Self::Map(
                map.into_iter()
                    .map(|(name, value)| (name, Self::from_json(value)))
                    .collect(),
            ),
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whole seconds since 1970 and what is beyond them, if it is RFC 7519's `NumericDate`.
    pub(crate) fn as_date(&self) -> Option<std::time::SystemTime> {
        let since = match self {
            Self::Integer(seconds) => std::time::Duration::from_secs(u64::try_from(*seconds).ok()?),
            Self::Number(seconds) => std::time::Duration::try_from_secs_f64(*seconds).ok()?,
            _ => return None,
        };
        std::time::UNIX_EPOCH.checked_add(since)
    }
}
