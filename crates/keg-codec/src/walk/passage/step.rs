//! What the next few bytes are.

use super::alias::{Alias, field_of};
use super::change::{Change, Length};
use super::plain::Plain;
use super::{Level, Passage, Run, shows};
use crate::produce::{TRANSACTIONAL_WITHIN, is_transactional};
use crate::schema::{Entity, Field, Type};
use crate::walk::{WalkError, pass};
use crate::wire::Reader;

impl Passage {
    /// Reads what comes next at a level that was taken off, and puts in its place the levels of what is behind it, and how many
    /// bytes pass unread before that. What is written over what was read, if anything, is given back. Where bytes are
    /// missing, levels may have been put there already.
    pub(super) fn step(&mut self, level: Level, reader: &mut Reader<'_>) -> Result<Option<Change>, WalkError> {
        match level {
            Level::Fields { all, rest } => return self.fields(all, rest, reader),
            Level::Elements { left: 0, .. } | Level::Tags { left: 0, .. } => {}
            Level::Elements { field, left } => return self.elements(field, left, reader),
            Level::Tags { .. } => return self.tag(level, reader),
            Level::Tagged { field, begun, behind } if !begun => {
                let begun = true;
                self.levels.push(Level::Tagged { field, begun, behind });
                return self.field(field, reader);
            }
            Level::Tagged { behind, .. } if self.left == behind => {}
            Level::Tagged { field, behind, .. } => {
                return Err(WalkError::TagSize {
                    field: field.name,
                    left: self.left.saturating_sub(behind),
                });
            }
        }
        Ok(None)
    }

    fn skip(&mut self, left: usize) {
        self.run = Run {
            length: left,
            left,
            blank: false,
        };
        self.longest = self.longest.max(left);
    }

    /// Elements of an array: all that are there, if it is plain to see that nothing is to be changed in them, or the next.
    fn elements(
        &mut self,
        field: &'static Field,
        mut left: usize,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Change>, WalkError> {
        let Type::Struct(nested) = field.ty else {
            self.levels.push(Level::Elements { field, left: left - 1 });
            return self.value(field, false, reader);
        };
        let plain = Plain::of(self);
        let (bytes, start) = (reader.bytes(), reader.position());
        let mut at = start;
        while left > 0
            && let Some(end) = pass::pass(&plain, nested, (self.set, self.flexible), bytes, at)
        {
            (at, left) = (end, left - 1);
        }
        self.longest = self.longest.max(plain.longest.get());
        reader.skip(at - start)?;
        if at > start && at == bytes.len() {
            // The next is tried when something of it is there.
            self.levels.push(Level::Elements { field, left });
        } else if left > 0 {
            self.levels
                .extend([Level::Elements { field, left: left - 1 }, Level::fields(nested)]);
        }
        Ok(None)
    }

    fn fields(
        &mut self,
        all: &'static [Field],
        rest: &'static [Field],
        reader: &mut Reader<'_>,
    ) -> Result<Option<Change>, WalkError> {
        let is_next = |field: &&Field| field.is_in_place(self.version);
        // Those of fixed sizes pass together, as far as they stand together.
        let (mut fixed, mut behind) = (0, rest);
        let mut rest = rest.iter();
        while let Some(field) = rest.find(is_next) {
            if field.size > 0 && !field.array && !self.changes(field) {
                fixed += usize::from(field.size);
                behind = rest.as_slice();
            } else if fixed > 0 {
                break;
            } else {
                let rest = rest.as_slice();
                self.levels.push(Level::Fields { all, rest });
                return self.field(field, reader);
            }
        }
        if fixed > 0 {
            self.levels.push(Level::Fields { all, rest: behind });
            self.skip(fixed);
            return Ok(None);
        }
        if self.flexible {
            let left = reader.varint()?;
            if left > 0 {
                self.levels.push(Level::Tags {
                    fields: all,
                    left,
                    previous: None,
                    blanked: false,
                });
            }
        }
        Ok(None)
    }

    fn field(&mut self, field: &'static Field, reader: &mut Reader<'_>) -> Result<Option<Change>, WalkError> {
        let nullable = field.nullable.contains(self.version);
        match (field.array, field.ty) {
            (true, _) => self.array(field, nullable, reader).map(|()| None),
            (false, Type::Struct(_)) if nullable && reader.int8()? < 0 => Ok(None),
            (false, Type::Struct(nested)) => {
                self.levels.push(Level::fields(nested));
                Ok(None)
            }
            (false, _) => self.value(field, nullable, reader),
        }
    }

    fn array(&mut self, field: &'static Field, nullable: bool, reader: &mut Reader<'_>) -> Result<(), WalkError> {
        let Some(count) = reader.length32(self.flexible)? else {
            return null(field, nullable);
        };
        let left = self.left - reader.position();
        if count > left {
            return Err(WalkError::CountBeyondMessage { count, left });
        }
        match field.ty.fixed_size() {
            Some(size) if !self.changes(field) => self.skip(count.saturating_mul(size)),
            _ => self.levels.push(Level::Elements { field, left: count }),
        }
        Ok(())
    }

    /// Whether a field has ids that become others.
    fn changes(&self, field: &Field) -> bool {
        self.ids.as_ref().is_some_and(|ids| ids.are_of(field))
    }

    /// A value, the first thing that is read in a step.
    fn value(
        &mut self,
        field: &'static Field,
        nullable: bool,
        reader: &mut Reader<'_>,
    ) -> Result<Option<Change>, WalkError> {
        if let Some(ids) = self.ids.as_mut().filter(|ids| ids.are_of(field)) {
            return Ok(ids.change(&reader.uuid()?));
        }
        let length = match (field.ty, field.ty.fixed_size()) {
            (_, Some(size)) => Some(size),
            (Type::String, None) => reader.length16(self.flexible)?,
            (_, None) => reader.length32(self.flexible)?,
        };
        let Some(length) = length else {
            return null(field, nullable).map(|()| None);
        };
        if let Some(strings) = self.strings.as_mut().filter(|it| it.are_of(field)) {
            return strings.change(field, (length, self.flexible), reader).map(Some);
        }
        if let Some(beginning) = self.beginning.as_ref().filter(|it| it.is_of(field)) {
            let left_out = beginning.left_out(field, reader.clone(), length)?;
            if left_out > 0 {
                let owed = self.owed.checked_sub(left_out.into());
                self.owed = owed.ok_or(WalkError::Refused { field: field.name })?;
                return Ok(Some(self.shorten(reader, length, left_out)));
            }
        }
        if field.entity == Entity::Records && !self.transactions {
            // Longer ones than the message have no beginning that could be waited for.
            let fits = length <= self.left - reader.position();
            let beginning = if fits { length.min(TRANSACTIONAL_WITHIN) } else { 0 };
            if is_transactional(reader.clone().take(beginning)?) {
                return Err(WalkError::Refused { field: field.name });
            }
        }
        self.skip(length);
        Ok(None)
    }

    /// Leaves out the beginning of a string whose length was read: it goes on from its new length on.
    fn shorten(&mut self, reader: &mut Reader<'_>, length: usize, left_out: u8) -> Change {
        let width = reader.position();
        *reader = Reader::new(reader.bytes());
        let of = length - usize::from(left_out);
        self.skip(width + of);
        Change::Length(Length {
            // Neither a varint nor 16 bits say more.
            of: u32::try_from(of).unwrap_or(u32::MAX),
            width: u8::try_from(width).unwrap_or(u8::MAX),
            flexible: self.flexible,
            left_out,
        })
    }

    /// A tagged field: it is walked like any other, or passes blanked.
    fn tag(&mut self, section: Level, reader: &mut Reader<'_>) -> Result<Option<Change>, WalkError> {
        let Level::Tags {
            fields,
            left,
            mut previous,
            blanked,
        } = section
        else {
            return Ok(None);
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
                self.levels.extend([section, Level::Tagged { field, begun, behind }]);
                return Ok(None);
            }
            _ => {}
        }
        self.levels.push(section);
        self.run = Run {
            length: size,
            left: size,
            blank: true,
        };
        if !blanked {
            return Ok(None);
        }
        let alias = Alias::of(width, left, fields, self.version);
        alias
            .map(|alias| Some(Change::Alias(alias)))
            .ok_or(WalkError::TagOrder { tag })
    }
}

fn null(field: &'static Field, nullable: bool) -> Result<(), WalkError> {
    if nullable {
        Ok(())
    } else {
        Err(WalkError::Null { field: field.name })
    }
}
