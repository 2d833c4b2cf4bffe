//! What is shown beside a namespace.

use super::super::decode::{At, NonEmpty, choice, entity, tagged};
use super::super::model::OnConflict;
use super::super::value::{GroupName, NameGlob, TopicName};

entity! {
    /// Names of the backend that are shown beside the namespace as they are, in both modes. Clients use and describe what is
    /// there; they don't create, alter or delete it.
    Additional {
        /// Topics; the first that match a name decide.
        topics: Vec<AdditionalTopics> = [],
        /// Groups of all kinds.
        consumer_groups: Vec<AdditionalGroups> = [],
    }
}

tagged! {
    /// Topics that are shown beside a namespace.
    AdditionalTopics {
        "glob" => Glob(TopicGlob),
        "exact_list" => ExactList(TopicList),
    }
}

entity! {
    /// All topics whose names match.
    TopicGlob {
        /// The pattern, in which an asterisk stands for any characters and a question mark for one, as in shared-*.
        glob: At<NameGlob>,
        /// What to do when one of them takes the name of a topic of the namespace, whose prefix is hidden: a line in the
        /// log and a metric (warn), or nothing (ignore).
        conflict: OnConflict = "warn",
    }
}

entity! {
    /// The topics that are listed.
    TopicList {
        /// The topics.
        exact_list: NonEmpty<AdditionalTopic>,
        /// What to do when one of them takes the name of a topic of the namespace, whose prefix is hidden: a line in the
        /// log and a metric (warn), or nothing (ignore).
        conflict: OnConflict = "warn",
    }
}

entity! {
    /// A topic that is shown beside a namespace.
    AdditionalTopic {
        /// Its name on the backend cluster.
        backend: At<TopicName>,
    }
}

tagged! {
    /// Groups that are shown beside a namespace.
    AdditionalGroups {
        "glob" => Glob(GroupGlob),
        "exact_list" => ExactList(GroupList),
    }
}

entity! {
    /// All groups whose names match.
    GroupGlob {
        /// The pattern, in which an asterisk stands for any characters and a question mark for one, as in app-*.
        glob: At<NameGlob>,
    }
}

entity! {
    /// The groups that are listed.
    GroupList {
        /// The groups.
        exact_list: NonEmpty<AdditionalGroup>,
    }
}

entity! {
    /// A group that is shown beside a namespace.
    AdditionalGroup {
        /// Its name on the backend cluster.
        value: At<GroupName>,
    }
}

choice! {
    OnConflict {
        "warn" => Warn,
        "ignore" => Ignore,
    }
}
