//! The names behind `\p`, and what they mean for characters of topic names.

use super::set::Set;

const DIGITS: Set = Set::between(b'0', b'9');
const UPPER: Set = Set::between(b'A', b'Z');
const LOWER: Set = Set::between(b'a', b'z');
const LETTERS: Set = UPPER.or(LOWER);

/// The categories and scripts of RE2/J 1.8 that no character of a topic's name is in.
const OTHERS: &str = "\
    Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese Buhid C \
    Canadian_Aboriginal Carian Cc Cf Cham Cherokee Co Coptic Cs Cuneiform Cypriot Cyrillic Deseret Devanagari \
    Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Greek Gujarati Gurmukhi Han Hangul Hanunoo Hebrew \
    Hiragana Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada \
    Katakana Kayah_Li Kharoshthi Khmer Lao Lepcha Limbu Linear_B Lisu Lm Lo Lt Lycian Lydian M Malayalam Mandaic \
    Mc Me Meetei_Mayek Mn Mongolian Myanmar New_Tai_Lue Nko Nl No Ogham Ol_Chiki Old_Italic Old_Persian \
    Old_South_Arabian Old_Turkic Oriya Osmanya Pe Pf Phags_Pa Phoenician Pi Ps Rejang Runic S Samaritan Saurashtra \
    Sc Shavian Sinhala Sk Sm So Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Tamil \
    Telugu Thaana Thai Tibetan Tifinagh Ugaritic Unknown Vai Yi Z Zl Zp Zs";

/// What has the category or is of the script; `None` if there is none of the name.
pub(super) fn named(name: &str, fold: bool) -> Option<Set> {
    Some(match name {
        "Any" => Set::ALL,
        "L" | "Latin" => LETTERS,
        "Lu" if fold => LETTERS,
        "Lu" => UPPER,
        // RE2/J's own table of what is the same in another case lacks all the others.
        "Ll" if fold => LOWER.or(Set::between(b'K', b'K')).or(Set::between(b'S', b'S')),
        "Ll" => LOWER,
        "N" | "Nd" => DIGITS,
        "P" => Set::between(b'-', b'.').or(Set::between(b'_', b'_')),
        "Pc" => Set::between(b'_', b'_'),
        "Pd" => Set::between(b'-', b'-'),
        "Po" => Set::between(b'.', b'.'),
        "Common" => LETTERS.negated(),
        name if OTHERS.split(' ').any(|other| other == name) => Set::NONE,
        _ => return None,
    })
}
