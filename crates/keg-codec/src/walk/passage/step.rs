//! What the next few bytes are.

use super::alias::{Alias, field_of};
use super::{Level, Passage, Run, shows};
use crate::produce::{TRANSACTIONAL_WITHIN, is_transactional};
use crate::schema::{Entity, Field, Type};
use crate::walk::WalkError;
use crate::wire::Reader;

/// What comes of reading a few bytes: where the bytes behind them are, and how many of these pass unread before that.
#[derive(Debug, Default)]
pub(super) struct Step {
    /// In the place of the level that was at hand, the innermost last.
    pub(super) levels: [Option<Level>; 2],
    pub(super) run: Run,
    /// What is written over the tag that was read.
    pub(super) alias: Option<Alias>,
}

impl Step {
    fn into(level: Level) -> Self {
        Self {
            levels: [None, Some(level)],
            ..Self::default()
        }
    }

    fn run(left: usize) -> Self {
        Self {
            run: Run { left, blank: false },
            ..Self::default()
        }
    }

    /// The same, after which things go on at a level.
    fn within(mut self, outer: Level) -> Self {
        let [first, _] = &mut self.levels;
        *first = Some(outer);
        self
    }
}

impl Passage {
    /// Reads what comes next at a level.
    pub(super) fn step(&self, level: Level, reader: &mut Reader<'_>) -> Result<Step, WalkError> {
        match level {
            Level::Fields { all, rest } => self.fields(all, rest, reader),
            Level::Elements { left: 0, .. } | Level::Tags { left: 0, .. } => Ok(Step::default()),
            Level::Elements { field, left } => {
                let step = match field.ty {
                    Type::Struct(nested) => Step::into(Level::fields(nested)),
                    _ => self.value(field, false, reader)?,
                };
                Ok(step.within(Level::Elements { field, left: left - 1 }))
            }
            Level::Tags { .. } => self.tag(level, reader),
            Level::Tagged { field, begun, behind } if !begun => {
                let begun = true;
                Ok(self
                    .field(field, reader)?
                    .within(Level::Tagged { field, begun, behind }))
            }
            Level::Tagged { behind, .. } if self.left == behind => Ok(Step::default()),
            Level::Tagged { field, behind, .. } => Err(WalkError::TagSize {
                field: field.name,
                left: self.left.saturating_sub(behind),
            }),
        }
    }

    fn fields(
        &self,
        all: &'static [Field],
        rest: &'static [Field],
        reader: &mut Reader<'_>,
    ) -> Result<Step, WalkError> {
        let is_next = |field: &&Field| field.is_in_place(self.version);
        let mut rest = rest.iter();
        if let Some(field) = rest.find(is_next) {
            let rest = rest.as_slice();
            return Ok(self.field(field, reader)?.within(Level::Fields { all, rest }));
        }
        if !self.flexible {
            return Ok(Step::default());
        }
        Ok(Step::into(Level::Tags {
            fields: all,
            left: reader.varint()?,
            previous: None,
            blanked: false,
        }))
    }

    fn field(&self, field: &'static Field, reader: &mut Reader<'_>) -> Result<Step, WalkError> {
        let nullable = field.nullable.contains(self.version);
        match (field.array, field.ty) {
            (true, _) => self.array(field, nullable, reader),
            (false, Type::Struct(_)) if nullable && reader.int8()? < 0 => Ok(Step::default()),
            (false, Type::Struct(nested)) => Ok(Step::into(Level::fields(nested))),
            (false, _) => self.value(field, nullable, reader),
        }
    }

    fn array(&self, field: &'static Field, nullable: bool, reader: &mut Reader<'_>) -> Result<Step, WalkError> {
        let Some(count) = reader.length32(self.flexible)? else {
            return null(field, nullable);
        };
        let left = self.left - reader.position();
        if count > left {
            return Err(WalkError::CountBeyondMessage { count, left });
        }
        Ok(match field.ty.fixed_size() {
            Some(size) => Step::run(count.saturating_mul(size)),
            None => Step::into(Level::Elements { field, left: count }),
        })
    }

    fn value(&self, field: &'static Field, nullable: bool, reader: &mut Reader<'_>) -> Result<Step, WalkError> {
        let length = match (field.ty, field.ty.fixed_size()) {
            (_, Some(size)) => Some(size),
            (Type::String, None) => reader.length16(self.flexible)?,
            (_, None) => reader.length32(self.flexible)?,
        };
        let Some(length) = length else {
            return null(field, nullable);
        };
        if field.entity == Entity::Records && !self.transactions {
            // Longer ones than the message have no beginning that could be waited for.
            let fits = length <= self.left - reader.position();
            let beginning = if fits { length.min(TRANSACTIONAL_WITHIN) } else { 0 };
            if is_transactional(reader.clone().take(beginning)?) {
                return Err(WalkError::Refused { field: field.name });
            }
        }
        Ok(Step::run(length))
    }

    /// A tagged field: it is walked like any other, or passes blanked.
    fn tag(&self, section: Level, reader: &mut Reader<'_>) -> Result<Step, WalkError> {
        let Level::Tags {
            fields,
            left,
            mut previous,
            blanked,
        } = section
        else {
            return Ok(Step::default());
        };
        let left = left - 1;
        let start = reader.position();
        let tag = reader.tag(&mut previous)?;
        let width = reader.position() - start;
        let size = reader.varint()? as usize;
        let field = field_of(fields, self.version, tag);
        let hidden = field.is_some_and(|field| shows(field, self.version, self.hidden));
        let blanked = blanked || hidden;
        let section = Level::Tags {
            fields,
            left,
            previous,
            blanked,
        };
        match field {
            None if !self.unknown => return Err(WalkError::UnknownTag { tag }),
            // Behind an alias, which is above it, its own tag is out of order.
            Some(_) if blanked && !hidden => return Err(WalkError::TagOrder { tag }),
            Some(field) if !hidden => {
                let behind = (self.left - reader.position()).checked_sub(size);
                let behind = behind.ok_or(WalkError::TagSize {
                    field: field.name,
                    left: size,
                })?;
                let begun = false;
                return Ok(Step::into(Level::Tagged { field, begun, behind }).within(section));
            }
            _ => {}
        }
        let mut step = Step::default().within(section);
        step.run = Run {
            left: size,
            blank: true,
        };
        if blanked {
            let alias = Alias::of(width, left, fields, self.version);
            step.alias = Some(alias.ok_or(WalkError::TagOrder { tag })?);
        }
        Ok(step)
    }
}

fn null(field: &'static Field, nullable: bool) -> Result<Step, WalkError> {
    if nullable {
        Ok(Step::default())
    } else {
        Err(WalkError::Null { field: field.name })
    }
}
