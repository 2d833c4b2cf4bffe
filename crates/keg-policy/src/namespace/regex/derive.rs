//! What is left of an expression behind a prefix that all names begin with.

use std::collections::HashSet;
use std::rc::Rc;

use super::expr::{self, Built, Kind, Node, alt, concat, repeat};
use super::set::Set;
use super::{LONGEST, Unconfinable};

/// How many nodes may be looked at for one prefix. An expression of the greatest length that begins with a prefix of the
/// usual length takes a tenth.
const STEPS: usize = 1 << 20;

/// What matches the rest of exactly those names that begin with the prefix and match the expression.
///
/// These are Antimirov's partial derivatives, one byte of the prefix after the other. What asks for the place in the name is
/// left as it is: behind a prefix it is still inside of the same name.
pub(super) fn behind(prefix: &[u8], expr: &Node) -> Built {
    let mut rests = vec![Rc::clone(expr)];
    let mut derivation = Derivation {
        before: None,
        next: 0,
        steps: 0,
    };
    for byte in prefix {
        derivation.next = *byte;
        let mut seen = HashSet::new();
        let mut size: usize = 0;
        let mut after = Vec::new();
        for rest in &rests {
            for rest in derivation.step(rest)?.rests {
                if seen.insert(Rc::clone(&rest)) {
                    size = size.saturating_add(rest.size());
                    after.push(rest);
                }
            }
            if size > LONGEST {
                return Err(Unconfinable::TooLong);
            }
        }
        rests = after;
        derivation.before = Some(*byte);
    }
    alt(rests)
}

struct Derivation {
    before: Option<u8>,
    next: u8,
    steps: usize,
}

/// An expression, and one byte.
struct Step {
    /// What may follow the byte, if it is matched.
    rests: Vec<Node>,
    /// Whether the expression matches the empty string before the byte.
    empty: bool,
}

impl Step {
    fn nothing_if(empty: bool) -> Self {
        let rests = Vec::new();
        Self { rests, empty }
    }
}

impl Derivation {
    fn step(&mut self, expr: &Node) -> Result<Step, Unconfinable> {
        self.count(1)?;
        Ok(match &expr.kind {
            Kind::Never | Kind::End => Step::nothing_if(false),
            Kind::Empty => Step::nothing_if(true),
            Kind::Start => Step::nothing_if(self.before.is_none()),
            Kind::Boundary(is) => {
                let before = self.before.is_some_and(|byte| Set::WORD.contains(byte));
                Step::nothing_if((before != Set::WORD.contains(self.next)) == *is)
            }
            Kind::LineStart => Step::nothing_if(self.before.is_none_or(|byte| byte == b'\n')),
            Kind::LineEnd => Step::nothing_if(self.next == b'\n'),
            Kind::Set(set) | Kind::Class(set, _) => {
                let rests = if set.contains(self.next) {
                    vec![expr::empty()]
                } else {
                    Vec::new()
                };
                let empty = false;
                Step { rests, empty }
            }
            Kind::Alt(parts) => {
                let mut all = Step::nothing_if(false);
                for part in parts {
                    let Step { rests, empty } = self.step(part)?;
                    all.rests.extend(rests);
                    all.empty |= empty;
                }
                all
            }
            Kind::Concat(parts) => self.step_concat(parts)?,
            Kind::Repeat(of, min, max) => {
                let Step { rests, empty } = self.step(of)?;
                // Rounds that match nothing count as well.
                let min = if empty { 0 } else { *min };
                let more = repeat(of, min.saturating_sub(1), max.map(|max| max.saturating_sub(1)))?;
                let rests: Result<_, _> = rests.into_iter().map(|rest| concat([rest, Rc::clone(&more)])).collect();
                Step {
                    rests: rests?,
                    empty: min == 0,
                }
            }
        })
    }

    fn step_concat(&mut self, mut parts: &[Node]) -> Result<Step, Unconfinable> {
        let mut all = Step::nothing_if(true);
        while let (true, Some((first, others))) = (all.empty, parts.split_first()) {
            let Step { rests, empty } = self.step(first)?;
            for rest in rests {
                self.count(others.len())?;
                all.rests
                    .push(concat([rest].into_iter().chain(others.iter().cloned()))?);
            }
            all.empty = empty;
            parts = others;
        }
        Ok(all)
    }

    /// Counts what is looked at or copied, which bounds time and memory.
    fn count(&mut self, more: usize) -> Result<(), Unconfinable> {
        self.steps = self.steps.saturating_add(more);
        if self.steps > STEPS {
            Err(Unconfinable::TooLong)
        } else {
            Ok(())
        }
    }
}
