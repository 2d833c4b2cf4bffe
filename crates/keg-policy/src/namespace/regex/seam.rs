//! What an expression becomes behind a prefix, where names no longer begin where they did.

use std::collections::VecDeque;
use std::rc::Rc;

use super::expr::{self, Built, Expr, Kind, Node, alt, concat, repeat};
use super::set::Set;

/// The place between a prefix and what follows it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seam {
    /// Whether a word character stands before it. Before the beginning of a name there is none, so that a boundary at the
    /// seam is where there was none, and the other way round.
    turns: bool,
}

impl Seam {
    /// The seam behind a prefix.
    pub(super) fn behind(prefix: &[u8]) -> Self {
        Self {
            turns: prefix.last().is_some_and(|last| Set::WORD.contains(*last)),
        }
    }

    /// What matches behind the prefix as the expression does at the beginning of a name.
    pub(super) fn begin(self, expr: &Node) -> Built {
        if !self.changes(expr) {
            return Ok(Rc::clone(expr));
        }
        match &expr.kind {
            Kind::Start | Kind::LineStart => Ok(expr::empty()),
            Kind::Boundary(is) => Ok(expr::boundary(is ^ self.turns)),
            Kind::Alt(parts) => alt(self.each(parts, Self::begin)?),
            Kind::Concat(parts) => self.begin_one_by_one(parts),
            Kind::Repeat(of, min, max) if !of.facts.empties => {
                let more = repeat(&self.go_on(of)?, min.saturating_sub(1), less(*max, 1))?;
                let none = if *min == 0 { expr::empty() } else { expr::never() };
                alt([none, concat([self.begin(of)?, more])?])
            }
            Kind::Repeat(..) => {
                let (nothing, something) = self.split(expr)?;
                alt([nothing, something])
            }
            _ => Ok(Rc::clone(expr)),
        }
    }

    /// What matches inside of a name as the expression does there: nothing begins any more.
    pub(super) fn go_on(self, expr: &Node) -> Built {
        if !expr.facts.starts {
            return Ok(Rc::clone(expr));
        }
        match &expr.kind {
            Kind::Start => Ok(expr::never()),
            Kind::Alt(parts) => alt(self.each(parts, Self::go_on)?),
            Kind::Concat(parts) => concat(self.each(parts, Self::go_on)?),
            Kind::Repeat(of, min, max) => repeat(&self.go_on(of)?, *min, *max),
            _ => Ok(Rc::clone(expr)),
        }
    }

    /// Whether the expression is another one behind the prefix.
    fn changes(self, expr: &Expr) -> bool {
        expr.facts.starts || (self.turns && expr.facts.bounds)
    }

    fn each(self, parts: &[Node], of: impl Fn(Self, &Node) -> Built) -> Result<Vec<Node>, super::Unconfinable> {
        parts.iter().map(|part| of(self, part)).collect()
    }

    /// The rest of a concatenation is at the seam if what stands before it has matched the empty string, and only then.
    fn begin_one_by_one(self, parts: &[Node]) -> Built {
        let changed = parts.iter().rposition(|part| self.changes(part)).unwrap_or(0);
        let beyond = parts.iter().position(|part| !part.facts.empties).unwrap_or(parts.len());
        let last = changed.min(beyond);
        let (head, tail) = parts.split_at((last + 1).min(parts.len()));
        // From behind: what follows at the seam, and what follows further on.
        let mut there: VecDeque<Node> = self.each(tail, Self::go_on)?.into();
        let mut here = there.clone();
        for (index, part) in head.iter().enumerate().rev() {
            let forks = index < last && part.facts.empties && !part.facts.zero_width;
            if !forks {
                here.push_front(self.begin(part)?);
            } else {
                let (nothing, something) = self.split(part)?;
                let stay = concat([nothing].into_iter().chain(here))?;
                let leave = concat([something].into_iter().chain(there.iter().cloned()))?;
                here = [alt([stay, leave])?].into();
            }
            there.push_front(self.go_on(part)?);
        }
        concat(here)
    }

    /// What matches the empty string at the seam, and what matches something else from there.
    fn split(self, expr: &Node) -> Result<(Node, Node), super::Unconfinable> {
        if expr.facts.zero_width {
            return Ok((self.begin(expr)?, expr::never()));
        }
        if !expr.facts.empties {
            return Ok((expr::never(), self.begin(expr)?));
        }
        match &expr.kind {
            Kind::Alt(parts) => {
                let mut halves = (Vec::new(), Vec::new());
                for part in parts {
                    let (nothing, something) = self.split(part)?;
                    halves.0.push(nothing);
                    halves.1.push(something);
                }
                Ok((alt(halves.0)?, alt(halves.1)?))
            }
            Kind::Concat(parts) => {
                let mut all = (expr::empty(), expr::never());
                let mut there = VecDeque::new();
                for part in parts.iter().rev() {
                    let (nothing, something) = self.split(part)?;
                    let leave = concat([something].into_iter().chain(there.iter().cloned()))?;
                    let stay = concat([Rc::clone(&nothing), all.1])?;
                    all = (concat([nothing, all.0])?, alt([leave, stay])?);
                    there.push_front(self.go_on(part)?);
                }
                Ok(all)
            }
            Kind::Repeat(of, min, max) => self.split_repeat(of, *min, *max),
            _ => Ok((self.begin(expr)?, expr::never())),
        }
    }

    /// Any number of rounds match nothing first, which is as good as one that does.
    fn split_repeat(self, of: &Node, min: u16, max: Option<u16>) -> Result<(Node, Node), super::Unconfinable> {
        let (nothing, something) = self.split(of)?;
        let further = self.go_on(of)?;
        let at_once = concat([
            Rc::clone(&something),
            repeat(&further, min.saturating_sub(1), less(max, 1))?,
        ])?;
        let later = if min < 2 {
            expr::never()
        } else {
            concat([Rc::clone(&nothing), something, repeat(&further, 0, less(max, 2))?])?
        };
        let nothing = if min == 0 { expr::empty() } else { nothing };
        Ok((nothing, alt([at_once, later])?))
    }
}

fn less(max: Option<u16>, by: u16) -> Option<u16> {
    max.map(|max| max.saturating_sub(by))
}
