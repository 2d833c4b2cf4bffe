//! FindCoordinator, whose keys are named by a type that may stand behind them.

use keg_codec::ApiKey;

use crate::support::message::{ints, texts};
use crate::support::{Gateway, answering, asking, int, text};

const KEY: ApiKey = ApiKey::FIND_COORDINATOR;

#[test]
fn a_single_key_is_prefixed_whatever_its_type() {
    let gateway = Gateway::hiding();
    for version in 0..=3 {
        for kind in [0, 1] {
            let mut fields = vec![("Key", text("mine"))];
            if version > 0 {
                fields.push(("KeyType", int(kind)));
            }
            let (sent, _) = gateway.forward(KEY, version, &asking(KEY, version, &fields));
            assert_eq!(texts(&sent, "Key"), ["team-a.mine"], "v{version}");
        }
    }
}

#[test]
fn a_foreign_key_is_denied_by_its_type() {
    let gateway = Gateway::enforcing();
    for version in 0..=6 {
        for (kind, code) in [(0, 30), (1, 53)] {
            if version == 0 && kind == 1 {
                continue;
            }
            let path = if version < 4 { "Key" } else { "CoordinatorKeys.0" };
            let mut fields = vec![(path, text("team-b.x"))];
            if version > 0 {
                fields.push(("KeyType", int(kind)));
            }
            let seen = gateway.local(KEY, version, &asking(KEY, version, &fields));
            if version < 4 {
                assert_eq!(ints(&seen, "ErrorCode"), [code], "v{version}");
                assert_eq!(ints(&seen, "NodeId"), [-1]);
                assert_eq!(texts(&seen, "Host"), [""]);
            } else {
                assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [code], "v{version}");
                assert_eq!(texts(&seen, "Coordinators.*.Key"), ["team-b.x"]);
            }
        }
    }
}

const ID: &str = "AAAAAAAAAAAAAAAAAAAAAQ";

#[test]
fn keys_of_share_coordinators_have_the_group_in_front() {
    let key = format!("a:b:{ID}:0");
    let gateway = Gateway::hiding();
    let asked = asking(KEY, 6, &[("CoordinatorKeys.0", text(&key)), ("KeyType", int(2))]);
    let (sent, pending) = gateway.forward(KEY, 6, &asked);
    let on_backend = format!("team-a.{key}");
    assert_eq!(texts(&sent, "CoordinatorKeys.*"), [on_backend.as_str()]);
    let answer = answering(
        KEY,
        6,
        &[
            ("Coordinators.0.Key", text(&on_backend)),
            ("Coordinators.0.NodeId", int(2)),
            ("Coordinators.0.Host", text("backend.internal")),
            ("Coordinators.1.Key", text(&format!("team-b.x:{ID}:0"))),
            ("Coordinators.2.Key", text("team-a.no-key")),
        ],
    );
    let seen = gateway.answer(KEY, 6, pending, &answer);
    assert_eq!(texts(&seen, "Coordinators.*.Key"), [key]);
    assert_eq!(texts(&seen, "Coordinators.*.Host"), ["gateway.example"]);
}

#[test]
fn malformed_and_foreign_keys_of_share_coordinators_are_denied_one_by_one() {
    let gateway = Gateway::enforcing();
    let (foreign, own) = (format!("team-b.x:{ID}:0"), format!("team-a.x:{ID}:0"));
    let asked = asking(
        KEY,
        6,
        &[
            ("CoordinatorKeys.0", text("team-a.x:id:0")),
            ("CoordinatorKeys.1", text(&foreign)),
            ("CoordinatorKeys.2", text(&own)),
            ("KeyType", int(2)),
        ],
    );
    let (sent, pending) = gateway.forward(KEY, 6, &asked);
    assert_eq!(texts(&sent, "CoordinatorKeys.*"), [own.as_str()]);
    let answer = answering(KEY, 6, &[("Coordinators.0.Key", text(&own))]);
    let seen = gateway.answer(KEY, 6, pending, &answer);
    assert_eq!(
        texts(&seen, "Coordinators.*.Key"),
        [&own, "team-a.x:id:0", foreign.as_str()]
    );
    assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [0, 42, 30]);
}

#[test]
fn a_key_that_is_too_long_with_the_prefix_is_denied() {
    let gateway = Gateway::hiding();
    let key = |length: usize| format!("{}:{ID}:0", "x".repeat(length - ID.len() - 3));
    let longest = 0x7fff - "team-a.".len();
    let asked = |key: &str| asking(KEY, 6, &[("CoordinatorKeys.0", text(key)), ("KeyType", int(2))]);
    gateway.forward(KEY, 6, &asked(&key(longest)));
    let seen = gateway.local(KEY, 6, &asked(&key(longest + 1)));
    assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [42]);
}

#[test]
fn types_of_coordinators_that_a_version_has_not_are_refused_as_brokers_do() {
    let gateway = Gateway::hiding();
    let key = format!("group:{ID}:0");
    for (version, kind) in [(1, 2), (3, 2), (3, 3), (2, -1)] {
        let asked = asking(KEY, version, &[("Key", text(&key)), ("KeyType", int(kind))]);
        assert_eq!(ints(&gateway.local(KEY, version, &asked), "ErrorCode"), [42]);
    }
    for (version, kind) in [(4, 2), (5, 2), (6, 3), (6, 127), (6, -1)] {
        let asked = asking(
            KEY,
            version,
            &[("CoordinatorKeys.0", text(&key)), ("KeyType", int(kind))],
        );
        let seen = gateway.local(KEY, version, &asked);
        assert_eq!(texts(&seen, "Coordinators.*.Key"), [key.as_str()]);
        assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [42]);
        let messages = texts(&seen, "Coordinators.*.ErrorMessage");
        assert_eq!(messages == [""], kind == 2, "v{version}, type {kind}: {messages:?}");
    }
}

#[test]
fn several_keys_come_back_with_the_gateways_addresses_and_without_others() {
    let gateway = Gateway::hiding();
    let asked = asking(
        KEY,
        4,
        &[("CoordinatorKeys.0", text("one")), ("CoordinatorKeys.1", text("two"))],
    );
    let (sent, pending) = gateway.forward(KEY, 4, &asked);
    assert_eq!(texts(&sent, "CoordinatorKeys.*"), ["team-a.one", "team-a.two"]);
    let answer = answering(
        KEY,
        4,
        &[
            ("Coordinators.0.Key", text("team-a.one")),
            ("Coordinators.0.NodeId", int(2)),
            ("Coordinators.0.Host", text("backend.internal")),
            ("Coordinators.0.Port", int(9092)),
            ("Coordinators.1.Key", text("team-b.one")),
            ("Coordinators.1.NodeId", int(1)),
            ("Coordinators.1.Host", text("backend.internal")),
            ("Coordinators.2.Key", text("team-a.two")),
            ("Coordinators.2.NodeId", int(-1)),
            ("Coordinators.2.Port", int(-1)),
            ("Coordinators.2.ErrorCode", int(15)),
        ],
    );
    let seen = gateway.answer(KEY, 4, pending, &answer);
    assert_eq!(texts(&seen, "Coordinators.*.Key"), ["one", "two"]);
    assert_eq!(texts(&seen, "Coordinators.*.Host"), ["gateway.example", ""]);
    assert_eq!(ints(&seen, "Coordinators.*.Port"), [20_002, -1]);
    assert_eq!(ints(&seen, "Coordinators.*.ErrorCode"), [0, 15]);
}
