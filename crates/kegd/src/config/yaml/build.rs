//! From parser events to nodes. Nothing here recurses, and every bound is checked while events come in.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};
use std::rc::Rc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, Tag};

use super::super::decode::quote;
use super::{Entry, Kind, MAX_DEPTH, MAX_NODES, Node, Position};

/// What is wrong with the YAML itself.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) at: Position,
    pub(crate) message: String,
}

/// The documents of a text, and what is wrong with them. A text with a syntax error has none.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    pub(crate) documents: Vec<Rc<Node>>,
    pub(crate) faults: Vec<Fault>,
    /// Whether the parser reached the end.
    pub(crate) complete: bool,
}

pub(crate) fn parse(text: &str) -> Parsed {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    let result = loop {
        match parser.next_event() {
            None | Some(Ok((Event::StreamEnd, _))) => break Ok(()),
            Some(Err(error)) => {
                break Err(Fault {
                    at: position(error.marker()),
                    message: format!("not valid YAML: {}", error.info()),
                });
            }
            Some(Ok((event, span))) => {
                if let Err(fault) = builder.event(event, position(&span.start)) {
                    break Err(fault);
                }
            }
        }
    };
    let mut parsed = builder.parsed;
    match result {
        Ok(()) => parsed.complete = true,
        Err(fault) => {
            parsed.documents.clear();
            parsed.faults.push(fault);
        }
    }
    parsed
}

fn position(marker: &Marker) -> Position {
    Position {
        line: marker.line(),
        column: marker.col().saturating_add(1),
    }
}

#[derive(Default)]
struct Builder {
    parsed: Parsed,
    stack: Vec<Open>,
    anchors: HashMap<usize, Rc<Node>>,
    nodes: usize,
}

/// A list or mapping whose end has not come yet.
struct Open {
    at: Position,
    anchor: usize,
    content: Content,
}

enum Content {
    Sequence(Vec<Rc<Node>>),
    Mapping(OpenMapping),
}

#[derive(Default)]
struct OpenMapping {
    entries: Vec<Entry>,
    key: Option<(Option<String>, Position)>,
    lines: HashMap<String, usize>,
}

impl Builder {
    fn event(&mut self, event: Event<'_>, at: Position) -> Result<(), Fault> {
        match event {
            Event::SequenceStart(anchor, _) => self.open(at, anchor, Content::Sequence(Vec::new())),
            Event::MappingStart(anchor, _) => self.open(at, anchor, Content::Mapping(OpenMapping::default())),
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Scalar(text, style, anchor, tag) => {
                let plain = style == ScalarStyle::Plain && !is_string_tag(tag.as_ref());
                self.add(Rc::new(Node::scalar(text, plain, at)), anchor)
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(node) => self.add(Rc::clone(node), 0),
                // The parser has refused unknown names: this one is still being built.
                None => Err(Fault {
                    at,
                    message: "an alias inside the value that it names".into(),
                }),
            },
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) | Event::DocumentEnd => {
                Ok(())
            }
        }
    }

    fn open(&mut self, at: Position, anchor: usize, content: Content) -> Result<(), Fault> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Fault {
                at,
                message: format!("nested more than {MAX_DEPTH} levels deep"),
            });
        }
        self.stack.push(Open { at, anchor, content });
        Ok(())
    }

    fn close(&mut self) -> Result<(), Fault> {
        let Some(open) = self.stack.pop() else {
            return Ok(());
        };
        let kind = match open.content {
            Content::Sequence(items) => Kind::Sequence(items),
            Content::Mapping(mapping) => Kind::Mapping(mapping.entries),
        };
        self.add(Rc::new(Node::new(kind, open.at)), open.anchor)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Rc<Node>, anchor: usize) -> Result<(), Fault> {
        // Containers were counted node by node when their children came in; what an alias brings counts as a whole.
        let added = if Rc::strong_count(&node) > 1 { node.weight } else { 1 };
        self.nodes = self.nodes.saturating_add(added);
        if self.nodes > MAX_NODES || self.stack.len().saturating_add(node.height) > MAX_DEPTH + 1 {
            return Err(Fault {
                at: node.at,
                message: format!(
                    "too much: more than {MAX_NODES} values or {MAX_DEPTH} levels once aliases are written out"
                ),
            });
        }
        if anchor > 0 {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        match self.stack.last_mut().map(|open| &mut open.content) {
            None => self.parsed.documents.push(node),
            Some(Content::Sequence(items)) => items.push(node),
            Some(Content::Mapping(mapping)) => {
                self.parsed.faults.extend(mapping.add(node));
            }
        }
        Ok(())
    }
}

impl OpenMapping {
    /// Takes a key or a value, whichever is due.
    fn add(&mut self, node: Rc<Node>) -> Option<Fault> {
        let Some((key, at)) = self.key.take() else {
            return self.add_key(&node);
        };
        if let Some(key) = key {
            self.entries.push(Entry { key, at, value: node });
        }
        None
    }

    /// A key that can't be used is kept as none, so that its value is skipped.
    fn add_key(&mut self, node: &Node) -> Option<Fault> {
        let Kind::Scalar(scalar) = &node.kind else {
            self.key = Some((None, node.at));
            return Some(Fault {
                at: node.at,
                message: format!("expected text as a key, found {}", node.describe()),
            });
        };
        match self.lines.entry(scalar.text.clone()) {
            hash_map::Entry::Occupied(first) => {
                self.key = Some((None, node.at));
                Some(Fault {
                    at: node.at,
                    message: format!(
                        "duplicate key {}, first given in line {}",
                        quote(&scalar.text),
                        first.get()
                    ),
                })
            }
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(node.at.line);
                self.key = Some((Some(scalar.text.clone()), node.at));
                None
            }
        }
    }
}

fn is_string_tag(tag: Option<&Cow<'_, Tag>>) -> bool {
    tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str")
}
