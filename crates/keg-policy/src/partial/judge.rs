//! What becomes of each name of a request, by where it stands.

use keg_codec::schema::Field;
use keg_codec::walk::Edit;
use keg_codec::{Api, ErrorCode};

use super::{Place, Side};

/// Judges the names of a request one after the other, and keeps what was found.
#[derive(Debug)]
pub(crate) struct Judge {
    api: &'static Api,
    version: i16,
    side: Side,
    /// Why the whole request is refused.
    pub(crate) refusal: Option<ErrorCode>,
    /// Why elements were denied, each reason once.
    pub(crate) denied: Vec<ErrorCode>,
    /// Whether topics were denied that are answered partition by partition.
    pub(crate) denied_topics: bool,
    /// Whether an array element was admitted by its name.
    pub(crate) kept: bool,
    place: Option<(&'static Field, Place)>,
}

impl Judge {
    pub(crate) fn new(api: &'static Api, version: i16, side: Side) -> Self {
        Self {
            api,
            version,
            side,
            refusal: None,
            denied: Vec::new(),
            denied_topics: false,
            kept: false,
            place: None,
        }
    }

    pub(crate) fn side(&self) -> Side {
        self.side
    }

    /// Whether all of the request was admitted.
    pub(crate) fn admitted_all(&self) -> bool {
        self.denied.is_empty() && !self.denied_topics
    }

    pub(crate) fn refuse<'a>(&mut self, code: ErrorCode) -> Edit<'a> {
        self.refusal = Some(code);
        Edit::Refuse
    }

    /// Names of the same field stand at the same place.
    pub(crate) fn place(&mut self, field: &'static Field) -> Place {
        match self.place {
            Some((known, place)) if std::ptr::eq(known, field) => place,
            _ => {
                let place = Place::of(field, self.api, self.version);
                self.place = Some((field, place));
                place
            }
        }
    }

    /// What becomes of a name, which is admitted with an edit, or not.
    pub(crate) fn judge<'a>(&mut self, field: &'static Field, admitted: Result<Edit<'a>, ErrorCode>) -> Edit<'a> {
        let place = self.place(field);
        match (self.side, admitted, place) {
            (Side::Admitted, Ok(edit), _) => {
                self.kept |= matches!(place, Place::Element | Place::Topic);
                edit
            }
            (Side::Admitted, Err(code), Place::Element) => {
                if !self.denied.contains(&code) {
                    self.denied.push(code);
                }
                Edit::Drop
            }
            (Side::Admitted, Err(_), Place::Topic) => {
                self.denied_topics = true;
                Edit::Drop
            }
            (Side::Admitted, Err(_), Place::Filter) => Edit::Drop,
            (Side::Admitted, Err(code), Place::Top | Place::Deeper) => self.refuse(code),
            (Side::AsAsked, Err(_), Place::Element) => Edit::Drop,
            (Side::Denied(wanted), found, Place::Element) if found.as_ref().err() != Some(&wanted) => Edit::Drop,
            (Side::AsAsked | Side::Denied(_), ..) => Edit::Keep,
        }
    }

    /// What is neither admitted nor denied: the broker answers for it.
    pub(crate) fn pass<'a>(&mut self) -> Edit<'a> {
        self.kept |= self.side == Side::Admitted;
        match self.side {
            Side::Admitted | Side::AsAsked => Edit::Keep,
            Side::Denied(_) => Edit::Drop,
        }
    }
}
