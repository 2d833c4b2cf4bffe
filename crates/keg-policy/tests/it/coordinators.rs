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

#[test]
fn coordinators_of_share_groups_are_refused() {
    let gateway = Gateway::hiding();
    let single = asking(KEY, 3, &[("Key", text("g:id:0")), ("KeyType", int(2))]);
    assert_eq!(ints(&gateway.local(KEY, 3, &single), "ErrorCode"), [42]);
    let several = asking(KEY, 6, &[("CoordinatorKeys.0", text("g:id:0")), ("KeyType", int(2))]);
    assert_eq!(ints(&gateway.local(KEY, 6, &several), "Coordinators.*.ErrorCode"), [42]);
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
