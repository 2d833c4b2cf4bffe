//! Expressions over the characters of topic names, as trees in a normal form.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::rc::Rc;

use super::set::Set;
use super::{DEEPEST, LARGEST, LONGEST, Unconfinable, print};

/// An expression, cheap to share.
pub(super) type Node = Rc<Expr>;
/// A new expression, unless it gets too large.
pub(super) type Built = Result<Node, Unconfinable>;

/// An expression, and what is known of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Expr {
    /// Of the kind; compared first, so that others are told apart without a look at their parts.
    hash: u64,
    pub(super) facts: Facts,
    pub(super) kind: Kind,
}

impl Hash for Expr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

/// Made by the functions below only, which keep the normal form: what is printed is parsed to the same again.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Matches nothing.
    Never,
    /// Matches the empty string.
    Empty,
    /// Matches one of these.
    Set(Set),
    /// The same of the characters that a topic can have; of all characters, what the text matches.
    Class(Set, Rc<str>),
    /// Holds where the name begins.
    Start,
    /// Holds where the name ends.
    End,
    /// Holds where a line begins.
    LineStart,
    /// Holds where a line ends.
    LineEnd,
    /// Holds where there is a word boundary, or where there is none.
    Boundary(bool),
    /// At least two, one after the other.
    Concat(Vec<Node>),
    /// At least two, any of which matches.
    Alt(Vec<Node>),
    /// From so many times to so many, or without end.
    Repeat(Node, u16, Option<u16>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Facts {
    /// About how many bytes it has when it is printed.
    size: usize,
    /// About how many steps a broker's program has for it.
    weight: u64,
    depth: usize,
    /// Whether it matches the empty string somewhere.
    pub(super) empties: bool,
    /// Whether it matches nothing else.
    pub(super) zero_width: bool,
    /// Whether there is a `Start` or a `LineStart` in it.
    pub(super) starts: bool,
    /// Whether there is a `Boundary` in it.
    pub(super) bounds: bool,
}

impl Facts {
    const ZERO_WIDTH: Self = Self {
        size: 2,
        weight: 1,
        depth: 1,
        empties: true,
        zero_width: true,
        starts: false,
        bounds: false,
    };

    /// Of parts together, apart from what depends on how.
    fn sum(parts: &[Node]) -> Self {
        let mut sum = Self::default();
        for Facts {
            size,
            weight,
            depth,
            starts,
            bounds,
            ..
        } in parts.iter().map(|part| part.facts)
        {
            sum.size = sum.size.saturating_add(size);
            sum.weight = sum.weight.saturating_add(weight);
            sum.depth = sum.depth.max(depth + 1);
            sum.starts |= starts;
            sum.bounds |= bounds;
        }
        sum
    }
}

impl Expr {
    pub(super) fn size(&self) -> usize {
        self.facts.size
    }
}

fn build(kind: Kind, facts: Facts) -> Built {
    if facts.size > LONGEST {
        return Err(Unconfinable::TooLong);
    }
    if facts.depth > DEEPEST {
        return Err(Unconfinable::TooDeep);
    }
    if facts.weight > LARGEST {
        return Err(Unconfinable::TooLarge);
    }
    Ok(node(kind, facts))
}

fn node(kind: Kind, facts: Facts) -> Node {
    let mut hasher = DefaultHasher::new();
    kind.hash(&mut hasher);
    let hash = hasher.finish();
    Rc::new(Expr { hash, facts, kind })
}

pub(super) fn never() -> Node {
    set(Set::NONE)
}

pub(super) fn empty() -> Node {
    let facts = Facts {
        size: 0,
        ..Facts::ZERO_WIDTH
    };
    node(Kind::Empty, facts)
}

pub(super) fn set(set: Set) -> Node {
    let kind = if set == Set::NONE { Kind::Never } else { Kind::Set(set) };
    let facts = Facts {
        size: print::class(set).len(),
        weight: 1,
        depth: 1,
        ..Facts::default()
    };
    node(kind, facts)
}

pub(super) fn class(set: Set, text: &str) -> Node {
    let facts = Facts {
        size: text.len(),
        weight: 1,
        depth: 1,
        ..Facts::default()
    };
    node(Kind::Class(set, text.into()), facts)
}

pub(super) fn line_start() -> Node {
    let facts = Facts {
        size: 6,
        starts: true,
        ..Facts::ZERO_WIDTH
    };
    node(Kind::LineStart, facts)
}

pub(super) fn line_end() -> Node {
    let facts = Facts {
        size: 6,
        ..Facts::ZERO_WIDTH
    };
    node(Kind::LineEnd, facts)
}

pub(super) fn start() -> Node {
    let facts = Facts {
        starts: true,
        ..Facts::ZERO_WIDTH
    };
    node(Kind::Start, facts)
}

pub(super) fn end() -> Node {
    node(Kind::End, Facts::ZERO_WIDTH)
}

pub(super) fn boundary(is: bool) -> Node {
    let facts = Facts {
        bounds: true,
        ..Facts::ZERO_WIDTH
    };
    node(Kind::Boundary(is), facts)
}

/// One after the other.
pub(super) fn concat(parts: impl IntoIterator<Item = Node>) -> Built {
    let mut flat: Vec<Node> = Vec::new();
    for part in parts {
        match &part.kind {
            Kind::Never => return Ok(never()),
            Kind::Empty => {}
            Kind::Concat(inner) => {
                let mut inner = inner.iter().cloned();
                inner.next().into_iter().for_each(|first| append(&mut flat, first));
                flat.extend(inner);
            }
            _ => append(&mut flat, part),
        }
    }
    if flat.len() < 2 {
        return Ok(flat.pop().unwrap_or_else(empty));
    }
    let facts = Facts {
        empties: flat.iter().all(|part| part.facts.empties),
        zero_width: flat.iter().all(|part| part.facts.zero_width),
        ..Facts::sum(&flat)
    };
    build(Kind::Concat(flat), facts)
}

/// An assertion that holds holds twice, and any number of times twice is any number.
fn append(parts: &mut Vec<Node>, part: Node) {
    let once = matches!(
        part.kind,
        Kind::Start | Kind::End | Kind::LineStart | Kind::LineEnd | Kind::Boundary(_) | Kind::Repeat(_, 0, None)
    );
    if !(once && parts.last() == Some(&part)) {
        parts.push(part);
    }
}

/// Any of them.
pub(super) fn alt(parts: impl IntoIterator<Item = Node>) -> Built {
    let mut flat: Vec<Node> = Vec::new();
    let mut optional = false;
    let mut characters: Option<(usize, Set)> = None;
    let mut seen: HashSet<Node> = HashSet::new();
    let mut add = |part: &Node| match &part.kind {
        Kind::Never => {}
        Kind::Empty => optional = true,
        Kind::Set(more) => match &mut characters {
            Some((_, set)) => *set = set.or(*more),
            None => {
                characters = Some((flat.len(), *more));
                flat.push(Rc::clone(part));
            }
        },
        _ => {
            if seen.insert(Rc::clone(part)) {
                flat.push(Rc::clone(part));
            }
        }
    };
    for part in parts {
        match &part.kind {
            Kind::Alt(inner) => inner.iter().for_each(&mut add),
            _ => add(&part),
        }
    }
    if let Some((at, all)) = characters
        && let Some(place) = flat.get_mut(at)
    {
        *place = set(all);
    }
    let any = match flat.len() {
        0 if optional => return Ok(empty()),
        0 => never(),
        1 => flat.pop().unwrap_or_else(never),
        count => {
            let sum = Facts::sum(&flat);
            let facts = Facts {
                size: sum.size.saturating_add(count + 3),
                weight: sum.weight.saturating_add(count as u64),
                empties: flat.iter().any(|part| part.facts.empties),
                zero_width: flat.iter().all(|part| part.facts.zero_width),
                ..sum
            };
            build(Kind::Alt(flat), facts)?
        }
    };
    if optional { repeat(&any, 0, Some(1)) } else { Ok(any) }
}

/// From `min` times to `max`, or without end.
pub(super) fn repeat(of: &Node, min: u16, max: Option<u16>) -> Built {
    match (&of.kind, min, max) {
        (_, _, Some(0)) | (Kind::Empty, ..) | (Kind::Never, 0, _) => return Ok(empty()),
        (Kind::Never, ..) => return Ok(never()),
        (_, 1, Some(1)) => return Ok(Rc::clone(of)),
        // `(x|)?` and the like. Of `*`, `+` and `?`, any two are one.
        (Kind::Repeat(inner, inner_min @ 0..=1, inner_max @ (None | Some(1))), 0..=1, None | Some(1)) => {
            return repeat(inner, min.min(*inner_min), max.and(*inner_max));
        }
        _ => {}
    }
    if of.facts.zero_width && min > 0 {
        // What holds once holds as often as is asked.
        return Ok(Rc::clone(of));
    }
    if of.facts.zero_width {
        return Ok(empty());
    }
    if let (Kind::Alt(parts), 0) = (&of.kind, min)
        && parts.iter().any(|part| part.facts.zero_width)
    {
        // Where no round is as good as one that matches nothing.
        return repeat(
            &alt(parts.iter().filter(|part| !part.facts.zero_width).cloned())?,
            0,
            max,
        );
    }
    let Facts {
        size, weight, depth, ..
    } = of.facts;
    let times = max.unwrap_or(min.saturating_add(1)).max(1);
    let facts = Facts {
        size: size.saturating_add(8),
        weight: weight.saturating_add(1).saturating_mul(times.into()),
        depth: depth + 1,
        empties: min == 0 || of.facts.empties,
        ..of.facts
    };
    build(Kind::Repeat(Rc::clone(of), min, max), facts)
}
