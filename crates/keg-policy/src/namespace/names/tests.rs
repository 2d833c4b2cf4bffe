use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::glob::Glob;
use crate::namespace::additional::{AdditionalTopics, NameSet};

fn names(mode: Mode, prefix: &str, globs: &[&str]) -> Names {
    let all = || globs.iter().map(|glob| NameSet::Glob(Glob::new(glob).unwrap()));
    let additional = Additional {
        topics: all()
            .map(|names| AdditionalTopics {
                names,
                conflict: OnConflict::Warn,
            })
            .collect(),
        groups: all().collect(),
    };
    let mut names = Names::new(mode, prefix);
    names.set_additional(additional, Conflicts::default());
    names
}

/// The backend's name for a client's, if it may use it.
fn to_backend(names: &Names, entity: Entity, name: &[u8]) -> Result<Vec<u8>, ErrorCode> {
    let admitted = match names.admit(ApiKey::FETCH, entity, name)? {
        Edit::Keep => name.to_vec(),
        Edit::Prepend(prefix) => [prefix, name].concat(),
        other => panic!("{other:?}"),
    };
    assert_eq!(*admitted, *names.backend_name(entity, name));
    Ok(admitted)
}

/// The client's name for one of the backend's, if it sees it.
fn to_client(names: &Names, entity: Entity, name: &[u8]) -> Option<Vec<u8>> {
    let seen = match names.remove(entity, name) {
        Edit::Keep => Some(name.to_vec()),
        Edit::Strip(count) => Some(name[count..].to_vec()),
        Edit::Drop => None,
        other => panic!("{other:?}"),
    };
    let is_seen = names.shows(entity, name) || names.owner(entity, name) == Owner::Nobody;
    assert_eq!(seen.is_some(), is_seen);
    seen
}

const TOPIC: Entity = Entity::TopicName;
const DENIED: ErrorCode = ErrorCode::TOPIC_AUTHORIZATION_FAILED;

#[test]
fn additional_names_are_the_same_on_both_sides_in_both_modes() {
    for mode in [Mode::HidePrefix, Mode::EnforcePrefix] {
        let names = names(mode, "team-a.", &["shared-*", "legacy"]);
        for name in [&b"shared-prices"[..], b"legacy"] {
            for entity in [TOPIC, Entity::GroupId] {
                assert_eq!(to_backend(&names, entity, name), Ok(name.to_vec()));
                assert_eq!(to_client(&names, entity, name), Some(name.to_vec()));
            }
            assert_eq!(to_client(&names, Entity::TransactionalId, name), None);
        }
        assert_eq!(to_client(&names, TOPIC, b"legacy-2"), None);
    }
    let hidden = names(Mode::HidePrefix, "team-a.", &["shared-*"]);
    let id = Entity::TransactionalId;
    assert_eq!(to_backend(&hidden, id, b"shared-x"), Ok(b"team-a.shared-x".to_vec()));
    assert_eq!(to_client(&hidden, id, b"team-a.shared-x"), Some(b"shared-x".to_vec()));
}

#[test]
fn additional_names_are_used_and_not_altered() {
    let names = names(Mode::HidePrefix, "team-a.", &["shared-*"]);
    let admits = |api, entity, name: &str| names.admit(api, entity, name.as_bytes()).map(|_| ());
    for (api, entity, code) in [
        (ApiKey::CREATE_TOPICS, TOPIC, DENIED),
        (ApiKey::DELETE_TOPICS, TOPIC, DENIED),
        (
            ApiKey::DELETE_GROUPS,
            Entity::GroupId,
            ErrorCode::GROUP_AUTHORIZATION_FAILED,
        ),
    ] {
        assert_eq!(admits(api, entity, "shared-x"), Err(code));
        assert_eq!(admits(api, entity, "x"), Ok(()));
    }
}

#[test]
fn a_name_with_the_prefix_that_is_additional_has_no_second_name() {
    let hidden = names(Mode::HidePrefix, "team-a.", &["team-?.public"]);
    assert_eq!(
        to_client(&hidden, TOPIC, b"team-a.public"),
        Some(b"team-a.public".to_vec())
    );
    assert_eq!(to_backend(&hidden, TOPIC, b"public"), Err(DENIED));
    assert_eq!(to_backend(&hidden, TOPIC, b"private"), Ok(b"team-a.private".to_vec()));
    let group = hidden.admit(ApiKey::JOIN_GROUP, Entity::GroupId, b"public");
    assert_eq!(group.map(|_| ()), Err(ErrorCode::GROUP_AUTHORIZATION_FAILED));
}

#[test]
fn own_names_that_additional_ones_take_are_hidden_and_told_of() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let conflicts = || {
        let told = Arc::clone(&told);
        Conflicts::new(move |name| told.lock().unwrap().push(name.to_owned()))
    };
    let topics = |name: &str, conflict| AdditionalTopics {
        names: NameSet::Exact(BTreeSet::from([name.to_owned()])),
        conflict,
    };
    let mut additional = Additional {
        topics: vec![topics("loud", OnConflict::Warn), topics("quiet", OnConflict::Ignore)],
        groups: vec![NameSet::Exact(BTreeSet::from(["group".to_owned()]))],
    };
    for mode in [Mode::EnforcePrefix, Mode::HidePrefix] {
        let mut names = Names::new(mode, "team-a.");
        names.set_additional(additional.clone(), conflicts());
        let hides = mode == Mode::HidePrefix;
        for name in [&b"team-a.loud"[..], b"team-a.quiet"] {
            assert_eq!(to_client(&names, TOPIC, name).is_none(), hides);
        }
        assert_eq!(to_client(&names, Entity::GroupId, b"team-a.group").is_none(), hides);
        // In the other mode the prefix tells them apart.
        assert_eq!(told.lock().unwrap().len(), usize::from(hides));
    }
    assert_eq!(*told.lock().unwrap(), ["team-a.loud"]);
    additional.topics.clear();
    let mut names = Names::new(Mode::HidePrefix, "team-a.");
    names.set_additional(additional, conflicts());
    assert_eq!(to_client(&names, TOPIC, b"team-a.loud"), Some(b"loud".to_vec()));
}

#[test]
fn names_that_nothing_can_have_stay_what_they_are() {
    for name in [&b""[..], b".", b".."] {
        let hidden = names(Mode::HidePrefix, "team-a.", &[]);
        assert_eq!(to_backend(&hidden, TOPIC, name), Ok(name.to_vec()));
        assert_eq!(to_client(&hidden, TOPIC, name), Some(name.to_vec()));
        assert!(!hidden.shows(TOPIC, name), "ids beside it aren't the namespace's");
        assert_eq!(to_client(&hidden, Entity::GroupId, name), None);
        let enforced = names(Mode::EnforcePrefix, "team-a.", &[]);
        assert_eq!(to_backend(&enforced, TOPIC, name), Err(DENIED));
        assert_eq!(to_client(&enforced, TOPIC, name), None);
    }
    let hidden = names(Mode::HidePrefix, "team-a.", &[]);
    assert_eq!(to_backend(&hidden, Entity::TransactionalId, b""), Ok(Vec::new()));
    assert_eq!(to_client(&hidden, Entity::TransactionalId, b""), Some(Vec::new()));
    assert_eq!(to_client(&hidden, Entity::TransactionalId, b"."), None);
}

#[test]
fn internal_topics_are_nobodys() {
    for internal in INTERNAL_TOPICS {
        for (mode, prefix, globs) in [
            (Mode::HidePrefix, "team-a.", &["*"][..]),
            (Mode::EnforcePrefix, "team-a.", &["__*"]),
            (Mode::HidePrefix, "__", &[]),
            (Mode::EnforcePrefix, "__", &["__*"]),
            (Mode::EnforcePrefix, "__", &[]),
            (Mode::EnforcePrefix, "", &[]),
            (Mode::HidePrefix, "", &["__consumer_offsets"]),
        ] {
            let names = names(mode, prefix, globs);
            assert_eq!(to_client(&names, TOPIC, internal), None, "{names:?}");
            // The name is denied, or it is another one with the prefix.
            let admitted = to_backend(&names, TOPIC, internal);
            assert_ne!(admitted, Ok(internal.to_vec()), "{names:?}");
            let bare = internal.strip_prefix(prefix.as_bytes()).unwrap_or(internal);
            assert_ne!(to_backend(&names, TOPIC, bare), Ok(internal.to_vec()), "{names:?}");
        }
    }
    // Of other kinds it is a name like any other.
    let names = names(Mode::EnforcePrefix, "__", &[]);
    let group = b"__consumer_offsets";
    assert_eq!(to_client(&names, Entity::GroupId, group), Some(group.to_vec()));
    assert_eq!(to_client(&names, TOPIC, b"__other"), Some(b"__other".to_vec()));
}

proptest! {
    #[test]
    fn every_name_has_one_on_the_other_side_at_most(
        hidden in any::<bool>(),
        prefix in "[ab]{0,2}",
        globs in prop::collection::vec("[ab?*]{1,4}", 0..3),
        name in "[ab]{0,5}",
        entity in prop::sample::select(vec![TOPIC, Entity::GroupId, Entity::TransactionalId]),
    ) {
        let mode = if hidden { Mode::HidePrefix } else { Mode::EnforcePrefix };
        let globs: Vec<&str> = globs.iter().map(String::as_str).collect();
        let names = names(mode, &prefix, &globs);
        if let Ok(backend) = to_backend(&names, entity, name.as_bytes()) {
            prop_assert_eq!(to_client(&names, entity, &backend), Some(name.clone().into_bytes()));
        }
        match to_client(&names, entity, name.as_bytes()) {
            // Whatever it is, an empty name names nothing.
            Some(client) if !client.is_empty() => {
                prop_assert_eq!(to_backend(&names, entity, &client), Ok(name.clone().into_bytes()));
            }
            Some(_) => {}
            None => {
                let is_shown = globs.iter().any(|glob| Glob::new(glob).unwrap().matches(name.as_bytes()));
                prop_assert!(!is_shown || entity == Entity::TransactionalId);
            }
        }
    }
}
