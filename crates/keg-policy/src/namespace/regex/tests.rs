//! What is held of confinement as a whole: by tables here, by random expressions below.

mod ids;
mod random;

use super::*;
use crate::namespace::Mode::{EnforcePrefix, HidePrefix};

fn confined(mode: Mode, prefix: &str, regex: &str) -> String {
    let made = confine(mode, prefix.as_bytes(), regex.as_bytes());
    String::from_utf8(made.unwrap_or_else(|why| panic!("{regex}: {why}"))).unwrap()
}

fn hidden(regex: &str) -> String {
    confined(HidePrefix, "a.", regex)
}

fn enforced(regex: &str) -> String {
    confined(EnforcePrefix, "a.", regex)
}

fn refused(regex: &str) -> Unconfinable {
    confine(HidePrefix, b"a.", regex.as_bytes()).expect_err(regex)
}

#[test]
fn everything_gets_behind_the_prefix() {
    for (regex, expected) in [
        (".*", r"a\..*"),
        ("orders-.*", r"a\.orders-.*"),
        ("orders|payments", r"a\.(?:orders|payments)"),
        ("a|b|cd", r"a\.(?:[ab]|cd)"),
        ("(orders|)", r"a\.(?:orders)?"),
        ("(a)(?P<name>b)(?<other>c)(?:d)", r"a\.abcd"),
        ("(?i)o", r"a\.[Oo]"),
        ("x(?i:o)x(?i)o(?-i)o", r"a\.x[Oo]x[Oo]o"),
        ("((?i)o)o", r"a\.[Oo]o"),
        ("(?i:\u{212a})[\u{17f}]", r"a\.[Kk]\x{none}"),
        (r"\Qa.b|c\E+", r"a\.a\.b\x{none}"),
        (r"\Qa.b\E+", r"a\.a\.b+"),
        (r"\Qa.b", r"a\.a\.b"),
        (r"\x41\101\x{41}\.", r"a\.AAA\."),
        (
            r"[[:alpha:]][[:^alpha:]]\pL\PL\p{^L}",
            r"a\.[A-Za-z][-.0-9_][A-Za-z][-.0-9_][-.0-9_]",
        ),
        (r"[^.]", r"a\.[^.]"),
        (r"[]a-c-]", r"a\.[-a-c]"),
        (r"[\w-]\d\D", r"a\.[^.][0-9][^0-9]"),
        ("x{2}y{2,}z{2,3}", r"a\.x{2}y{2,}z{2,3}"),
        ("x{0}y{1}z{0,1}", r"a\.yz?"),
        ("(?:x*)+(?:y+)?(?:z?)*", r"a\.x*y*z*"),
        ("x{,2}|x{01}", r"a\.\x{none}"),
        ("a*?b+?c??d{2}?", r"a\.a*b+c?d{2}"),
        ("ord(é|e)rs", r"a\.orders"),
        ("", r"a\."),
        ("()", r"a\."),
        ("$", r"a\.$"),
    ] {
        let expected = match expected.strip_suffix(r"\x{none}") {
            Some(_) => r"a\.[^\x00-\x{10FFFF}]",
            None => expected,
        };
        assert_eq!(hidden(regex), expected, "{regex}");
    }
}

#[test]
fn what_holds_where_a_name_begins_is_resolved() {
    for (regex, expected) in [
        ("^orders-.*$", r"a\.orders-.*$"),
        (r"\Aorders\z", r"a\.orders$"),
        ("(?m)^orders$", r"a\.orders$"),
        ("^^^x", r"a\.x"),
        ("^*x", r"a\.x"),
        ("(^|x)y", r"a\.x?y"),
        ("(x|^)*y", r"a\.x*y"),
        ("x^y|z", r"a\.z"),
        ("x?^y", r"a\.y"),
        ("x*^y", r"a\.y"),
        ("(?:x?^y)*", r"a\.y?"),
        ("(?:^x|y)+", r"a\.[xy]y*"),
    ] {
        assert_eq!(hidden(regex), expected, "{regex}");
    }
    assert_eq!(hidden("x^"), r"a\.[^\x00-\x{10FFFF}]");
}

#[test]
fn word_boundaries_turn_round_at_a_seam_behind_a_word() {
    for (prefix, regex, expected) in [
        ("a.", r"\bx\b", r"a\.\bx\b"),
        ("a", r"\bx\b", r"a\Bx\b"),
        ("a", r"\Bx", r"a\bx"),
        ("a", r"x?\bx", r"a(?:\Bx|x\bx)"),
        ("a", r"(?:\b|y)x", r"a(?:\B|y)x"),
    ] {
        assert_eq!(confined(HidePrefix, prefix, regex), expected, "{regex}");
    }
}

#[test]
fn an_enforced_prefix_is_taken_off_what_begins_with_it() {
    for (regex, expected) in [
        (".*", r"a\..*"),
        (r"a\.orders", r"a\.orders"),
        (r"^a\.orders$", r"a\.orders$"),
        ("a.orders|b.orders|.*payments", r"a\.(?:orders|.*payments)"),
        ("(a|b)[.](x|y)", r"a\.[xy]"),
        (r"(a\.)+x", r"a\.(?:a\.)*x"),
        ("[a-z.]{2,5}", r"a\.[.a-z]{0,3}"),
        ("[a-z.]{4}", r"a\.[.a-z]{2}"),
        (r"\ba\b\.\bx", r"a\.\bx"),
        ("(?i)A[.]x", r"a\.[Xx]"),
    ] {
        assert_eq!(enforced(regex), expected, "{regex}");
    }
    for none in ["b.*", "orders", r"a\Borders", r"a\.^x", r"a\b\B\.", "a$.*"] {
        assert_eq!(enforced(none), r"a\.[^\x00-\x{10FFFF}]", "{none}");
    }
}

#[test]
fn what_would_lead_out_of_brackets_is_no_expression() {
    for (regex, at) in [
        ("a)|(.*", 2),
        ("(a", 3),
        ("a)", 2),
        ("[a", 1),
        ("[]", 1),
        ("[^]", 1),
        ("[a-", 1),
        ("[b-a]", 2),
        ("[[:letters:]]", 2),
        (r"a\", 2),
        (r"[\", 2),
        (r"\Qa\E\", 6),
        (r"\1", 1),
        (r"\8", 1),
        (r"\y", 1),
        (r"\Z", 1),
        (r"\C", 1),
        (r"\x4", 1),
        (r"\x{}", 1),
        (r"\x{110000}", 1),
        (r"\p{Klingon}", 1),
        (r"\p{Greek", 1),
        ("*", 1),
        ("a|*", 3),
        ("(*)", 2),
        ("(?i)*", 5),
        ("a**", 3),
        ("a+*?", 3),
        ("a{2}{3}", 5),
        ("a{*", 3),
        ("a{1001}", 2),
        ("a{3,2}", 2),
        ("a{1,99999999999}", 2),
        ("(?=a)", 1),
        ("(?!a)", 1),
        ("(?<=a)", 1),
        ("(?<!a)", 1),
        ("(?>a)", 1),
        ("(?P=n)", 1),
        ("(?P<n>a)(?P<n>b)", 9),
        ("(?P<n a)", 1),
        ("(?#no comments)", 1),
        ("(?x) a", 1),
        ("(?i-)", 1),
        ("(?--i)", 1),
        ("(?", 1),
        ("a++", 3),
    ] {
        let Unconfinable::Syntax { at: found, .. } = refused(regex) else {
            panic!("{regex}: {}", refused(regex))
        };
        assert_eq!(found, at, "{regex}: {}", refused(regex));
    }
}

#[test]
fn what_costs_too_much_is_refused_for_what_it_is() {
    let nested = |levels| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    assert_eq!(hidden(&nested(200)), r"a\.a");
    assert_eq!(refused(&nested(201)), Unconfinable::TooDeep);
    assert_eq!(refused(&"(".repeat(30_000)), Unconfinable::TooDeep);
    // Nested without a group.
    assert_eq!(refused(&format!("a{}", r"{2}\Q\E".repeat(250))), Unconfinable::TooLarge);
    assert_eq!(refused("(?:a{1000}){1000}"), Unconfinable::TooLarge);
    assert_eq!(refused("(?:(?:a{100}){100}){10}"), Unconfinable::TooLarge);
    assert_eq!(hidden("(?:a{100}){10}"), r"a\.(?:a{100}){10}");
    assert_eq!(refused(&"a".repeat(32_768)), Unconfinable::TooLong);
    // Twice as many alternatives for each.
    let many = format!(r"{}\bb", "a?".repeat(2_000));
    assert_eq!(confine(HidePrefix, b"a", many.as_bytes()), Err(Unconfinable::TooLong));
    let why = Unconfinable::TooDeep.to_string();
    assert!(why.contains("200 levels") && why.ends_with("Nest fewer."), "{why}");
}

#[test]
fn what_was_confined_is_shown_without_the_prefix_and_nothing_else_is() {
    let shown =
        |mode, regex: &str| reveal(mode, b"a.", regex.as_bytes()).map(|shown| String::from_utf8(shown).unwrap());
    for (regex, expected) in [
        (".*", ".*"),
        ("^orders-[0-9]+$", "orders-[0-9]+$"),
        ("orders|payments", "orders|payments"),
        ("()", "(?:)"),
        ("é", r"[^\x00-\x{10FFFF}]"),
        (r"a\.x", r"a\.x"),
    ] {
        assert_eq!(shown(HidePrefix, &hidden(regex)).as_deref(), Some(expected), "{regex}");
    }
    assert_eq!(shown(EnforcePrefix, r"a\.orders.*").as_deref(), Some(r"a\.orders.*"));
    for beside in [
        "",
        ".*",
        "a.*",
        "a.",
        r"a\.x|b\.x",
        r"a\.(x)",
        r"a\.x{1}",
        r"(?:a\.x)",
        r"b\.x",
        r"a\.x)",
        r"a\.^x",
        "a\\.\\",
    ] {
        assert_eq!(shown(HidePrefix, beside), None, "{beside}");
        assert_eq!(shown(EnforcePrefix, beside), None, "{beside}");
    }
}

#[test]
fn prefixes_are_taken_literally() {
    assert_eq!(confined(HidePrefix, "", "^a|b"), "[ab]");
    assert_eq!(confined(EnforcePrefix, "", "^a|bc$"), "a|bc$");
    assert_eq!(confined(HidePrefix, "", "()"), "(?:)");
    assert_eq!(confined(HidePrefix, "a_B-9.*", "x"), r"a_B-9\.\*x");
    assert_eq!(confined(HidePrefix, "(\\Qé ", "x"), "\\(\\\\Qé\\x20x");
    assert_eq!(confined(EnforcePrefix, "é", ".*"), r"é[^\x00-\x{10FFFF}]");
}
