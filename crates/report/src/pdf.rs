//! A document -> PDF (ISO 32000), laid out here.
//!
//! A4 pages. Of each [font](fonts) the glyphs that are used are embedded; nothing is fetched, and the same document
//! gives the same bytes. Characters that the fonts lack, Chinese among them, or that have to be joined to their
//! neighbours, are written by their numbers, and a sentence at the end says so; the page and Markdown have them. No
//! links, no scripts, no forms.

mod fonts;

use pdf_writer::{Content, Filter, Finish, Pdf, Rect, Ref, Str, TextStr};

pub(crate) use self::fonts::FontError;
use self::fonts::{Face, Fonts};
use crate::{
    document::{Block, Document, Inline, Line},
    plain,
};

/// Writes the document. Fails only where this program is wrong.
pub(crate) fn pdf(document: &Document) -> Result<Vec<u8>, FontError> {
    let mut layout = Layout::new()?;
    layout.say(&document.eyebrow, (Face::Text, SOFT), 9.0);
    layout.say(&document.title, (Face::Bold, INK), 20.0);
    layout.say(&document.lead, (Face::Text, SOFT), 11.0);
    for block in &document.blocks {
        layout.block(block);
    }
    layout.gap(12.0);
    layout.say(&document.foot, (Face::Text, SOFT), 8.5);
    if lacks(&layout.fonts, document) {
        layout.say(&document.unshown, (Face::Text, SOFT), 8.5);
    }
    layout.finish(document)
}

/// Whether it holds characters that are written by their numbers.
fn lacks(fonts: &Fonts, document: &Document) -> bool {
    document.markdown().chars().any(|one| !one.is_control() && !fonts.draw(one))
}

type Colour = [f32; 3];

/// Text of one font and colour, as it is drawn.
#[derive(Clone, Debug)]
struct Piece {
    text: String,
    face: Face,
    colour: Colour,
}

impl Fonts {
    fn piece(&self, text: &str, face: Face, colour: Colour) -> Piece {
        Piece { text: self.shown(face, text), face, colour }
    }

    fn pieces(&self, line: &Line) -> Vec<Piece> {
        let piece = |inline: &Inline| match inline {
            Inline::Severity(weight) => {
                self.piece(&weight.word, Face::Bold, severity_colour(weight.severity))
            }
            Inline::Strong(text) => self.piece(text, Face::Bold, INK),
            Inline::Value(text) => self.piece(&plain::clipped(text, VALUE), Face::Code, INK),
            Inline::Own(text) | Inline::Words(text) => {
                self.piece(&plain::clipped(text, WORDS), Face::Text, INK)
            }
        };
        line.iter().map(piece).collect()
    }

    fn width(&self, piece: &Piece, size: f32) -> f32 {
        self.measure(piece.face, &piece.text, size)
    }
}

fn severity_colour(severity: evidence::Severity) -> Colour {
    use evidence::Severity::{Critical, High, Info, Low, Medium};
    match severity {
        Critical => [0.55, 0.08, 0.34],
        High => [0.69, 0.16, 0.06],
        Medium => [0.52, 0.33, 0.0],
        Low => [0.16, 0.37, 0.53],
        Info => SOFT,
    }
}

/// A word or a space that is drawn as a whole.
type Word = Piece;

/// Lines of at most `width`: broken at spaces, and inside a word that is longer than a line.
fn broken(fonts: &Fonts, pieces: &[Piece], width: f32, size: f32) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = Vec::new();
    let (mut line, mut used): (Vec<Word>, f32) = (Vec::new(), 0.0);
    for piece in pieces {
        for word in piece.text.split_inclusive(' ') {
            let mut rest = word;
            while !rest.is_empty() {
                let visible = rest.strip_suffix(' ').unwrap_or(rest);
                if used + fonts.measure(piece.face, visible, size) > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                let (now, later) = rest.split_at(fitting(fonts, piece.face, rest, (width - used, size)));
                used += fonts.measure(piece.face, now, size);
                line.push(Word { text: now.to_owned(), face: piece.face, colour: piece.colour });
                rest = later;
            }
        }
    }
    lines.push(line);
    lines
}

/// How many bytes of a word fit, up to the end of a character; at least one character.
fn fitting(fonts: &Fonts, face: Face, word: &str, (room, size): (f32, f32)) -> usize {
    let visible = word.strip_suffix(' ').unwrap_or(word);
    if fonts.measure(face, visible, size) <= room {
        return word.len();
    }
    let (mut used, mut fits) = (0.0, 0);
    for character in word.chars() {
        used += fonts.measure(face, character.encode_utf8(&mut [0; 4]), size);
        if used > room && fits > 0 {
            break;
        }
        fits += character.len_utf8();
    }
    fits
}

/// Pages under the pen.
struct Layout {
    fonts: Fonts,
    pages: Vec<Content>,
    /// Where the next line's top is, from the page's bottom.
    y: f32,
}

impl Layout {
    fn new() -> Result<Self, FontError> {
        Ok(Self { fonts: Fonts::new()?, pages: vec![Content::new()], y: TOP })
    }

    /// A paragraph over the page's width.
    fn say(&mut self, text: &str, (face, colour): (Face, Colour), size: f32) {
        let piece = self.fonts.piece(text, face, colour);
        self.line(&[piece], LEFT, WIDTH, size);
    }

    fn gap(&mut self, points: f32) {
        self.y -= points;
    }

    /// Goes on to the next page where so much does not fit.
    fn room(&mut self, points: f32) {
        if self.y - points < BOTTOM {
            self.pages.push(Content::new());
            self.y = TOP;
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Explained(items) => items.iter().for_each(|(item, below)| self.explained(item, below)),
            Block::Facts(facts) => facts.iter().for_each(|(name, line)| self.fact(name, line)),
            Block::Items(items) => items.iter().for_each(|item| self.item(item)),
            Block::Paragraph(line) => {
                let said = self.fonts.pieces(line);
                self.line(&said, LEFT, WIDTH, SIZE);
            }
            Block::Part(title, severity) => {
                self.gap(8.0);
                self.room(50.0);
                let mut said = Vec::new();
                if let Some(severity) = severity {
                    let text = format!("{}  ", severity.word);
                    said.push(self.fonts.piece(&text, Face::Bold, severity_colour(severity.severity)));
                }
                said.push(self.fonts.piece(title, Face::Bold, INK));
                self.line(&said, LEFT, WIDTH, 11.0);
            }
            Block::Section(title) => {
                self.gap(16.0);
                self.room(140.0);
                self.say(title, (Face::Bold, ACCENT), 15.0);
            }
            Block::Table(names, rows) => self.table(names, rows),
            Block::Warning(line) => {
                let said = self.fonts.pieces(line).into_iter();
                let said: Vec<_> = said.map(|one| Piece { colour: WARN, ..one }).collect();
                self.line(&said, LEFT, WIDTH, SIZE);
            }
        }
    }

    fn item(&mut self, item: &Line) {
        let bullet = self.fonts.piece("•", Face::Text, SOFT);
        let item = self.fonts.pieces(item);
        self.columns(&[(vec![bullet], LEFT, 10.0), (item, LEFT + 12.0, WIDTH - 12.0)], SIZE);
    }

    fn explained(&mut self, item: &Line, below: &Line) {
        self.item(item);
        if !below.is_empty() {
            let below = self.fonts.pieces(below).into_iter();
            let below: Vec<_> = below.map(|one| Piece { colour: SOFT, ..one }).collect();
            self.line(&below, LEFT + 12.0, WIDTH - 12.0, SMALL);
        }
    }

    fn fact(&mut self, name: &str, line: &Line) {
        let name = vec![self.fonts.piece(name, Face::Text, SOFT)];
        let said = self.fonts.pieces(line);
        self.columns(&[(name, LEFT, NAME - 8.0), (said, LEFT + NAME, WIDTH - NAME)], SIZE);
    }

    /// Columns as wide as their share of the text, none narrower than a word or two.
    fn table(&mut self, names: &[String], rows: &[Vec<Line>]) {
        let head: Vec<_> = names.iter().map(|name| vec![self.fonts.piece(name, Face::Bold, SOFT)]).collect();
        let cells = |row: &Vec<Line>| row.iter().map(|cell| self.fonts.pieces(cell)).collect();
        let body: Vec<Vec<Vec<Piece>>> = rows.iter().map(cells).collect();
        let widths = shares(&self.fonts, &head, &body);
        self.gap(4.0);
        self.room(40.0);
        for row in std::iter::once(&head).chain(&body) {
            let mut left = LEFT;
            let mut cells = Vec::with_capacity(row.len());
            for (cell, width) in row.iter().zip(&widths) {
                cells.push((cell.clone(), left, (width - 8.0).max(8.0)));
                left += width;
            }
            self.rule();
            self.columns(&cells, SMALL);
        }
        self.gap(4.0);
    }

    fn rule(&mut self) {
        self.room(SMALL * 2.0);
        let y = self.y;
        if let Some(page) = self.pages.last_mut() {
            page.set_stroke_rgb(0.8, 0.8, 0.78);
            page.set_line_width(0.5);
            page.move_to(LEFT, y).line_to(LEFT + WIDTH, y).stroke();
        }
        self.gap(2.0);
    }

    fn line(&mut self, pieces: &[Piece], left: f32, width: f32, size: f32) {
        self.columns(&[(pieces.to_vec(), left, width)], size);
    }

    /// Texts beside each other, line by line, so that a long one goes on on the next page.
    fn columns(&mut self, cells: &[(Vec<Piece>, f32, f32)], size: f32) {
        let broken: Vec<_> = cells
            .iter()
            .map(|(pieces, left, width)| (broken(&self.fonts, pieces, *width, size), *left))
            .collect();
        for number in 0..broken.iter().map(|(lines, _)| lines.len()).max().unwrap_or(0) {
            self.room(size * LEADING);
            self.y -= size * LEADING;
            for (lines, left) in &broken {
                if let Some(line) = lines.get(number) {
                    self.draw(line, *left, size);
                }
            }
        }
        self.gap(size * 0.35);
    }

    fn draw(&mut self, line: &[Word], left: f32, size: f32) {
        let y = self.y + size * 0.25;
        let Some(page) = self.pages.last_mut() else { return };
        let mut x = left;
        for words in line.chunk_by(|one, next| (one.face, one.colour) == (next.face, next.colour)) {
            let Some(word) = words.first() else { continue };
            let text: String = words.iter().map(|word| word.text.as_str()).collect();
            let [red, green, blue] = word.colour;
            page.begin_text().set_font(word.face.name(), size).set_fill_rgb(red, green, blue);
            page.next_line(x, y).show(Str(&self.fonts.encoded(word.face, &text))).end_text();
            x += self.fonts.measure(word.face, &text, size);
        }
    }

    fn finish(mut self, document: &Document) -> Result<Vec<u8>, FontError> {
        let mut next = 0;
        let mut id = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info) = (id(), id(), id());
        let fonts = Face::ALL.map(|face| (face, id()));
        let pages: Vec<_> = self.pages.into_iter().map(|content| (id(), id(), content)).collect();
        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr(&document.language));
        root.viewer_preferences().display_doc_title(true);
        root.finish();
        // No date: the same document gives the same bytes.
        let program = plain::clipped(&document.program, VALUE);
        pdf.document_info(info)
            .title(TextStr(&plain::clipped(&document.title, VALUE)))
            .author(TextStr(&program))
            .creator(TextStr(&program))
            .producer(TextStr(&program));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(pages.iter().map(|(page, _, _)| *page)).count(count);
        for (number, (page_id, content_id, mut content)) in pages.into_iter().enumerate() {
            foot(&mut self.fonts, &mut content, number + 1, count);
            let mut page = pdf.page(page_id);
            page.media_box(Rect::new(0.0, 0.0, 595.0, 842.0)).parent(tree).contents(content_id);
            let mut resources = page.resources();
            let mut named = resources.fonts();
            for (face, id) in fonts {
                named.pair(face.name(), id);
            }
            named.finish();
            resources.finish();
            page.finish();
            pdf.stream(content_id, &packed(&content.finish())).filter(Filter::FlateDecode);
        }
        for (face, font) in fonts {
            self.fonts.write(face, font, &mut pdf, &mut id)?;
        }
        Ok(pdf.finish())
    }
}

/// Bytes compressed (zlib).
fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    // Writing to memory cannot fail.
    let _ = std::io::Write::write_all(&mut packer, bytes);
    packer.finish().unwrap_or_default()
}

fn foot(fonts: &mut Fonts, content: &mut Content, number: usize, count: i32) {
    let text = format!("{number} / {count}");
    let [red, green, blue] = SOFT;
    let x = LEFT + WIDTH - fonts.measure(Face::Text, &text, 8.0);
    content.begin_text().set_font(Face::Text.name(), 8.0).set_fill_rgb(red, green, blue);
    content.next_line(x, 30.0).show(Str(&fonts.encoded(Face::Text, &text))).end_text();
}

/// Widths of columns that together are the page's, by the text in them; long text counts less and less.
fn shares(fonts: &Fonts, head: &[Vec<Piece>], body: &[Vec<Vec<Piece>>]) -> Vec<f32> {
    let longest = |column: usize| {
        let rows = body.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        let width = |cell: &Vec<Piece>| cell.iter().map(|one| fonts.width(one, SMALL)).sum::<f32>();
        rows.map(width).fold(20.0, f32::max).sqrt()
    };
    let weights: Vec<f32> = (0..head.len()).map(longest).collect();
    let all: f32 = weights.iter().sum();
    weights.iter().map(|weight| WIDTH * weight / all.max(1.0)).collect()
}

const INK: Colour = [0.1, 0.1, 0.1];
const SOFT: Colour = [0.38, 0.38, 0.36];
const ACCENT: Colour = [0.05, 0.36, 0.39];
const WARN: Colour = [0.69, 0.16, 0.06];

/// The page's margins and width, in points of 1/72 inch; A4 is 595 by 842.
const LEFT: f32 = 52.0;
const WIDTH: f32 = 491.0;
const TOP: f32 = 790.0;
const BOTTOM: f32 = 52.0;
/// Width of the names of facts.
const NAME: f32 = 142.0;
const SIZE: f32 = 9.5;
const SMALL: f32 = 8.5;
const LEADING: f32 = 1.32;

/// The longest value and the longest paragraph that are written in full, in characters.
const VALUE: usize = 300;
const WORDS: usize = 4000;

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;
    use crate::document::words;

    fn document(text: &str) -> Document {
        Document { blocks: vec![Block::Paragraph(words(text))], ..Document::default() }
    }

    #[test]
    fn letters_of_europe_are_drawn_and_other_characters_told_by_their_number() {
        let fonts = Fonts::new().unwrap();
        let europe = "Lietuvių „ąžuolas“ – Привет, Ελλάδα, Šárka → €";
        for face in Face::ALL {
            assert_eq!(fonts.shown(face, europe), europe);
        }
        assert!(!lacks(&fonts, &document(europe)) && lacks(&fonts, &document("Laima 张")));
        let told = fonts.shown(Face::Text, "aé–词\u{202e}\u{1b} שלום e\u{301} 😀");
        let hebrew = "{U+05E9}{U+05DC}{U+05D5}{U+05DD}";
        assert_eq!(told, format!("aé–{{U+8BCD}}\\u{{202e}}\\u{{1b}} {hebrew} e{{U+0301}} {{U+1F600}}"));
    }

    #[test]
    fn no_line_is_wider_than_its_column_and_nothing_is_lost() {
        let fonts = Fonts::new().unwrap();
        let text = "short words and averyveryverylongwordthatfitsnowhereatall žšđ词 ".repeat(5);
        let piece = fonts.piece(&text, Face::Text, INK);
        let lines = broken(&fonts, &[piece.clone(), piece.clone()], 90.0, SIZE);
        for line in &lines {
            let end = line.last().is_some_and(|word| word.text.ends_with(' '));
            let space = if end { fonts.measure(Face::Text, " ", SIZE) } else { 0.0 };
            let width: f32 = line.iter().map(|word| fonts.width(word, SIZE)).sum();
            assert!(width - space <= 90.1, "{width}");
        }
        let written: String = lines.into_iter().flatten().map(|word| word.text).collect();
        assert_eq!(written, piece.text.repeat(2));
    }

    #[test]
    fn long_documents_have_pages() {
        let document = Document {
            blocks: vec![Block::Paragraph(words("word ".repeat(600))); 20],
            ..Document::default()
        };
        let written = pdf(&document).unwrap();
        assert!(written.starts_with(b"%PDF-"));
        assert_eq!(written, pdf(&document).unwrap());
        // Only what is used of the fonts is in it.
        assert!(written.len() < 1_000_000, "{}", written.len());
    }
}
