//! The fonts of a PDF: which characters they draw, how wide, and the part of each that goes into the file.
//!
//! DejaVu (the crate `dejavu`) has Latin, Greek, Cyrillic, Armenian and Georgian letters and many signs. A file gets
//! only the glyphs that it shows, numbered in the order in which they came, so that the same document gives the same
//! bytes; and with them the characters they stand for (`ToUnicode`), so that text can be searched and copied.

use std::collections::BTreeMap;

use pdf_writer::{
    Filter, Finish, Name, Pdf, Rect, Ref, Str,
    types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap},
};
use subsetter::GlyphRemapper;

use super::packed;
use crate::plain;

/// A font could not be read or cut: this program is wrong.
#[derive(Debug)]
pub(crate) struct FontError(String);

impl std::fmt::Display for FontError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a font: {}", self.0)
    }
}

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Face {
    Bold,
    Code,
    Text,
}

impl Face {
    pub(super) const ALL: [Self; 3] = [Self::Bold, Self::Code, Self::Text];

    /// Its name in a page's resources.
    pub(super) fn name(self) -> Name<'static> {
        match self {
            Self::Bold => Name(b"B"),
            Self::Code => Name(b"C"),
            Self::Text => Name(b"T"),
        }
    }

    /// Its name with the six letters before it that a part of a font has.
    fn base(self) -> Name<'static> {
        match self {
            Self::Bold => Name(b"PHONEH+DejaVuSansCondensed-Bold"),
            Self::Code => Name(b"PHONEH+DejaVuSansMono"),
            Self::Text => Name(b"PHONEH+DejaVuSansCondensed"),
        }
    }

    fn data(self) -> &'static [u8] {
        match self {
            Self::Bold => dejavu::sans_condensed::bold(),
            Self::Code => dejavu::sans_mono::regular(),
            Self::Text => dejavu::sans_condensed::regular(),
        }
    }
}

/// All fonts, with what was used of them.
pub(super) struct Fonts {
    bold: Font,
    code: Font,
    text: Font,
}

impl Fonts {
    /// Fails only where this program is wrong.
    pub(super) fn new() -> Result<Self, FontError> {
        Ok(Self { bold: Font::new(Face::Bold)?, code: Font::new(Face::Code)?, text: Font::new(Face::Text)? })
    }

    fn of(&self, face: Face) -> &Font {
        match face {
            Face::Bold => &self.bold,
            Face::Code => &self.code,
            Face::Text => &self.text,
        }
    }

    fn of_mut(&mut self, face: Face) -> &mut Font {
        match face {
            Face::Bold => &mut self.bold,
            Face::Code => &mut self.code,
            Face::Text => &mut self.text,
        }
    }

    /// Whether each of the fonts draws it.
    pub(super) fn draw(&self, character: char) -> bool {
        Face::ALL.into_iter().all(|face| self.of(face).glyph(character).is_some())
    }

    /// Text as it is drawn: what the font lacks, and what acts unseen, by its number.
    pub(super) fn shown(&self, face: Face, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for character in plain::visible(text).chars() {
            match self.of(face).glyph(character) {
                Some(_) => shown.push(character),
                None => shown.push_str(&format!("{{U+{:04X}}}", u32::from(character))),
            }
        }
        shown
    }

    /// Width of drawn text.
    pub(super) fn measure(&self, face: Face, text: &str, size: f32) -> f32 {
        let font = self.of(face);
        text.chars().map(|one| font.width(one)).sum::<f32>() * size / 1000.0
    }

    /// Text as numbers of glyphs, which the file will have.
    pub(super) fn encoded(&mut self, face: Face, text: &str) -> Vec<u8> {
        let font = self.of_mut(face);
        text.chars().flat_map(|one| font.number(one).to_be_bytes()).collect()
    }

    /// Writes a font's used part under its number.
    pub(super) fn write(
        &self,
        face: Face,
        id: Ref,
        pdf: &mut Pdf,
        next: &mut dyn FnMut() -> Ref,
    ) -> Result<(), FontError> {
        self.of(face).write(face, id, pdf, next)
    }
}

/// One font, with what was used of it.
struct Font {
    face: ttf_parser::Face<'static>,
    used: GlyphRemapper,
    /// The character that a glyph stands for, by its number in the file.
    meaning: BTreeMap<u16, char>,
}

impl Font {
    fn new(face: Face) -> Result<Self, FontError> {
        let parsed = ttf_parser::Face::parse(face.data(), 0).map_err(|error| FontError(error.to_string()))?;
        Ok(Self { face: parsed, used: GlyphRemapper::new(), meaning: BTreeMap::new() })
    }

    fn glyph(&self, character: char) -> Option<ttf_parser::GlyphId> {
        stands_alone(character).then(|| self.face.glyph_index(character)).flatten()
    }

    /// In thousandths of the font's size.
    fn width(&self, character: char) -> f32 {
        let advance = self.glyph(character).and_then(|glyph| self.face.glyph_hor_advance(glyph));
        f32::from(advance.unwrap_or(0)) * self.scale()
    }

    fn scale(&self) -> f32 {
        1000.0 / f32::from(self.face.units_per_em().max(1))
    }

    /// The number of its glyph in the file; 0, the sign for a missing one, of what is not drawn.
    fn number(&mut self, character: char) -> u16 {
        let Some(glyph) = self.glyph(character) else { return 0 };
        let number = self.used.remap(glyph.0);
        self.meaning.entry(number).or_insert(character);
        number
    }

    fn write(
        &self,
        face: Face,
        id: Ref,
        pdf: &mut Pdf,
        next: &mut dyn FnMut() -> Ref,
    ) -> Result<(), FontError> {
        let (cid, descriptor, file, unicode) = (next(), next(), next(), next());
        let part = subsetter::subset(face.data(), 0, &self.used);
        let part = part.map_err(|error| FontError(error.to_string()))?;
        let mut outer = pdf.type0_font(id);
        outer.base_font(face.base()).encoding_predefined(Name(b"Identity-H"));
        outer.descendant_font(cid).to_unicode(unicode);
        outer.finish();
        let mut inner = pdf.cid_font(cid);
        inner.subtype(CidFontType::Type2).base_font(face.base()).system_info(IDENTITY);
        inner.font_descriptor(descriptor).default_width(0.0).cid_to_gid_map_predefined(Name(b"Identity"));
        inner.widths().consecutive(0, self.widths());
        inner.finish();
        self.describe(face, &mut pdf.font_descriptor(descriptor), file);
        let length = i32::try_from(part.len()).unwrap_or(i32::MAX);
        pdf.stream(file, &packed(&part)).filter(Filter::FlateDecode).pair(Name(b"Length1"), length);
        let mut map = UnicodeCmap::new(Name(b"Custom"), IDENTITY);
        self.meaning.iter().for_each(|(number, character)| map.pair(*number, *character));
        pdf.cmap(unicode, &map.finish());
        Ok(())
    }

    /// Widths of the glyphs in the file, by their numbers.
    fn widths(&self) -> Vec<f32> {
        let advance = |glyph| self.face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or(0);
        self.used.remapped_gids().map(|glyph| f32::from(advance(glyph)) * self.scale()).collect()
    }

    fn describe(&self, face: Face, descriptor: &mut pdf_writer::writers::FontDescriptor<'_>, file: Ref) {
        let scaled = |units: i16| f32::from(units) * self.scale();
        let bounds = self.face.global_bounding_box();
        let bounds = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max].map(scaled);
        let [left, bottom, right, top] = bounds;
        let width = if face == Face::Code { FontFlags::FIXED_PITCH } else { FontFlags::empty() };
        descriptor.name(face.base()).flags(FontFlags::SYMBOLIC | width);
        descriptor.bbox(Rect::new(left, bottom, right, top)).italic_angle(0.0);
        descriptor.ascent(scaled(self.face.ascender())).descent(scaled(self.face.descender()));
        descriptor.cap_height(scaled(self.face.capital_height().unwrap_or(0)));
        descriptor.stem_v(if face == Face::Bold { 140.0 } else { 80.0 }).font_file2(file);
    }
}

/// Whether a character is read rightly when it is drawn where it stands: of scripts that run from left to right and
/// whose letters do not change with their neighbours. Marks that sit on a letter are no such characters.
fn stands_alone(character: char) -> bool {
    matches!(
        u32::from(character),
        0x20..=0x7e | 0xa0..=0x2ff | 0x370..=0x482 | 0x48a..=0x58f | 0x10a0..=0x10ff | 0x1e00..=0x1fff
            | 0x2010..=0x2027 | 0x2030..=0x205e | 0x2070..=0x20cf | 0x2100..=0x2bff | 0xa722..=0xa7ff | 0xfb00..=0xfb06
            | 0xfffd
    )
}

const IDENTITY: SystemInfo<'static> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };
