use proptest::prelude::*;

use super::*;
use crate::acl::rule::{AclCondition, AclNameExpression, ExpressionFailed};
use crate::testing::Nowhere;

fn connection(principal: &str) -> Connection {
    Connection::new("team-a", principal, Arc::new(Nowhere))
}

fn rule(action: AclAction, operations: &[Operation], names: &[&str]) -> AclRule {
    AclRule {
        resource_type: ResourceType::Topic,
        action,
        operations: Operations::of(operations),
        names: AclNames::Patterns(names.iter().map(|name| NamePattern::new(name).unwrap()).collect()),
    }
}

fn policy(name: &str, rules: Vec<AclRule>) -> AclPolicy {
    AclPolicy {
        name: name.into(),
        condition: None,
        rules,
    }
}

/// What the rules say to a client of each operation on a topic.
fn decided(policies: Vec<AclPolicy>, principal: &str, operation: Operation, topic: &str) -> Verdict {
    let rules = Rules::new(policies);
    let applied = rules.apply(&connection(principal));
    rules.decide(&applied, operation, ResourceType::Topic, topic)
}

use AclAction::{Allow, Deny};
use Operation::{Create, Describe, DescribeConfigs, Read, Write};

#[test]
fn what_no_rule_allows_is_not_allowed_and_a_denial_wins() {
    let rules = || {
        vec![
            policy("one", vec![rule(Allow, &[Read], &["orders*", "audit"])]),
            policy("two", vec![rule(Deny, &[Read], &["orders-secret*"])]),
        ]
    };
    for (operation, topic, verdict) in [
        (Read, "orders", Verdict::Allowed(0)),
        (Read, "audit", Verdict::Allowed(0)),
        (Read, "audits", Verdict::NoRule),
        (Write, "orders", Verdict::NoRule),
        (Read, "orders-secret-1", Verdict::Denied(1)),
        // Who may read may describe, and a denial of one is none of the other.
        (Describe, "orders-secret-1", Verdict::Allowed(0)),
        (DescribeConfigs, "orders", Verdict::NoRule),
    ] {
        assert_eq!(
            decided(rules(), "User:ann", operation, topic),
            verdict,
            "{operation} {topic}"
        );
    }
    let rules = Rules::new(rules());
    assert_eq!(rules.name(1).unwrap().to_string(), "rule 0 of the policy `two`");
}

/// Holds for the user, and can't be told of nobody.
#[derive(Debug)]
struct Is(&'static str);

impl AclCondition for Is {
    fn holds(&self, connection: &Connection) -> Result<bool, ExpressionFailed> {
        match &*connection.principal {
            "User:ANONYMOUS" => Err(ExpressionFailed("no such key: name".to_owned())),
            principal => Ok(principal == self.0),
        }
    }
}

#[test]
fn a_policy_is_for_those_for_whom_its_condition_holds_and_an_error_allows_nothing() {
    let rules = |action| {
        vec![
            policy("all", vec![rule(Allow, &[Write], &["*"])]),
            AclPolicy {
                condition: Some(Arc::new(Is("User:ann"))),
                ..policy("ann's", vec![rule(action, &[Read, Write], &["orders"])])
            },
        ]
    };
    for (action, principal, operation, verdict) in [
        (Allow, "User:ann", Read, Verdict::Allowed(1)),
        (Allow, "User:bob", Read, Verdict::NoRule),
        (Allow, "User:ANONYMOUS", Read, Verdict::NoRule),
        (Deny, "User:ann", Write, Verdict::Denied(1)),
        (Deny, "User:bob", Write, Verdict::Allowed(0)),
        (Deny, "User:ANONYMOUS", Write, Verdict::Denied(1)),
    ] {
        assert_eq!(
            decided(rules(action), principal, operation, "orders"),
            verdict,
            "{action:?} {principal}"
        );
    }
}

/// What is called as the user is, or all that begins so.
#[derive(Debug)]
struct Named;

impl AclNameExpression for Named {
    fn names(&self, connection: &Connection) -> Result<Vec<NamePattern>, ExpressionFailed> {
        let name = connection.principal.trim_start_matches("User:");
        if name == "ANONYMOUS" {
            return Err(ExpressionFailed("no such key: name".to_owned()));
        }
        Ok(vec![NamePattern::literal(name)])
    }
}

#[test]
fn names_may_depend_on_the_client_and_an_error_denies_all() {
    let rules = |action| {
        let own = AclRule {
            names: AclNames::Expression(Arc::new(Named)),
            ..rule(action, &[Read], &[])
        };
        vec![policy("own", vec![own])]
    };
    for (action, principal, topic, verdict) in [
        (Allow, "User:ann", "ann", Verdict::Allowed(0)),
        (Allow, "User:ann", "bob", Verdict::NoRule),
        // An identity is no pattern.
        (Allow, "User:*", "ann", Verdict::NoRule),
        (Allow, "User:*", "*", Verdict::Allowed(0)),
        (Allow, "User:ANONYMOUS", "ann", Verdict::NoRule),
        (Deny, "User:ANONYMOUS", "ann", Verdict::Denied(0)),
    ] {
        assert_eq!(
            decided(rules(action), principal, Read, topic),
            verdict,
            "{action:?} {principal} {topic}"
        );
    }
}

#[test]
fn any_resource_will_do_whose_allowance_no_denial_takes_back_wholly() {
    let check = |rules: &[(AclAction, &str)], expected| {
        let rules = rules.iter().map(|(action, name)| rule(*action, &[Write], &[name]));
        let rules = Rules::new(vec![policy("one", rules.collect())]);
        let applied = rules.apply(&connection("User:ann"));
        assert_eq!(rules.decide_any(&applied, Write, ResourceType::Topic), expected);
        assert_eq!(rules.decide_any(&applied, Create, ResourceType::Topic), Verdict::NoRule);
    };
    check(&[], Verdict::NoRule);
    check(&[(Allow, "a")], Verdict::Allowed(0));
    check(&[(Allow, "a"), (Deny, "a")], Verdict::Denied(1));
    check(&[(Allow, "a*"), (Deny, "a")], Verdict::Allowed(0));
    check(&[(Allow, "ab*"), (Deny, "a*")], Verdict::Denied(1));
    check(&[(Allow, "ab*"), (Deny, "abc*"), (Deny, "b*")], Verdict::Allowed(0));
    check(&[(Allow, "*"), (Deny, "*")], Verdict::Denied(1));
    check(&[(Deny, "a*"), (Allow, "a1"), (Allow, "b")], Verdict::Allowed(2));
}

#[test]
fn what_a_client_may_do_is_said_of_what_there_is_for_the_kind_of_resource() {
    let rules = Rules::new(vec![policy(
        "one",
        vec![
            rule(Allow, &Operation::ALL, &["orders"]),
            rule(Deny, &[Write], &["orders"]),
        ],
    )]);
    let applied = rules.apply(&connection("User:ann"));
    let all: Operations = ResourceType::Topic
        .operations()
        .iter()
        .filter(|it| *it != Write)
        .collect();
    assert_eq!(rules.authorized(&applied, ResourceType::Topic, "orders"), all);
    assert_eq!(
        rules.authorized(&applied, ResourceType::Topic, "other"),
        Operations::NONE
    );
    assert_eq!(
        rules.authorized(&applied, ResourceType::Group, "orders"),
        Operations::NONE
    );
}

prop_compose! {
    fn any_rule()(
        allow in any::<bool>(),
        operations in prop::sample::subsequence(vec![Read, Write, Describe, Create], 1..3),
        names in prop::collection::vec("[ab]{1,3}[*]?|[*]|[ab]?[?][ab]?", 1..3),
    ) -> AclRule {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        rule(if allow { Allow } else { Deny }, &operations, &names)
    }
}

proptest! {
    /// By the definition: all rules are looked at.
    #[test]
    fn the_rules_say_what_they_say_one_by_one(rules in prop::collection::vec(any_rule(), 0..8), topic in "[ab]{1,4}") {
        for operation in [Read, Write, Describe, Create] {
            let about = |rule: &&AclRule| {
                let AclNames::Patterns(names) = &rule.names else { unreachable!() };
                names.iter().any(|name| name.matches(&topic))
            };
            let of = |action| rules.iter().filter(move |rule| rule.action == action).filter(about);
            let denied = of(Deny).any(|rule| rule.operations.contains(operation));
            let allowed = of(Allow).any(|rule| {
                rule.operations.contains(operation)
                    || operation == Describe && (rule.operations.contains(Read) || rule.operations.contains(Write))
            });
            let verdict = decided(vec![policy("one", rules.clone())], "User:ann", operation, &topic);
            prop_assert_eq!(verdict.is_allowed(), allowed && !denied);
            prop_assert_eq!(matches!(verdict, Verdict::Denied(_)), denied);
        }
    }

    /// One look for all operations says what a look for each says.
    #[test]
    fn all_that_a_client_may_do_is_each_thing_that_it_may(rules in prop::collection::vec(any_rule(), 0..8), topic in "[ab]{1,4}") {
        let rules = Rules::new(vec![policy("one", rules)]);
        let applied = rules.apply(&connection("User:ann"));
        let operations = ResourceType::Topic.operations().iter();
        let each = operations.filter(|it| rules.decide(&applied, *it, ResourceType::Topic, &topic).is_allowed());
        prop_assert_eq!(rules.authorized(&applied, ResourceType::Topic, &topic), each.collect::<Operations>());
    }

    /// Whoever may write to a topic may write to some topic.
    #[test]
    fn some_resource_is_there_where_one_is_allowed(rules in prop::collection::vec(any_rule(), 0..8), topic in "[ab]{1,4}") {
        let rules = Rules::new(vec![policy("one", rules)]);
        let applied = rules.apply(&connection("User:ann"));
        if rules.decide(&applied, Write, ResourceType::Topic, &topic).is_allowed() {
            prop_assert!(rules.decide_any(&applied, Write, ResourceType::Topic).is_allowed());
        }
    }
}
