//! The walk over what nobody looks at: as strict as the other, and much cheaper.

use super::pass::{Nothing, one, pass};
use super::{Visitor, WalkError, Walker};
use crate::schema::{Field, Type};

impl<V: Visitor> Walker<'_, V> {
    /// Fields of which nothing is shown but the tagged ones that the tables don't know.
    pub(super) fn skim(&mut self, fields: &'static [Field]) -> Result<(), WalkError> {
        let start = self.reader.position();
        match pass(Nothing, fields, (self.this, self.flexible), self.reader.bytes(), start) {
            Some(end) => self.reader.skip(end - start),
            None => self.skim_fields(fields),
        }
    }

    #[cold]
    fn skim_fields(&mut self, fields: &'static [Field]) -> Result<(), WalkError> {
        for field in fields {
            if field.in_place.intersects(self.this) {
                self.skim_field(field)?;
            }
        }
        match self.flexible {
            true => self.tagged_section(fields),
            false => Ok(()),
        }
    }

    fn skim_field(&mut self, field: &'static Field) -> Result<(), WalkError> {
        if field.array {
            return match self.reader.length32(self.flexible)? {
                Some(count) => self.skim_elements(field, count),
                None if field.null.intersects(self.this) => Ok(()),
                None => Err(WalkError::Null { field: field.name }),
            };
        }
        if let Type::Struct(nested) = field.ty {
            let is_null = field.null.intersects(self.this) && self.reader.int8()? < 0;
            return if is_null { Ok(()) } else { self.skim(nested) };
        }
        self.skim_value(field, field.null.intersects(self.this))
    }

    /// The elements of an array, of which there are so many.
    pub(super) fn skim_elements(&mut self, field: &'static Field, count: usize) -> Result<(), WalkError> {
        if count > self.reader.remaining() {
            return Err(WalkError::CountBeyondMessage {
                count,
                left: self.reader.remaining(),
            });
        }
        if let Some(size) = field.ty.fixed_size() {
            return self.reader.skip(count.saturating_mul(size));
        }
        for _ in 0..count {
            let start = self.reader.position();
            if let Some(end) = one(Nothing, field, (self.this, self.flexible), self.reader.bytes(), start) {
                self.reader.skip(end - start)?;
                continue;
            }
            match field.ty {
                Type::Struct(nested) => self.skim_fields(nested)?,
                _ => self.skim_value(field, false)?,
            }
        }
        Ok(())
    }

    /// A value of which nothing is shown.
    #[inline]
    pub(super) fn skim_value(&mut self, field: &'static Field, nullable: bool) -> Result<(), WalkError> {
        if field.size != 0 {
            return self.reader.skip(field.size.into());
        }
        let length = match field.ty {
            Type::String => self.reader.length16(self.flexible)?,
            _ => self.reader.length32(self.flexible)?,
        };
        match length {
            Some(length) => self.reader.skip(length),
            None if nullable => Ok(()),
            None => Err(WalkError::Null { field: field.name }),
        }
    }
}
