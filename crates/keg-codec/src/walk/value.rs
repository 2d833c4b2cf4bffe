//! The walk over single values, and what the visitor does with them.

use super::{Edit, IntegerEdit, UuidEdit, Verdict, Visitor, WalkError, Walker};
use crate::schema::{Field, Type};
use crate::walk::edits::Scratch;
use crate::wire::{put_length16, put_length32};

impl<V: Visitor> Walker<'_, V> {
    /// A value that is neither an array nor a structure.
    #[inline(always)]
    pub(super) fn value(&mut self, field: &'static Field, nullable: bool) -> Result<(), WalkError> {
        if !field.entities().intersects(self.interest) || self.dropping.is_some() {
            return self.skim_value(field, nullable);
        }
        match field.ty {
            Type::String | Type::Bytes | Type::Records => self.bytes(field, nullable),
            Type::Uuid => self.uuid(field),
            // Nothing has an interest in fractions. Structures are walked by their fields; none comes here.
            Type::Float64 | Type::Struct(_) => self.skim_value(field, nullable),
            Type::Bool | Type::Int8 | Type::Int16 | Type::Uint16 | Type::Int32 | Type::Uint32 | Type::Int64 => {
                self.integer(field)
            }
        }
    }

    #[inline(always)]
    fn bytes(&mut self, field: &'static Field, nullable: bool) -> Result<(), WalkError> {
        let is_string = matches!(field.ty, Type::String);
        let start = self.reader.position();
        let length = if is_string {
            self.reader.length16(self.flexible)?
        } else {
            self.reader.length32(self.flexible)?
        };
        if length.is_none() && !nullable {
            return Err(WalkError::Null { field: field.name });
        }
        let value_start = self.reader.position();
        let value = length.map(|length| self.reader.take(length)).transpose()?;
        let edit = if is_string {
            self.visitor.string(field, value)
        } else {
            self.visitor.bytes(field, value)
        };
        let length16 = is_string && !self.flexible;
        let put_length = |out: &mut Scratch, length| {
            if length16 {
                put_length16(out, length, false)
            } else {
                put_length32(out, length, self.flexible)
            }
        };
        let old = value.map_or(0, <[u8]>::len);
        match edit {
            Edit::Keep => Ok(()),
            Edit::Prepend(_) | Edit::Strip(_) if value.is_none() => Ok(()),
            Edit::Drop => self.drop_element(field),
            Edit::Refuse => Err(WalkError::Refused { field: field.name }),
            Edit::Prepend(prefix) => self.edits.replace(start..value_start, |out| {
                put_length(out, Some(old + prefix.len()))?;
                out.extend_from_slice(prefix);
                Ok(())
            }),
            Edit::Strip(count) => {
                let count = count.min(old);
                let stripped = start..value_start + count;
                self.edits.replace(stripped, |out| put_length(out, Some(old - count)))
            }
            Edit::Replace(new) => self.edits.replace(start..value_start + old, |out| {
                put_length(out, Some(new.len()))?;
                out.extend_from_slice(&new);
                Ok(())
            }),
            Edit::Null if nullable => self
                .edits
                .replace(start..value_start + old, |out| put_length(out, None)),
            Edit::Null => Err(WalkError::Null { field: field.name }),
        }
    }

    #[inline(always)]
    fn integer(&mut self, field: &'static Field) -> Result<(), WalkError> {
        let start = self.reader.position();
        let value = match field.ty {
            Type::Int16 => i64::from(self.reader.int16()?),
            Type::Uint16 => i64::from(self.reader.int16()?.cast_unsigned()),
            Type::Int32 => i64::from(self.reader.int32()?),
            Type::Uint32 => i64::from(self.reader.int32()?.cast_unsigned()),
            Type::Int64 => self.reader.int64()?,
            _ => i64::from(self.reader.int8()?),
        };
        match self.visitor.integer(field, value) {
            IntegerEdit::Keep => Ok(()),
            IntegerEdit::Drop => self.drop_element(field),
            IntegerEdit::Refuse => Err(WalkError::Refused { field: field.name }),
            IntegerEdit::Set(new) if new == value => Ok(()),
            IntegerEdit::Set(new) => {
                let end = self.reader.position();
                self.edits.replace(start..end, |out| {
                    out.extend(new.to_be_bytes().into_iter().skip(8 - (end - start)));
                    Ok(())
                })
            }
        }
    }

    #[inline(always)]
    fn uuid(&mut self, field: &'static Field) -> Result<(), WalkError> {
        let start = self.reader.position();
        let value = self.reader.uuid()?;
        match self.visitor.uuid(field, &value) {
            UuidEdit::Keep => Ok(()),
            UuidEdit::Drop => self.drop_element(field),
            UuidEdit::Refuse => Err(WalkError::Refused { field: field.name }),
            UuidEdit::Set(new) if new == value => Ok(()),
            UuidEdit::Set(new) => self.edits.replace(start..self.reader.position(), |out| {
                out.extend_from_slice(&new);
                Ok(())
            }),
        }
    }

    pub(super) fn judge(&mut self, field: &'static Field, verdict: Verdict) -> Result<(), WalkError> {
        match verdict {
            Verdict::Keep => Ok(()),
            Verdict::Drop => self.drop_element(field),
            Verdict::Refuse => Err(WalkError::Refused { field: field.name }),
        }
    }

    fn drop_element(&mut self, field: &'static Field) -> Result<(), WalkError> {
        if !self.in_element {
            return Err(WalkError::NotInArray { field: field.name });
        }
        self.dropping = Some(field);
        Ok(())
    }

    pub(super) fn null(&mut self, field: &'static Field) -> Result<(), WalkError> {
        if !field.null.intersects(self.this) {
            return Err(WalkError::Null { field: field.name });
        }
        if self.dropping.is_some() {
            return Ok(());
        }
        let verdict = self.visitor.null_array(field);
        self.judge(field, verdict)
    }
}
