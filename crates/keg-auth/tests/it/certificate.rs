use keg_auth::certificate::Mapping;

fn mapping(rules: &str) -> Mapping {
    rules.parse().unwrap_or_else(|error| panic!("{rules}: {error}"))
}

#[test]
fn rules_are_the_same_when_they_are_written_the_same() {
    assert_eq!(mapping("DEFAULT"), Mapping::default());
    assert_eq!(mapping(" RULE:a/b/L "), mapping("RULE:a/b/L"));
    assert_ne!(mapping("RULE:a/b/L"), mapping("RULE:a/b/U"));
    assert_eq!(mapping("RULE:a/b/L").to_string(), "RULE:a/b/L");
}

#[test]
fn the_example_of_kafka_s_documentation_maps_as_it_says() {
    let mapping = mapping(
        r"RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/,
          RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L,
          RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L,
          DEFAULT",
    );
    for (name, expected) in [
        (
            "CN=serviceuser,OU=ServiceUsers,O=Unknown,L=Unknown,ST=Unknown,C=Unknown",
            "serviceuser",
        ),
        (
            "CN=adminUser,OU=Admin,O=Unknown,L=Unknown,ST=Unknown,C=Unknown",
            "adminuser@admin",
        ),
        ("CN=Duke,OU=JavaSoft,O=Sun Microsystems", "duke"),
        ("cn=Duke.X,ou=JavaSoft,o=Sun Microsystems", "duke.x"),
        (
            "OU=JavaSoft,O=Sun Microsystems,C=US",
            "OU=JavaSoft,O=Sun Microsystems,C=US",
        ),
    ] {
        assert_eq!(mapping.apply(name).as_deref(), Some(expected), "{name}");
    }
}

/// What Java 17 makes of `"...".replaceAll(...)` where the whole matches.
#[test]
fn replacing_is_java_s() {
    for (rules, name, expected) in [
        (r"RULE:.*/x/", "abc", Some("xx")),
        (r"RULE:^.*$/x/", "abc", Some("x")),
        (r"RULE:[abc]+/x/", "abcabc", Some("x")),
        (r"RULE:[abc]*?/-/", "ab", Some("-a-b-")),
        (r"RULE:é*?/-/", "éé", Some("-é-é-")),
        (r"RULE:(a)(b)?c/[$1$2]/", "ac", Some("[a]")),
        (r"RULE:(a)(b)/$12$2/", "ab", Some("a2b")),
        (r"RULE:(?<first>a)b/${first}!/", "ab", Some("a!")),
        (r"RULE:ab/$0$0/", "ab", Some("abab")),
        (r"RULE:a(b)/\$1\\\//", "ab", Some(r"$1\/")),
        (r"RULE:a\/b/x/", "a/b", Some("x")),
        (r"RULE:ab/x/U", "ab", Some("X")),
        (r"RULE:(?i)CN=(ÄB)/$1/L", "cn=ÄB", Some("äb")),
        (r"RULE:a/x/", "ab", None),
        (r"RULE:a|ab/x/", "ab", Some("xb")),
        (r"RULE:ab//", "ab", Some("")),
        (r"RULE:(a+)+b/x/", "aab", Some("x")),
    ] {
        assert_eq!(mapping(rules).apply(name).as_deref(), expected, "{rules} of {name}");
    }
}

#[test]
fn patterns_mean_what_they_mean_in_java() {
    let matches = |pattern: &str, name: &str| mapping(&format!("RULE:{pattern}/x/")).apply(name).is_some();
    for (pattern, yes, no) in [
        (r"\d", "4", "٤"),
        (r"\D", "٤", "4"),
        (r"\w+", "aZ_9", "ä"),
        (r"[\w-]+", "a-b", "ä-b"),
        (r"[^\W]", "a", "ä"),
        (r"\s", "\u{b}", "\u{a0}"),
        (r"\p{Alpha}", "a", "ä"),
        (r"\p{L}\pL\P{L}", "aä1", "aää"),
        (r"[\p{Upper}]", "A", "Ä"),
        (r"\P{Upper}", "Ä", "A"),
        (r".", "\t", "\r"),
        (r".", "ä", "\u{2028}"),
        (r"\Qa.b*\E+", "a.b**", "aab"),
        (r"\Qa.b", "a.b", "aab"),
        (r"a\<b", "a<b", "ab"),
        (r"[]a]+", "]a]", "b"),
        (r"[^]a]", "b", "]"),
        (r"a{2,3}?", "aa", "a"),
        (r"ab\b.c", "ab-c", "abbc"),
        (r"\Aa\z", "a", "b"),
        (r"\x41B", "AB", "aB"),
    ] {
        assert!(matches(pattern, yes), "{pattern} matches {yes:?}");
        assert!(!matches(pattern, no), "{pattern} doesn't match {no:?}");
    }
}

#[test]
fn what_can_not_be_done_here_is_refused_with_a_reason() {
    for (rules, expected) in [
        ("", "expected a rule, found none"),
        (" , ,", "expected a rule, found none"),
        ("default", "expected RULE:pattern/replacement/"),
        ("DEFAULTS", r#"found "DEFAULTS""#),
        ("DEFAULT RULE:a/b/", "expected RULE:pattern/replacement/"),
        ("RULE:a", "expected RULE:pattern/replacement/"),
        ("RULE:a/b", "expected RULE:pattern/replacement/"),
        (r"RULE:a\/b/c", "expected RULE:pattern/replacement/"),
        ("RULE:a/b/X", "expected RULE:pattern/replacement/"),
        ("DEFAULT, RULE:a/b/LU", r#"found "RULE:a/b/LU""#),
        ("RULE:(?=a)a/b/", "lookaround is not supported"),
        ("RULE:(?<!a)a/b/", "lookaround is not supported"),
        ("RULE:(?>a)/b/", "atomic groups are not supported"),
        (r"RULE:(a)\1/b/", "references back are not supported"),
        (r"RULE:(?<a>a)\k<a>/b/", "references back are not supported"),
        ("RULE:a++/b/", "possessive quantifiers are not supported"),
        ("RULE:a{2}+/b/", "possessive quantifiers are not supported"),
        ("RULE:a**/b/", "a quantifier right behind another one"),
        ("RULE:[a-z&&[^b]]/b/", "&& in a character class is not supported"),
        ("RULE:[+--]/b/", "-- in a character class is not supported"),
        ("RULE:[[:alpha:]]/b/", "[: in a character class is not supported"),
        ("RULE:(?x)a/b/", "the flag x is not supported"),
        ("RULE:(?iU)a/b/", "the flag U is not supported"),
        (r"RULE:\Z/b/", r"\Z is not supported"),
        (r"RULE:\p{IsLatin}/b/", r#"the property "IsLatin" is not supported"#),
        ("RULE:(a/b/", "unclosed group"),
        ("RULE:[a/b/", "unclosed character class"),
        ("RULE:a)/b/", "unopened group"),
        ("RULE:a/$1/", "the pattern has no group 1"),
        ("RULE:(a)/$2/", "the pattern has no group 2"),
        ("RULE:(a)/${b}/", r#"the pattern has no group "b""#),
        ("RULE:(a)/$/", "no group behind a dollar"),
    ] {
        let error = rules.parse::<Mapping>().unwrap_err().to_string();
        assert!(error.contains(expected), "{rules}: {error}");
    }
}

#[test]
fn without_rules_names_stay_as_they_are() {
    assert_eq!(Mapping::default().apply("CN=ann").as_deref(), Some("CN=ann"));
    assert_eq!(mapping(" ,, DEFAULT , ").apply("CN=ann").as_deref(), Some("CN=ann"));
}
