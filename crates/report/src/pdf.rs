//! A document -> PDF (ISO 32000), laid out here.
//!
//! A4 pages, text in the fonts that every reader has (Helvetica and Courier, annex D of the standard), so nothing is
//! embedded, nothing is fetched, and the same document gives the same bytes. The price: characters outside
//! `WinAnsiEncoding`, Chinese among them, are written by their numbers, and a sentence at the end says so; the page
//! and Markdown have them. No links, no scripts, no forms.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use crate::{
    document::{Block, Document, Inline, Line},
    plain,
};

/// Writes the document.
pub(crate) fn pdf(document: &Document) -> Vec<u8> {
    let mut layout = Layout::new();
    layout.line(&[Piece::new(&document.eyebrow, Face::Text, SOFT)], LEFT, WIDTH, 9.0);
    layout.line(&[Piece::new(&document.title, Face::Bold, INK)], LEFT, WIDTH, 20.0);
    layout.line(&[Piece::new(&document.lead, Face::Text, SOFT)], LEFT, WIDTH, 11.0);
    for block in &document.blocks {
        layout.block(block);
    }
    layout.gap(12.0);
    layout.line(&[Piece::new(&document.foot, Face::Text, SOFT)], LEFT, WIDTH, 8.5);
    if lacks(document) {
        layout.line(&[Piece::new(&document.unshown, Face::Text, SOFT)], LEFT, WIDTH, 8.5);
    }
    layout.finish(document)
}

/// Whether it holds characters that are written by their numbers.
fn lacks(document: &Document) -> bool {
    let lacks = |one: char| !one.is_control() && one != '→' && single(one).is_none();
    document.markdown().chars().any(lacks)
}

/// A font.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Bold,
    Code,
    Text,
}

impl Face {
    fn name(self) -> Name<'static> {
        match self {
            Self::Bold => Name(b"B"),
            Self::Code => Name(b"C"),
            Self::Text => Name(b"T"),
        }
    }

    /// Width of a character, in thousandths of the font's size (Adobe's font metrics, which the standard names).
    fn width(self, byte: u8) -> u16 {
        let table = match self {
            Self::Code => return 600,
            Self::Bold => BOLD,
            Self::Text => TEXT,
        };
        let place = byte.checked_sub(0x20).map(usize::from);
        place.and_then(|place| table.get(place)).copied().unwrap_or(OTHER)
    }

    fn measure(self, text: &[u8], size: f32) -> f32 {
        let sum: f32 = text.iter().map(|byte| f32::from(self.width(*byte))).sum();
        sum * size / 1000.0
    }
}

type Colour = [f32; 3];

/// Text of one font and colour, in the encoding of the page.
#[derive(Clone, Debug)]
struct Piece {
    text: Vec<u8>,
    face: Face,
    colour: Colour,
}

impl Piece {
    fn new(text: &str, face: Face, colour: Colour) -> Self {
        Self { text: encoded(text), face, colour }
    }
}

fn pieces(line: &Line) -> Vec<Piece> {
    let piece = |inline: &Inline| match inline {
        Inline::Severity(weight) => Piece::new(&weight.word, Face::Bold, severity_colour(weight.severity)),
        Inline::Strong(text) => Piece::new(text, Face::Bold, INK),
        Inline::Value(text) => Piece::new(&plain::clipped(text, VALUE), Face::Code, INK),
        Inline::Words(text) => Piece::new(&plain::clipped(text, WORDS), Face::Text, INK),
    };
    line.iter().map(piece).collect()
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

/// Text in `WinAnsiEncoding`; what it lacks, and what acts unseen, by its number.
fn encoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    for character in plain::visible(text).chars() {
        match (single(character), character) {
            (Some(byte), _) => bytes.push(byte),
            (None, '→') => bytes.extend(b"->"),
            (None, other) => bytes.extend(format!("{{U+{:04X}}}", u32::from(other)).into_bytes()),
        }
    }
    bytes
}

/// A character's byte in `WinAnsiEncoding`, where it has one.
fn single(character: char) -> Option<u8> {
    match character {
        ' '..='~' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(character)).ok(),
        other => WIN_ANSI.iter().find(|(known, _)| *known == other).map(|(_, byte)| *byte),
    }
}

/// A word or a space that is drawn as a whole.
type Word = Piece;

/// Lines of at most `width`: broken at spaces, and inside a word that is longer than a line.
fn broken(pieces: &[Piece], width: f32, size: f32) -> Vec<Vec<Word>> {
    let mut lines: Vec<Vec<Word>> = Vec::new();
    let (mut line, mut used): (Vec<Word>, f32) = (Vec::new(), 0.0);
    for piece in pieces {
        for word in piece.text.split_inclusive(|byte| *byte == b' ') {
            let mut rest = word;
            while !rest.is_empty() {
                let visible = rest.strip_suffix(b" ").unwrap_or(rest);
                if used + piece.face.measure(visible, size) > width && !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                    used = 0.0;
                }
                let (now, later) = rest.split_at(fitting(piece.face, rest, width - used, size));
                used += piece.face.measure(now, size);
                line.push(Word { text: now.to_vec(), face: piece.face, colour: piece.colour });
                rest = later;
            }
        }
    }
    lines.push(line);
    lines
}

/// How many bytes of a word fit; at least one.
fn fitting(face: Face, word: &[u8], room: f32, size: f32) -> usize {
    let visible = word.strip_suffix(b" ").unwrap_or(word);
    if face.measure(visible, size) <= room {
        return word.len();
    }
    let mut used = 0.0;
    let fits = word.iter().take_while(|byte| {
        used += face.measure(std::slice::from_ref(*byte), size);
        used <= room
    });
    fits.count().clamp(1, word.len())
}

/// Pages under the pen.
struct Layout {
    pages: Vec<Content>,
    /// Where the next line's top is, from the page's bottom.
    y: f32,
}

impl Layout {
    fn new() -> Self {
        Self { pages: vec![Content::new()], y: TOP }
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
            Block::Facts(facts) => facts.iter().for_each(|(name, line)| self.fact(name, line)),
            Block::Items(items) => items.iter().for_each(|item| {
                let bullet = Piece::new("•", Face::Text, SOFT);
                self.columns(&[(vec![bullet], LEFT, 10.0), (pieces(item), LEFT + 12.0, WIDTH - 12.0)], SIZE);
            }),
            Block::Paragraph(line) => self.line(&pieces(line), LEFT, WIDTH, SIZE),
            Block::Part(title, severity) => {
                self.gap(8.0);
                self.room(50.0);
                let mut said = Vec::new();
                if let Some(severity) = severity {
                    let text = format!("{}  ", severity.word);
                    said.push(Piece::new(&text, Face::Bold, severity_colour(severity.severity)));
                }
                said.push(Piece::new(title, Face::Bold, INK));
                self.line(&said, LEFT, WIDTH, 11.0);
            }
            Block::Section(title) => {
                self.gap(16.0);
                self.room(70.0);
                self.line(&[Piece::new(title, Face::Bold, ACCENT)], LEFT, WIDTH, 15.0);
            }
            Block::Table(names, rows) => self.table(names, rows),
            Block::Warning(line) => {
                let said: Vec<_> =
                    pieces(line).into_iter().map(|one| Piece { colour: WARN, ..one }).collect();
                self.line(&said, LEFT, WIDTH, SIZE);
            }
        }
    }

    fn fact(&mut self, name: &str, line: &Line) {
        let name = vec![Piece::new(name, Face::Text, SOFT)];
        self.columns(&[(name, LEFT, NAME - 8.0), (pieces(line), LEFT + NAME, WIDTH - NAME)], SIZE);
    }

    /// Columns as wide as their share of the text, none narrower than a word or two.
    fn table(&mut self, names: &[String], rows: &[Vec<Line>]) {
        let head: Vec<_> = names.iter().map(|name| vec![Piece::new(name, Face::Bold, SOFT)]).collect();
        let body: Vec<Vec<Vec<Piece>>> = rows.iter().map(|row| row.iter().map(pieces).collect()).collect();
        let widths = shares(&head, &body);
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
        let broken: Vec<_> =
            cells.iter().map(|(pieces, left, width)| (broken(pieces, *width, size), *left)).collect();
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
        for word in line {
            let [red, green, blue] = word.colour;
            page.begin_text().set_font(word.face.name(), size).set_fill_rgb(red, green, blue);
            page.next_line(x, y).show(Str(&word.text)).end_text();
            x += word.face.measure(&word.text, size);
        }
    }

    fn finish(self, document: &Document) -> Vec<u8> {
        let mut next = 0;
        let mut id = || {
            next += 1;
            Ref::new(next)
        };
        let (catalog, tree, info) = (id(), id(), id());
        let fonts = [(Face::Bold, id()), (Face::Code, id()), (Face::Text, id())];
        let pages: Vec<_> = self.pages.into_iter().map(|content| (id(), id(), content)).collect();
        let mut pdf = Pdf::new();
        let mut root = pdf.catalog(catalog);
        root.pages(tree).lang(TextStr(&document.language));
        root.finish();
        pdf.document_info(info).title(TextStr(&plain::clipped(&document.title, VALUE)));
        let count = i32::try_from(pages.len()).unwrap_or(i32::MAX);
        pdf.pages(tree).kids(pages.iter().map(|(page, _, _)| *page)).count(count);
        for (number, (page_id, content_id, mut content)) in pages.into_iter().enumerate() {
            foot(&mut content, number + 1, count);
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
            pdf.stream(content_id, &content.finish());
        }
        for (face, id) in fonts {
            let name: &[u8] = match face {
                Face::Bold => b"Helvetica-Bold",
                Face::Code => b"Courier",
                Face::Text => b"Helvetica",
            };
            pdf.type1_font(id).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
        }
        pdf.finish()
    }
}

fn foot(content: &mut Content, number: usize, count: i32) {
    let text = encoded(&format!("{number} / {count}"));
    let [red, green, blue] = SOFT;
    let x = LEFT + WIDTH - Face::Text.measure(&text, 8.0);
    content.begin_text().set_font(Face::Text.name(), 8.0).set_fill_rgb(red, green, blue);
    content.next_line(x, 30.0).show(Str(&text)).end_text();
}

/// Widths of columns that together are the page's, by the text in them; long text counts less and less.
fn shares(head: &[Vec<Piece>], body: &[Vec<Vec<Piece>>]) -> Vec<f32> {
    let longest = |column: usize| {
        let rows = body.iter().filter_map(|row| row.get(column)).chain(head.get(column));
        let width =
            |cell: &Vec<Piece>| cell.iter().map(|one| one.face.measure(&one.text, SMALL)).sum::<f32>();
        rows.map(width).fold(20.0, f32::max).sqrt()
    };
    let weights: Vec<f32> = (0..head.len()).map(longest).collect();
    let all: f32 = weights.iter().sum();
    weights.iter().map(|weight| WIDTH * weight / all.max(1.0)).collect()
}

/// What `WinAnsiEncoding` has between `~` and the no-break space (ISO 32000, annex D.2).
const WIN_ANSI: &[(char, u8)] = &[
    ('€', 0x80),
    ('‚', 0x82),
    ('ƒ', 0x83),
    ('„', 0x84),
    ('…', 0x85),
    ('†', 0x86),
    ('‡', 0x87),
    ('ˆ', 0x88),
    ('‰', 0x89),
    ('Š', 0x8a),
    ('‹', 0x8b),
    ('Œ', 0x8c),
    ('Ž', 0x8e),
    ('‘', 0x91),
    ('’', 0x92),
    ('“', 0x93),
    ('”', 0x94),
    ('•', 0x95),
    ('–', 0x96),
    ('—', 0x97),
    ('˜', 0x98),
    ('™', 0x99),
    ('š', 0x9a),
    ('›', 0x9b),
    ('œ', 0x9c),
    ('ž', 0x9e),
    ('Ÿ', 0x9f),
];

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
const NAME: f32 = 120.0;
const SIZE: f32 = 9.5;
const SMALL: f32 = 8.5;
const LEADING: f32 = 1.32;

/// The longest value and the longest paragraph that are written in full, in characters.
const VALUE: usize = 300;
const WORDS: usize = 4000;

/// Width of what has none, of control characters, which are never written.
const OTHER: u16 = 600;
/// Widths of Helvetica from the space on.
#[rustfmt::skip]
const TEXT: &[u16] = &[
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
    1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
    333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
    556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584, 350,
    556, 350, 222, 556, 333, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 222, 222, 333, 333, 350, 556, 1000, 333, 1000, 500, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 260, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 556, 537, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    667, 667, 667, 667, 667, 667, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 500, 556, 556, 556, 556, 278, 278, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 584, 611, 556, 556, 556, 556, 500, 556, 500,
];
/// Widths of Helvetica-Bold from the space on.
#[rustfmt::skip]
const BOLD: &[u16] = &[
    278, 333, 474, 556, 556, 889, 722, 238, 333, 333, 389, 584, 278, 333, 278, 278,
    556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 333, 333, 584, 584, 584, 611,
    975, 722, 722, 722, 722, 667, 611, 778, 722, 278, 556, 722, 611, 833, 722, 778,
    667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 333, 278, 333, 584, 556,
    333, 556, 611, 556, 611, 556, 333, 611, 611, 278, 278, 556, 278, 889, 611, 611,
    611, 611, 389, 556, 333, 611, 556, 778, 556, 556, 500, 389, 280, 389, 584, 350,
    556, 350, 278, 556, 500, 1000, 556, 556, 333, 1000, 667, 333, 1000, 350, 611, 350,
    350, 278, 278, 500, 500, 350, 556, 1000, 333, 1000, 556, 333, 944, 350, 500, 667,
    278, 333, 556, 556, 556, 556, 280, 556, 333, 737, 370, 556, 584, 333, 737, 333,
    400, 584, 333, 333, 333, 611, 556, 278, 333, 333, 365, 556, 834, 834, 834, 611,
    722, 722, 722, 722, 722, 722, 1000, 722, 667, 667, 667, 667, 278, 278, 278, 278,
    722, 722, 778, 778, 778, 778, 778, 584, 778, 722, 722, 722, 722, 667, 667, 611,
    556, 556, 556, 556, 556, 556, 889, 556, 556, 556, 556, 556, 278, 278, 278, 278,
    611, 611, 611, 611, 611, 611, 611, 584, 611, 611, 611, 611, 611, 556, 611, 556,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::words;

    #[test]
    fn characters_of_the_page_are_encoded_and_others_told() {
        assert_eq!(encoded("Šž„"), b"\x8a\x9e\x84");
        let document =
            |text: &str| Document { blocks: vec![Block::Paragraph(words(text))], ..Document::default() };
        assert!(lacks(&document("Laima 张")) && !lacks(&document("Šárka → “x”")));
        assert_eq!(encoded("aé–词\u{202e}\u{1b}"), b"a\xe9\x96{U+8BCD}\\u{202e}\\u{1b}");
    }

    #[test]
    fn no_line_is_wider_than_its_column_and_nothing_is_lost() {
        let text = "short words and averyveryverylongwordthatfitsnowhereatall ".repeat(5);
        let piece = Piece::new(&text, Face::Text, INK);
        let lines = broken(&[piece.clone(), piece], 90.0, SIZE);
        for line in &lines {
            let end = line.last().map(|word| word.text.ends_with(b" ")).unwrap_or(false);
            let space = if end { Face::Text.measure(b" ", SIZE) } else { 0.0 };
            let width: f32 = line.iter().map(|word| word.face.measure(&word.text, SIZE)).sum();
            assert!(width - space <= 90.1, "{width}");
        }
        let written: Vec<u8> = lines.into_iter().flatten().flat_map(|word| word.text).collect();
        assert_eq!(written, text.repeat(2).into_bytes());
    }

    #[test]
    fn long_documents_have_pages() {
        let document = Document {
            blocks: vec![Block::Paragraph(words("word ".repeat(600))); 20],
            ..Document::default()
        };
        let written = pdf(&document);
        assert!(written.starts_with(b"%PDF-"));
        assert_eq!(written, pdf(&document));
    }
}
