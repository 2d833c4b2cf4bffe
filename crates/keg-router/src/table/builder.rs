use std::{fmt::Debug, net::IpAddr, sync::Arc};

use super::{Listener, Table, TableRule, check, entries::entries, names::Names};
use crate::{Ports, Problem, Problems, Rule, RuleId, RuleName, local::Scope};

/// Collects listeners and their rules. Nothing is checked before [`build`](Self::build), which reports everything at
/// once.
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<D> {
    listeners: Vec<Draft<D>>,
    rules: usize,
}

/// Adds rules to one listener of a [`Builder`].
#[derive(Debug)]
pub struct ListenerBuilder<'a, D> {
    draft: &'a mut Draft<D>,
    rules: &'a mut usize,
}

#[derive(Clone, Debug)]
struct Draft<D> {
    name: Arc<str>,
    scope: Scope,
    ports: Ports,
    rules: Vec<(RuleName, Rule<D>)>,
}

impl<D> Builder<D> {
    /// No listeners.
    pub const fn new() -> Self {
        Self {
            listeners: Vec::new(),
            rules: 0,
        }
    }

    /// Adds a listener on all addresses; its name is for messages.
    pub fn listener(&mut self, name: &str, ports: Ports) -> ListenerBuilder<'_, D> {
        let draft = self.listeners.push_mut(Draft {
            name: name.into(),
            scope: Scope::All,
            ports,
            rules: Vec::new(),
        });
        ListenerBuilder {
            draft,
            rules: &mut self.rules,
        }
    }
}

impl<D> Default for Builder<D> {
    fn default() -> Self {
        Self::new()
    }
}

impl<D> ListenerBuilder<'_, D> {
    /// Confines the listener to these addresses, so that others can have its ports on other ones. An unspecified
    /// address, `0.0.0.0` or `::`, stands for all.
    ///
    /// Where its connections go must then be asked for by address and port.
    pub fn addresses(&mut self, addresses: impl IntoIterator<Item = IpAddr>) -> &mut Self {
        self.draft.scope = Scope::of(addresses);
        self
    }

    /// Adds a rule behind those that are there: it gets the connections that they don't match.
    pub fn forward(&mut self, rule: impl Into<Rule<D>>) -> RuleId {
        let rule = rule.into();
        let id = RuleId(*self.rules);
        *self.rules += 1;
        let position = self.draft.rules.len() + 1;
        let name = RuleName {
            id,
            listener: Arc::clone(&self.draft.name),
            position,
            mode: rule.mode(),
        };
        self.draft.rules.push((name, rule));
        id
    }
}

impl<D: Clone + Eq + Debug> Builder<D> {
    /// The table.
    ///
    /// # Errors
    /// All problems of all listeners and rules.
    pub fn build(self) -> Result<Table<D>, Problems> {
        let mut problems = Vec::new();
        let mut table = Table {
            listeners: Vec::new(),
            rules: Vec::new(),
        };
        for draft in self.listeners {
            let listener = draft.build(&mut table.rules, &mut problems);
            check::listener(&listener, &mut problems);
            check::listeners(&table.listeners, &listener, &mut problems);
            table.listeners.push(listener);
        }
        if problems.is_empty() {
            Ok(table)
        } else {
            Err(Problems(problems))
        }
    }
}

impl<D: Clone + Eq + Debug> Draft<D> {
    fn build(self, rules: &mut Vec<TableRule<D>>, problems: &mut Vec<Problem>) -> Listener<D> {
        let (mut mappings, mut names) = (Vec::new(), Names::new());
        for (name, rule) in self.rules {
            let entries = entries(&name, rule, &self.ports, problems);
            for entry in &entries {
                let taken = names.insert(entry);
                problems.extend(taken.into_iter().map(|(name, first)| Problem::NameCollision {
                    name,
                    first: first.party(),
                    second: entry.party(),
                }));
            }
            mappings.extend(entries.iter().filter(|entry| entry.layout().is_some()).cloned());
            rules.push(TableRule { name, entries });
        }
        Listener {
            name: self.name,
            scope: self.scope,
            ports: self.ports,
            mappings,
            names,
        }
    }
}
