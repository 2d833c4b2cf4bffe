//! Host names, and host names with a node id in them.

use thiserror::Error;

/// The longest host name, and the longest label between two dots (RFC 1035 section 2.3.4).
const LONGEST_NAME: usize = 253;
const LONGEST_LABEL: usize = 63;

/// Digits of the highest node id, 2147483647.
const LONGEST_NODE_ID: usize = 10;

pub(crate) const PLACEHOLDER: &str = "{node_id}";

/// Why a host name, or a template for host names, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// A host name is at most 253 characters long.
    #[error("it is longer than 253 characters")]
    TooLong,
    /// The parts between dots hold 1 to 63 characters.
    #[error("each part between dots must have 1 to 63 characters")]
    LabelLength,
    /// The parts between dots consist of letters, digits and hyphens.
    #[error("the parts between dots may hold only letters, digits, and hyphens that are neither first nor last")]
    Character,
    /// A template has `{node_id}` in exactly one place.
    #[error("expected `{{node_id}}` in exactly one place")]
    Placeholder,
    /// `b1{node_id}` would read node 2 and node 12 alike.
    #[error("`{{node_id}}` must not stand directly beside a digit: node ids could not be told apart")]
    PlaceholderBesideDigit,
}

/// The names `prefix<node id>suffix`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NodeName {
    prefix: Box<str>,
    suffix: Box<str>,
    /// How many digits a node id may have before the name, or the label it is in, gets too long.
    max_digits: usize,
}

/// Checks that `name` is a host name.
pub(crate) fn check_host(name: &str) -> Result<(), NameError> {
    if name.len() > LONGEST_NAME {
        return Err(NameError::TooLong);
    }
    name.split('.').try_for_each(check_label)
}

/// Checks one part of a host name, the part between two dots.
pub(crate) fn check_label(label: &str) -> Result<(), NameError> {
    if label.is_empty() || label.len() > LONGEST_LABEL {
        return Err(NameError::LabelLength);
    }
    let allowed = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !allowed || label.starts_with('-') || label.ends_with('-') {
        return Err(NameError::Character);
    }
    Ok(())
}

/// The runs of digits in `name`, each with what stands before and after it.
pub(crate) fn digit_runs(name: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + name.get(from..)?.find(|c: char| c.is_ascii_digit())?;
        let rest = name.get(start..)?;
        let end = start + rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        from = end;
        Some((name.get(..start)?, name.get(start..end)?, name.get(end..)?))
    })
}

/// Reads a node id that is written in the one way in which keg writes it: no sign, no leading zero.
pub(crate) fn node_id(digits: &str) -> Option<i32> {
    let canonical = digits == "0" || !digits.starts_with('0');
    let decimal = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    (canonical && decimal).then(|| digits.parse().ok()).flatten()
}

impl NodeName {
    pub(crate) fn new(prefix: String, suffix: String) -> Result<Self, NameError> {
        let digit = |c: char| c.is_ascii_digit();
        if prefix.ends_with(digit) || suffix.starts_with(digit) {
            return Err(NameError::PlaceholderBesideDigit);
        }
        check_host(&format!("{prefix}0{suffix}"))?;
        let before = prefix.rsplit('.').next().map_or(0, str::len);
        let after = suffix.split('.').next().map_or(0, str::len);
        let label = LONGEST_LABEL.saturating_sub(before + after);
        let name = LONGEST_NAME.saturating_sub(prefix.len() + suffix.len());
        let max_digits = LONGEST_NODE_ID.min(label).min(name);
        Ok(Self {
            prefix: prefix.into(),
            suffix: suffix.into(),
            max_digits,
        })
    }

    /// From a template such as `broker-{node_id}.kafka.example.com`.
    pub(crate) fn parse(template: &str) -> Result<Self, NameError> {
        let (prefix, suffix) = template.split_once(PLACEHOLDER).ok_or(NameError::Placeholder)?;
        if suffix.contains(PLACEHOLDER) {
            return Err(NameError::Placeholder);
        }
        Self::new(prefix.to_ascii_lowercase(), suffix.to_ascii_lowercase())
    }

    /// The name of `node`, which is not negative; `None` when it would be too long.
    pub(crate) fn name(&self, node: i32) -> Option<String> {
        let digits = node.checked_ilog10().map_or(1, |log| log as usize + 1);
        (digits <= self.max_digits).then(|| format!("{}{node}{}", self.prefix, self.suffix))
    }

    /// The node that `name` names; the inverse of [`Self::name`].
    pub(crate) fn node(&self, name: &str) -> Option<i32> {
        let digits = name.strip_prefix(&*self.prefix)?.strip_suffix(&*self.suffix)?;
        node_id(digits).filter(|_| digits.len() <= self.max_digits)
    }

    /// A name that both give, if there is one.
    pub(crate) fn common(&self, other: &Self) -> Option<String> {
        if self.prefix.len() > other.prefix.len() {
            return other.common(self);
        }
        if self.prefix == other.prefix {
            return (self.suffix == other.suffix).then(|| self.name(0)).flatten();
        }
        // No digit stands beside a placeholder, so the other's literal text has to spell out this one's node id.
        let literal = other.prefix.strip_prefix(&*self.prefix)?;
        let name = self.name(node_id(digit_runs(literal).find(|run| run.0.is_empty())?.1)?)?;
        other.node(&name).map(|_| name)
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn suffix(&self) -> &str {
        &self.suffix
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> NodeName {
        NodeName::parse(text).unwrap()
    }

    #[test]
    fn templates_that_could_not_be_read_back_are_refused() {
        for (text, expect) in [
            ("broker.example.com", NameError::Placeholder),
            ("b-{node_id}-{node_id}.example.com", NameError::Placeholder),
            ("b1{node_id}.example.com", NameError::PlaceholderBesideDigit),
            ("{node_id}0.example.com", NameError::PlaceholderBesideDigit),
            ("b-{node_id}..example.com", NameError::LabelLength),
            ("-{node_id}.example.com", NameError::Character),
            ("b_{node_id}.example.com", NameError::Character),
        ] {
            assert_eq!(NodeName::parse(text), Err(expect), "{text}");
        }
    }

    #[test]
    fn a_node_id_has_one_spelling() {
        for (digits, expect) in [
            ("0", Some(0)),
            ("7", Some(7)),
            ("2147483647", Some(i32::MAX)),
            ("2147483648", None),
            ("007", None),
            ("00", None),
            ("+1", None),
            ("-1", None),
            ("", None),
            ("\u{0661}", None),
        ] {
            assert_eq!(node_id(digits), expect, "{digits}");
        }
    }

    #[test]
    fn a_name_that_gets_too_long_with_more_digits_is_none() {
        let label = format!("{}-{{node_id}}.example.com", "a".repeat(60));
        assert!(template(&label).name(99).is_some());
        assert_eq!(template(&label).name(100), None);
        assert_eq!(template(&label).node(&label.replace(PLACEHOLDER, "100")), None);
    }

    #[test]
    fn two_templates_share_a_name_when_each_spells_out_the_others_node() {
        for (one, two, expect) in [
            ("b-{node_id}.x", "b-{node_id}.x", Some("b-0.x")),
            ("b-{node_id}.x", "b-{node_id}.y", None),
            ("b-{node_id}-n1.x", "b-1-n{node_id}.x", Some("b-1-n1.x")),
            ("b-{node_id}-n1.x", "b-1-m{node_id}.x", None),
            ("b-{node_id}-n1.x", "b-01-n{node_id}.x", None),
            ("b-{node_id}.x", "c-{node_id}.x", None),
        ] {
            let (one, two, expect) = (template(one), template(two), expect.map(str::to_owned));
            assert_eq!(one.common(&two), expect);
            assert_eq!(two.common(&one), expect);
        }
    }
}
