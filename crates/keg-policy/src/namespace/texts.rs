//! Texts for people, as brokers write them into errors. They quote names of the backend.

use keg_codec::schema::Entity;
use keg_codec::walk::Edit;

use super::names::Names;
use super::prefix::Prefix;

/// What brokers say of a topic whose name differs from another's in `.` and `_` only, before they quote the other's, with
/// which the text ends. Of all that Kafka 4.3 says to a client it is the only thing that names what the client hasn't named.
const COLLISION: &[u8] = b" collides with existing topic";

impl Names {
    /// Takes out of a text what the client must not see: others' topics, and the prefix where it is hidden.
    pub(super) fn scrub(&self, text: &[u8]) -> Edit<'static> {
        let kept = text.get(..self.shown(text)).unwrap_or(text);
        let scrubbed = if self.prefix().is_hidden() {
            without_prefix(self.prefix(), kept)
        } else {
            kept.to_vec()
        };
        if scrubbed == text {
            Edit::Keep
        } else {
            Edit::Replace(scrubbed.into())
        }
    }

    /// How much of a text there is for the client: all, unless it ends with a topic that isn't shown.
    fn shown(&self, text: &[u8]) -> usize {
        let Some(at) = text.windows(COLLISION.len()).position(|it| it == COLLISION) else {
            return text.len();
        };
        let end = at + COLLISION.len();
        let other = text.get(end..).and_then(|rest| rest.strip_prefix(b": "));
        match other {
            Some(other) if self.shows(Entity::TopicName, other) => text.len(),
            _ => end,
        }
    }
}

/// The text without the prefixes of the names in it. A prefix in the middle of a word belongs to that word: clients may
/// have such names.
fn without_prefix(prefix: &Prefix, text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut rest, mut in_word) = (text, false);
    while let Some((first, behind)) = rest.split_first() {
        if let (false, Some(bare)) = (in_word, prefix.bare(rest)) {
            rest = bare;
            // What follows is the rest of the name, and may begin as the prefix does.
            in_word = true;
            continue;
        }
        in_word = first.is_ascii_alphanumeric() || matches!(first, b'.' | b'_' | b'-');
        out.push(*first);
        rest = behind;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::Mode;
    use super::*;

    fn scrubbed(mode: Mode, prefix: &str, text: &str) -> String {
        match Names::new(mode, prefix).scrub(text.as_bytes()) {
            Edit::Keep => text.to_owned(),
            Edit::Replace(new) => String::from_utf8(new.into_owned()).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn names_in_texts_lose_their_prefix_and_nothing_else() {
        let check = |prefix, text, expected| {
            assert_eq!(scrubbed(Mode::HidePrefix, prefix, text), expected);
            assert_eq!(scrubbed(Mode::EnforcePrefix, prefix, text), text);
        };
        check("a.", "nothing of it", "nothing of it");
        check(
            "a.",
            "Topic 'a.orders' already exists.",
            "Topic 'orders' already exists.",
        );
        check("a.", "a.x, a.y,a.z [a.] (a.-0) /a.x-0", "x, y,z [] (-0) /x-0");
        // The client's own names may have it in their middle, and at their beginning once more.
        check("a.", "Topic 'a.ba.z'", "Topic 'ba.z'");
        check("a.", "Group a.a.z not found.", "Group a.z not found.");
        check("a.", "Group a.x a.y not found.", "Group x y not found.");
        check("s", "Group sales is dead.", "Group ales is dead.");
        check("a-", "thé-a-x a-é", "thé-a-x é");
        check("a.", "", "");
        check("a.", "a", "a");
    }

    #[test]
    fn the_topic_that_a_name_collides_with_is_quoted_if_it_is_shown() {
        let check = |mode, text: &str, expected: &str| assert_eq!(scrubbed(mode, "a.", text), expected);
        for other in ["a_b.c", "b.a.b_c", ""] {
            let text = format!("Topic 'a.b_c' collides with existing topic: {other}");
            check(Mode::HidePrefix, &text, "Topic 'b_c' collides with existing topic");
            check(Mode::EnforcePrefix, &text, "Topic 'a.b_c' collides with existing topic");
        }
        let own = "Topic 'a.b_c' collides with existing topic: a.b.c";
        check(Mode::HidePrefix, own, "Topic 'b_c' collides with existing topic: b.c");
        check(Mode::EnforcePrefix, own, own);
        let changed = "Topic 'a.b_c' collides with existing topic - a_b.c";
        check(Mode::HidePrefix, changed, "Topic 'b_c' collides with existing topic");
    }
}
