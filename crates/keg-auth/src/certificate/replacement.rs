use regex::Regex;

/// The replacement of Java's `Matcher.appendReplacement`: `$1` and `${name}` are groups, a backslash makes the next
/// character an ordinary one.
#[derive(Debug, Clone)]
pub(super) struct Replacement(Vec<Piece>);

#[derive(Debug, Clone)]
enum Piece {
    Literal(char),
    Group(usize),
}

impl Replacement {
    pub(super) fn parse(text: &str, pattern: &Regex) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '\\' => Piece::Literal(rest.next().ok_or("nothing behind the backslash at its end")?),
                '$' => {
                    let (group, behind) = group(rest.as_str(), pattern)?;
                    rest = behind.chars();
                    Piece::Group(group)
                }
                c => Piece::Literal(c),
            });
        }
        Ok(Self(pieces))
    }

    /// Java's `replaceAll`. Unlike `Regex::replace_all` it also finds an empty match right behind another one.
    pub(super) fn replace_all(&self, pattern: &Regex, text: &str) -> String {
        let (mut replaced, mut copied, mut from) = (String::with_capacity(text.len()), 0, 0);
        while let Some(captures) = (from <= text.len()).then(|| pattern.captures_at(text, from)).flatten() {
            let Some(found) = captures.get(0) else { break };
            replaced.push_str(text.get(copied..found.start()).unwrap_or_default());
            for piece in &self.0 {
                match piece {
                    Piece::Literal(c) => replaced.push(*c),
                    Piece::Group(group) => replaced.push_str(captures.get(*group).map_or("", |group| group.as_str())),
                }
            }
            copied = found.end();
            from = match found.is_empty() {
                // One character further, or beyond the end.
                true => {
                    copied
                        + text
                            .get(copied..)
                            .and_then(|rest| rest.chars().next())
                            .map_or(1, char::len_utf8)
                }
                false => copied,
            };
        }
        replaced.push_str(text.get(copied..).unwrap_or_default());
        replaced
    }
}

/// The group that is named behind a `$`, and what is behind its name. Java takes as many digits as give a group.
fn group<'a>(text: &'a str, pattern: &Regex) -> Result<(usize, &'a str), String> {
    let groups = pattern.captures_len();
    if let Some(braced) = text.strip_prefix('{') {
        let (name, behind) = braced.split_once('}').ok_or("${ without }")?;
        let group = pattern.capture_names().position(|group| group == Some(name));
        return Ok((
            group.ok_or_else(|| format!("the pattern has no group {name:?}"))?,
            behind,
        ));
    }
    let mut group = None;
    let mut rest = text;
    while let Some(digit) = rest.chars().next().and_then(|c| c.to_digit(10)) {
        let longer = group
            .unwrap_or(0usize)
            .saturating_mul(10)
            .saturating_add(digit as usize);
        if longer >= groups && group.is_some() {
            break;
        }
        group = Some(longer);
        rest = rest.get(1..).unwrap_or_default();
    }
    match group {
        Some(group) if group < groups => Ok((group, rest)),
        Some(group) => Err(format!("the pattern has no group {group}; write \\$ for a dollar")),
        None => Err("no group behind a dollar; write \\$ for a dollar".to_owned()),
    }
}
