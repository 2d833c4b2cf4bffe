//! Regular expressions over topics and over transactional ids: refused, or confined to the namespace.

#![no_main]

mod namespace;
mod pieces;

use std::sync::LazyLock;

use keg_codec::ApiKey;
use keg_codec::message::{Struct, Value};
use keg_policy::Mode;
use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use namespace::{Tenant, api, bytes, with};
use regex::bytes::{Regex, RegexBuilder};

/// Those that end in a word, and those that don't.
const PREFIXES: [&str; 5] = ["a", "ab", "a.", "b-", "a.a."];
const ASK: &[&str] = &["SubscribedTopicRegex"];
const SHOW: &[&str] = &["Groups", "Members", "SubscribedTopicRegex"];
/// Pieces that mean something between others.
const PIECES: [&str; 56] = [
    "(",
    ")",
    "|",
    "[",
    "]",
    "{",
    "}",
    "*",
    "+",
    "?",
    ".",
    "^",
    "$",
    "\\",
    "-",
    ",",
    "a",
    "b",
    "K",
    "0",
    "1",
    "9",
    "é",
    ".*",
    "\\Q",
    "\\E",
    "\\b",
    "\\B",
    "\\A",
    "\\z",
    "\\x{",
    "\\x",
    "\\p{",
    "\\pL",
    "\\P",
    "Greek}",
    "\\d",
    "\\W",
    "[^",
    "[[:",
    ":]",
    "[[:alpha:]]",
    "(?",
    "(?i",
    "(?i)",
    "(?-i:",
    "(?P<n>",
    "(?<m>",
    "(?:",
    ")*",
    "){2,3}",
    "){1000}",
    "{0,9}",
    "\u{212a}",
    "\0",
    "\n",
];

#[derive(Debug, Arbitrary)]
struct Input {
    tenant: u8,
    regex: Text,
}

#[derive(Debug, Arbitrary)]
enum Text {
    Raw(Vec<u8>),
    Pieces(Vec<u8>),
    /// One that means the same to the crate `regex`.
    WellFormed(Expression),
    /// Many times the same.
    Many(Vec<u8>, u16),
}

#[derive(Debug, Arbitrary)]
enum Expression {
    Atom(u8),
    Concat(Vec<Expression>),
    Alt(Box<Expression>, Vec<Expression>),
    Repeat(Box<Expression>, u8, Option<u8>),
    Fold(Box<Expression>),
}

impl Expression {
    fn write(&self, out: &mut String) {
        const ATOMS: [&str; 20] = [
            "a",
            "b",
            "K",
            "\\.",
            "-",
            ".",
            "[ab]",
            "[^a]",
            "[[:alpha:]]",
            "\\w",
            "\\W",
            "\\d",
            "é",
            "^",
            "$",
            "\\b",
            "\\B",
            "\\A",
            "\\z",
            "()",
        ];
        match self {
            Self::Atom(which) => out.push_str(ATOMS[usize::from(*which) % ATOMS.len()]),
            Self::Concat(parts) => parts.iter().for_each(|part| part.write(out)),
            Self::Alt(first, others) => {
                out.push('(');
                first.write(out);
                for other in others {
                    out.push('|');
                    other.write(out);
                }
                out.push(')');
            }
            Self::Repeat(of, min, more) => {
                out.push_str("(?:");
                of.write(out);
                let min = min % 4;
                match more {
                    Some(more) => out.push_str(&format!("){{{min},{}}}", min + more % 3)),
                    None => out.push_str(&format!("){{{min},}}")),
                }
            }
            Self::Fold(of) => {
                out.push_str("(?i:");
                of.write(out);
                out.push(')');
            }
        }
    }
}

static TENANTS: LazyLock<Vec<(Mode, String, Tenant)>> = LazyLock::new(|| Tenant::all(&PREFIXES));

/// All very short names, and some longer ones.
static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut names = vec![String::new()];
    let mut last = names.clone();
    for _ in 0..3 {
        last = last
            .iter()
            .flat_map(|name| ["a", "b", ".", "-", "K"].map(|it| format!("{name}{it}")))
            .collect();
        names.extend_from_slice(&last);
    }
    names
        .into_iter()
        .enumerate()
        .filter(|(index, name)| name.len() < 3 || index % 4 == 0)
        .map(|(_, name)| name)
        .collect()
});

fuzz_target!(|input: Input| {
    let (mode, prefix, tenant) = &TENANTS[usize::from(input.tenant) % TENANTS.len()];
    let piece = |which: &u8| PIECES[usize::from(*which) % PIECES.len()];
    let mut well_formed = None;
    let regex = match &input.regex {
        Text::Raw(bytes) => bytes.clone(),
        Text::Pieces(pieces) => pieces.iter().map(piece).collect::<String>().into_bytes(),
        Text::Many(pieces, times) => {
            let once: String = pieces.iter().take(8).map(piece).collect();
            // The longest that there can be take the longest, so that they are left for now and then.
            let most = if *times > 0xf800 { 32_767 } else { 1_024 };
            once.repeat(usize::from(*times) % (most / once.len().max(1)) + 1)
                .into_bytes()
        }
        Text::WellFormed(expression) => {
            let mut text = String::new();
            expression.write(&mut text);
            // The other matcher has its limits too.
            well_formed = whole(&text);
            text.into_bytes()
        }
    };
    if regex.is_empty() || regex.len() > 32_767 {
        return;
    }
    over_ids(tenant, prefix, &regex);
    let Some(confined) = confined(tenant, prefix, &regex) else {
        return;
    };
    assert!(confined.len() <= 32_767);
    let shown = shown(tenant, *mode, prefix, &confined);
    assert!(!shown.is_empty(), "{} is not shown", String::from_utf8_lossy(&confined));
    assert_eq!(self::confined(tenant, prefix, &shown).as_ref(), Some(&confined));

    let confined = String::from_utf8(confined).expect("what is confined is text");
    if confined.len() > 512 {
        // The other matcher would take all the time.
        return;
    }
    let Some(ours) = whole(&confined) else { return };
    for name in NAMES.iter() {
        let behind = format!("{prefix}{name}");
        assert!(
            name.starts_with(prefix) || !ours.is_match(name.as_bytes()),
            "{confined}: {name}"
        );
        if let Some(theirs) = &well_formed {
            let expected = theirs.is_match(if *mode == Mode::HidePrefix { name } else { &behind }.as_bytes());
            assert_eq!(ours.is_match(behind.as_bytes()), expected, "{confined}: {behind}");
        }
    }
});

/// A matcher of whole names, if it doesn't get too large. Names are ASCII: without Unicode's tables it is made much faster.
fn whole(regex: &str) -> Option<Regex> {
    let regex = regex.replace(r"[^\x00-\x{10FFFF}]", "[a&&b]");
    match RegexBuilder::new(&format!(r"\A(?:{regex})\z"))
        .unicode(false)
        .size_limit(1 << 20)
        .build()
    {
        Ok(regex) => Some(regex),
        Err(regex::Error::CompiledTooBig(_)) => None,
        // Its limit of nesting is near.
        Err(error) if error.to_string().contains("nest") => None,
        Err(error) => panic!("{error}"),
    }
}

fn confined(tenant: &Tenant, prefix: &str, regex: &[u8]) -> Option<Vec<u8>> {
    let heartbeat = Struct::new(api(ApiKey::CONSUMER_GROUP_HEARTBEAT).request.fields, 1);
    let mut asked = with(heartbeat, 1, ASK, Value::Bytes(regex.to_vec()));
    asked.set("GroupId", Value::text(&format!("{prefix}group")));
    match tenant.ask(ApiKey::CONSUMER_GROUP_HEARTBEAT, 1, &asked) {
        Ok((sent, _)) => Some(bytes(&sent, ASK)),
        Err(answer) => {
            assert_eq!(answer.get("ErrorCode"), Some(&Value::Integer(128)));
            None
        }
    }
}

/// Of ids, all that can be said without RE2/J is that the prefix stands before the rest.
fn over_ids(tenant: &Tenant, prefix: &str, regex: &[u8]) {
    let mut asked = Struct::new(api(ApiKey::LIST_TRANSACTIONS).request.fields, 2);
    asked.set("TransactionalIdPattern", Value::Bytes(regex.to_vec()));
    match tenant.ask(ApiKey::LIST_TRANSACTIONS, 2, &asked) {
        Ok((sent, _)) => {
            let confined = bytes(&sent, &["TransactionalIdPattern"]);
            assert!(confined.starts_with(prefix.replace('.', "\\.").as_bytes()));
            assert!(confined.len() <= 32_767);
        }
        Err(answer) => assert_eq!(answer.get("ErrorCode"), Some(&Value::Integer(128))),
    }
}

fn shown(tenant: &Tenant, mode: Mode, prefix: &str, regex: &[u8]) -> Vec<u8> {
    let api = api(ApiKey::CONSUMER_GROUP_DESCRIBE);
    let name = if mode == Mode::HidePrefix {
        "group".to_owned()
    } else {
        format!("{prefix}group")
    };
    let mut asked = Struct::new(api.request.fields, 1);
    asked.set("GroupIds", Value::Array(vec![Value::text(&name)]));
    let (_, pending) = tenant.ask(api.key, 1, &asked).expect("a description is asked for");
    let mut answer = with(
        Struct::new(api.response.fields, 1),
        1,
        SHOW,
        Value::Bytes(regex.to_vec()),
    );
    for (_, value) in answer.iter_mut() {
        if let Value::Array(groups) = value
            && let Some(Value::Struct(group)) = groups.first_mut()
        {
            group.set("GroupId", Value::text(&format!("{prefix}group")));
        }
    }
    let seen = tenant.answer(api.key, 1, pending, &answer).expect("it is described");
    bytes(&seen, SHOW)
}
