use proptest::prelude::*;

use super::*;
use keg_policy::{Claim, Identity, Origin};

fn client(principal: &str) -> Connection {
    let mut client = facts::sample();
    client.principal = principal.into();
    client
}

#[track_caller]
fn wrong(text: &str, expected: &str) {
    let mistake = Condition::new(text).unwrap_err();
    let hint = mistake
        .hint
        .as_ref()
        .map(|hint| format!(" ({hint})"))
        .unwrap_or_default();
    assert_eq!(format!("{mistake}{hint}"), expected, "{text}");
}

#[test]
fn a_condition_sees_who_a_client_is_and_where_it_comes_from() {
    let mut ann = client("User:ann");
    ann.virtual_cluster = "team-a".into();
    ann.origin = Origin {
        listener: "public".into(),
        address: Some([10, 1, 2, 3].into()),
    };
    for (text, holds) in [
        ("true", true),
        ("context.auth.principal.name == 'ann'", true),
        ("context.auth.principal.name != 'ann'", false),
        ("context.auth.principal.type == 'User'", true),
        ("context.auth.principal.name in ['ann', 'bob']", true),
        ("context['auth'].principal['name'].startsWith('b')", false),
        (
            "context.virtual_cluster.name == \"team-a\" && context.listener.name == 'public'",
            true,
        ),
        ("context.source.address.matches('^10[.]1[.]')", true),
        (
            "['a', 'b'].exists(first, context.auth.principal.name.startsWith(first))",
            true,
        ),
        ("size(context.auth.claims) > 0", false),
        (
            "has(context.auth.claims.groups) && 'writers' in context.auth.claims.groups",
            false,
        ),
        ("type(context.listener.name) == string ? true : false", true),
    ] {
        assert_eq!(Condition::new(text).unwrap().holds(&ann), Ok(holds), "{text}");
    }
}

#[test]
fn a_principal_without_a_type_is_a_name_and_a_name_may_have_colons() {
    for (principal, principal_type, name) in [("User:a:b", "User", "a:b"), ("ann", "", "ann"), ("User:", "User", "")] {
        let text =
            format!("context.auth.principal.type == '{principal_type}' && context.auth.principal.name == '{name}'");
        assert_eq!(
            Condition::new(&text).unwrap().holds(&client(principal)),
            Ok(true),
            "{principal}"
        );
    }
}

#[test]
fn what_nothing_is_called_is_found_when_an_expression_is_read() {
    wrong(
        "principal == 'ann'",
        "column 1: there is no variable \"principal\" (all that is known of a client is in context)",
    );
    wrong(
        "context.principal == 'ann'",
        "column 8: there is no member \"principal\" (there are: auth, client_id, listener, source, tls, virtual_cluster)",
    );
    wrong(
        "context.topic.name.startsWith('a')",
        "column 8: there is no member \"topic\" (a condition is about a client, whatever topics its requests name; rules of acls have resource_names)",
    );
    wrong(
        "true || context.auth.principal.nam == 'ann'",
        "column 31: there is no member \"nam\" (did you mean name?)",
    );
    wrong(
        "has(context.auth.group)",
        "column 4: there is no member \"group\" (there are: claims, principal, scopes, token, type)",
    );
    wrong(
        "context['auht'] == 1",
        "column 8: there is no member \"auht\" (did you mean auth?)",
    );
    wrong(
        "context.listener.name.name == ''",
        "column 22: a string has no member \"name\"",
    );
    wrong(
        "[1].all(it, other == it)",
        "column 13: there is no variable \"other\" (all that is known of a client is in context)",
    );
    wrong(
        "true || startWith('a', 'b')",
        "column 18: there is no function \"startWith\" (did you mean startsWith?)",
    );
    wrong(
        "optional.of(1) == 1",
        "column 12: there is no function \"of\" (there are: bool, bytes, contains, double, dyn, endsWith, int, matches, size, startsWith, string, type, uint)",
    );
    wrong("a.B{c: 1} == 1", "column 4: there are no messages to be made here");
}

#[test]
fn values_of_the_wrong_kind_are_found_when_an_expression_is_read() {
    wrong("context.listener.name", "it gives a string, neither true nor false");
    wrong(
        "context.auth.principal == 'ann'",
        "column 24: what is compared is a map and a string",
    );
    wrong(
        "true || context.listener.name",
        "column 25: this is a string, neither true nor false",
    );
    wrong(
        "true ? true : 'no'",
        "column 6: the two results are a bool and a string",
    );
    wrong("true || size(1) == 1", "column 13: size doesn't go with (int)");
    wrong(
        "true || context.listener.name < 1",
        "column 31: _<_ doesn't go with (string, int)",
    );
    wrong(
        "true || 'a' + 1 == 'a'",
        "column 13: add doesn't go with a string and an int",
    );
    wrong(
        "!context.listener.name",
        "column 18: this is a string, neither true nor false",
    );
}

fn bearer() -> Connection {
    let text = |text: &str| Claim::Text(text.to_owned());
    let mut ann = client("User:ann");
    ann.certificate_subject = "CN=orders,O=Example".into();
    let claims = [
        ("admin", Claim::Bool(true)),
        ("level", Claim::Integer(3)),
        ("share", Claim::Number(0.5)),
        ("nothing", Claim::Null),
        ("team", text("a*")),
        ("groups", Claim::List(vec![text("readers"), text("writers")])),
        (
            "realm",
            Claim::Map([("roles".to_owned(), Claim::List(vec![text("owner")]))].into()),
        ),
        ("https://example.com/root", Claim::Bool(false)),
        ("*", text("star")),
    ];
    ann.identify(Identity {
        method: "sasl_oauth_bearer",
        scopes: vec!["orders:read".to_owned(), "kafka".to_owned()],
        claims: claims.map(|(name, claim)| (name.to_owned(), claim)).into(),
    });
    ann
}

#[test]
fn a_condition_sees_what_a_client_proved_and_what_its_token_claims() {
    let ann = bearer();
    for (text, holds) in [
        ("context.auth.type == 'sasl_oauth_bearer'", true),
        ("context.tls.subject == 'CN=orders,O=Example'", true),
        ("'kafka' in context.auth.scopes", true),
        ("'orders:write' in context.auth.scopes", false),
        ("context.auth.scopes[1] == 'kafka'", true),
        ("context.auth.scopes.exists(it, it.startsWith('orders:'))", true),
        ("context.auth.claims.admin", true),
        (
            "context.auth.claims.level >= 3 && context.auth.claims.share < 1.0",
            true,
        ),
        ("context.auth.claims.nothing == null", true),
        ("context.auth.claims.team == 'a*'", true),
        ("'writers' in context.auth.claims.groups", true),
        ("context.auth.claims.groups.exists(it, it == 'owners')", false),
        ("context.auth.claims.realm.roles == ['owner']", true),
        ("context.auth.claims['https://example.com/root']", false),
        (
            "has(context.auth.claims.admin) && !has(context.auth.claims.owner)",
            true,
        ),
        (
            "has(context.auth.claims.realm.roles) && !has(context.auth.claims.realm.name)",
            true,
        ),
        ("context.auth.token.claims.level == 3", true),
    ] {
        assert_eq!(Condition::new(text).unwrap().holds(&ann), Ok(holds), "{text}");
    }
    for text in [
        "context.auth.claims.owner",
        "context.auth.claims.team",
        "context.auth.claims.realm.name == 'a'",
    ] {
        assert!(Condition::new(text).unwrap().holds(&ann).is_err(), "{text}");
    }
}

#[test]
fn what_is_known_of_all_clients_is_compared_by_its_kind_when_an_expression_is_read() {
    wrong(
        "context.auth.type == 1",
        "column 19: what is compared is a string and an int",
    );
    wrong(
        "context.auth.scopes == 'kafka'",
        "column 21: what is compared is a list and a string",
    );
    wrong("context.tls.subject", "it gives a string, neither true nor false");
    wrong(
        "context.tls.subjct == ''",
        "column 12: there is no member \"subjct\" (did you mean subject?)",
    );
}

#[test]
fn a_condition_sees_what_the_newest_token_claims() {
    let ann = bearer();
    let condition = Condition::new("context.auth.claims.admin").unwrap();
    assert_eq!(condition.holds(&ann), Ok(true));
    ann.identify(Identity {
        claims: [("admin".to_owned(), Claim::Bool(false))].into(),
        ..Identity::clone(&ann.identity())
    });
    assert_eq!(condition.holds(&ann), Ok(false));
}

#[test]
fn claims_are_no_patterns_in_names_whatever_they_are_called() {
    let ann = bearer();
    for (text, name, other) in [
        ("[context.auth.claims.team]", "a*", "ab"),
        (
            "context.auth.claims.map(it, it).filter(it, size(it) < 3)",
            "*",
            "orders",
        ),
        ("context.auth.scopes", "kafka", "kafk"),
    ] {
        let names = Names::new(text).unwrap().names(&ann).unwrap();
        let matches = |name: &str| names.iter().any(|pattern| pattern.matches(name));
        assert!(matches(name) && !matches(other), "{text}");
    }
}

#[test]
fn a_condition_sees_what_a_client_calls_itself_and_names_take_it_as_it_is() {
    let ann = client("User:ann");
    let condition = Condition::new("context.client_id.startsWith('app-')").unwrap();
    assert_eq!(condition.holds(&ann), Ok(false));
    ann.call(b"app-*");
    assert_eq!(condition.holds(&ann), Ok(true));
    let names = Names::new("[context.client_id]").unwrap().names(&ann).unwrap();
    assert!(names[0].matches("app-*") && !names[0].matches("app-1"));
}

#[test]
fn it_is_known_which_expressions_depend_on_what_a_client_calls_itself() {
    for (text, asks) in [
        ("context.client_id == 'a'", true),
        ("context['client_id'] == 'a'", true),
        ("has(context.client_id)", true),
        ("[1].all(it, context.client_id == 'a' || it == 1)", true),
        ("{'a': context.client_id}.a == 'a'", true),
        ("context.exists(name, name == 'other')", true),
        ("size(context) == 3", true),
        ("context['client' + '_id'] == 'a'", true),
        ("context.auth.principal.name == 'a'", false),
        ("context['auth'].claims.client_id == 'context.client_id'", false),
        ("true", false),
    ] {
        assert_eq!(Condition::new(text).unwrap().asks_for_client_id(), asks, "{text}");
    }
    assert!(Names::new("[context.client_id]").unwrap().asks_for_client_id());
    assert!(
        !Names::new("[context.auth.principal.name]")
            .unwrap()
            .asks_for_client_id()
    );
}

#[test]
fn an_expression_gives_the_same_whether_all_is_got_ready_for_it_or_what_it_looks_at() {
    let (bearer, plain) = (bearer(), client("User:ann"));
    let mut values = 0;
    for text in [
        "context.auth.claims.groups",
        "context.auth.claims",
        "context.auth.token.claims.realm",
        "context.auth.token",
        "context.auth",
        "context",
        "size(context.auth.claims)",
        "context.auth.claims['groups'].size()",
        "context['auth']['token']['claims']['groups']",
        "context.auth.claims[context.auth.principal.name]",
        "context.auth.claims['gro' + 'ups']",
        "context[context.client_id]",
        "has(context.auth.claims.groups) && 'writers' in context.auth.token.claims.groups",
        "has(context.auth.claims.nothing)",
        "'groups' in context.auth.claims",
        "context.auth.claims.exists(name, name.startsWith('g'))",
        "[context.auth].map(it, it.claims.groups)",
        "[context].map(it, it.client_id)",
        "[context].map(context, context.auth.claims.groups)",
        "{'a': context.auth.claims.groups, 'b': [context.client_id]}",
        "true ? context.auth.claims : context.auth.token.claims",
        "context.auth.claims.realm.level",
    ] {
        let (root, _) = parsed(text).unwrap();
        for (client, strings) in [
            (&bearer, Strings::Plain),
            (&plain, Strings::Plain),
            (&bearer, Strings::Escaped),
        ] {
            let (identity, client_id) = (client.identity(), client.client_id());
            let value = |inputs: &Inputs| {
                let value = Value::resolve(&root, &scope(client, &identity, &client_id, strings, inputs));
                value.map_err(|error| error.to_string())
            };
            let all = value(&Inputs::all());
            values += usize::from(all.is_ok());
            assert_eq!(value(&Inputs::of(&root)), all, "{text}");
        }
    }
    assert!(values > 40, "{values}");
}

#[test]
fn what_cannot_be_read_is_told_with_its_place() {
    wrong("", "column 1: mismatched input '<EOF>' expecting expression");
    wrong(
        "context.auth ==",
        "column 16: mismatched input '<EOF>' expecting expression",
    );
    wrong("true &&\n  )", "line 2, column 3: unexpected token");
    wrong(
        "'é' == context.listner.name",
        "column 15: there is no member \"listner\" (did you mean listener?)",
    );
    wrong(
        "true ||\n context.listner.name == ''",
        "line 2, column 9: there is no member \"listner\" (did you mean listener?)",
    );
    wrong("'abc", "column 1: unterminated string literal");
    wrong(
        &format!("{}true{}", "(".repeat(200), ")".repeat(200)),
        "it is nested too deeply",
    );
    wrong(&"a".repeat(1001), "it has more than 1000 characters");
}

#[test]
fn what_is_wrong_for_some_clients_alone_fails_for_those() {
    let condition = Condition::new("int(context.auth.principal.name) > 3").unwrap();
    assert_eq!(condition.holds(&client("User:4")), Ok(true));
    assert_eq!(condition.holds(&client("User:3")), Ok(false));
    assert!(condition.holds(&client("User:ann")).is_err());
    let claims = Condition::new("context.auth.claims.admin").unwrap();
    assert_eq!(
        claims.holds(&client("User:ann")),
        Err(ExpressionFailed("No such key: admin".to_owned()))
    );
}

#[test]
fn names_are_the_clients_own_whatever_the_client_is_called() {
    let names =
        Names::new("['app-' + context.auth.principal.name, context.auth.principal.name + '-*', 'all']").unwrap();
    let matching = |principal: &str, name: &str| {
        let names = names.names(&client(principal)).unwrap();
        names.iter().any(|pattern| pattern.matches(name))
    };
    for (principal, name, matches) in [
        ("User:ann", "app-ann", true),
        ("User:ann", "app-bob", false),
        ("User:ann", "ann-orders", true),
        ("User:ann", "all", true),
        ("User:*", "app-ann", false),
        ("User:*", "app-*", true),
        ("User:*", "ann-orders", false),
        ("User:a?n", "app-ann", false),
        (r"User:\", r"\-orders", true),
        (r"User:a\", r"a-orders", false),
    ] {
        assert_eq!(matching(principal, name), matches, "{principal} {name}");
    }
}

#[test]
fn names_that_are_none_fail() {
    let names = Names::new("[context.auth.principal.name]").unwrap();
    assert!(names.names(&client("User:")).is_err());
    let none = Names::new("context.auth.principal.name == 'ann' ? ['a'] : []").unwrap();
    assert_eq!(none.names(&client("User:bob")), Ok(vec![]));
}

#[test]
fn expressions_are_equal_when_they_are_written_the_same() {
    let condition = |text| Condition::new(text).unwrap();
    assert_eq!(condition("true"), condition("true"));
    assert_ne!(condition("true"), condition("true "));
    assert_eq!(format!("{:?}", condition("true")), "Condition(\"true\")");
}

/// As deep and as long as can be, for a thread's stack.
#[test]
fn the_longest_expressions_are_read_and_evaluated_or_refused() {
    let ann = client("User:ann");
    for text in [
        format!("1{} == 1", "+1".repeat(495)),
        format!("{}true", "!".repeat(900)),
        format!("{}1 == 1", "-".repeat(900)),
        format!("{}true{}", "(".repeat(498), ")".repeat(498)),
        format!("{}1{} == [1]", "[".repeat(480), "]".repeat(480)),
        format!("context{} == 1", ".a".repeat(490)),
        format!("'a'{} == 'a'", "[0]".repeat(320)),
        vec!["true"; 120].join("&&"),
        "true?".repeat(190) + "true" + &":true".repeat(8),
        format!("{}true{}", "[1].all(x,".repeat(80), ")".repeat(80)),
        "{1:".repeat(300) + "1",
    ] {
        if let Ok(condition) = Condition::new(&text) {
            let _ = condition.holds(&ann);
        }
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(text in r#"([a-z.()\[\]{}'"\\!?:&|+*<>=%,0-9 é\n-]|context|\.auth|true|in|map\(x,|has\(){0,24}"#) {
        if let Ok(condition) = Condition::new(&text) {
            let _ = condition.holds(&client("User:ann"));
        }
    }

    #[test]
    fn no_client_is_taken_for_another(one in r"[ab*?\\]{1,5}", other in r"[ab*?\\]{1,5}") {
        let names = Names::new("['app-' + context.auth.principal.name]").unwrap();
        let names = names.names(&client(&format!("User:{one}"))).unwrap();
        prop_assert_eq!(names[0].matches(&format!("app-{other}")), one == other);
    }
}
