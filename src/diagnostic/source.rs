//! Where each byte of the expanded configuration came from.
//!
//! All files and all expansions are appended to one text; a span is two offsets in it. Segments remember the file and
//! line of each stretch, and the use of a definition that produced it.

use std::sync::OnceLock;

/// Bytes `lo..hi` of the text of the [`SourceMap`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    pub lo: u32,
    pub hi: u32,
}

impl Span {
    pub const fn new(lo: usize, hi: usize) -> Span {
        Span { lo: lo as u32, hi: hi as u32 }
    }

    /// The same stretch in a map that took in this one's.
    pub const fn shifted(self, by: u32) -> Span {
        Span { lo: self.lo + by, hi: self.hi + by }
    }

    /// From the start of this to the end of `other`.
    pub const fn to(self, other: Span) -> Span {
        Span { lo: self.lo, hi: other.hi }
    }
}

/// A position for people: line and column count from 1; columns are characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// As written on the command line or matched by an include.
    pub file: String,
    pub line: u32,
    pub column: u32,
}

/// A stretch of whole lines with one origin.
#[derive(Clone, Copy, Debug)]
struct Segment {
    /// Where it starts in the text.
    lo: u32,
    file: u32,
    /// Number of its first line in that file.
    line: u32,
    /// Every line has the first line's number (an expansion).
    expanded: bool,
}

#[derive(Debug, Default)]
struct File {
    name: String,
    text: String,
    /// Offsets of line starts in `text`, once a place in it has been asked for.
    starts: OnceLock<Vec<u32>>,
}

impl File {
    fn starts(&self) -> &[u32] {
        self.starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(ends.map(|(at, _)| at as u32 + 1)).collect()
        })
    }
}

/// Number of a file in a [`SourceMap`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileId(u32);

/// The expanded text and its origins.
#[derive(Debug, Default)]
pub struct SourceMap {
    text: String,
    files: Vec<File>,
    segments: Vec<Segment>,
}

impl SourceMap {
    /// The expanded text that spans point into.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What a span covers; empty when it is out of range.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.lo as usize..span.hi as usize).unwrap_or_default()
    }

    /// Names of the files read, in the order of their first line.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.name.as_str())
    }

    /// Adds a file of so many bytes; its lines are then appended with [`SourceMap::append`], and its text is handed over
    /// at the end.
    pub fn add_file(&mut self, name: &str, bytes: usize) -> FileId {
        self.text.reserve(bytes);
        self.files.push(File { name: name.to_owned(), ..File::default() });
        FileId(self.files.len() as u32 - 1)
    }

    /// The text of a file as it was read.
    pub fn set_text(&mut self, file: FileId, text: String) {
        if let Some(file) = self.files.get_mut(file.0 as usize) {
            file.starts = OnceLock::new();
            file.text = text;
        }
    }

    /// Appends whole lines of a file unchanged, from number `line` (from 1).
    pub fn append(&mut self, file: FileId, line: u32, text: &str) {
        self.begin(file, line, false);
        self.text.push_str(text);
        self.end_line();
    }

    /// Appends one line that is not in the file as such: what `line` became. An empty one is a place to point at.
    pub fn append_expanded(&mut self, file: FileId, line: u32, text: &str) -> Span {
        self.begin(file, line, true);
        let lo = self.text.len();
        self.text.push_str(text);
        self.text.push('\n');
        Span::new(lo, lo + text.len())
    }

    fn begin(&mut self, file: FileId, line: u32, expanded: bool) {
        let lo = self.text.len() as u32;
        let goes_on = self
            .segments
            .last()
            .is_some_and(|last| expanded && last.expanded && last.file == file.0 && last.line == line);
        if !goes_on {
            self.segments.push(Segment { lo, file: file.0, line, expanded });
        }
    }

    fn end_line(&mut self) {
        if !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// The length of the text so far.
    pub fn len(&self) -> usize {
        self.text.len()
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn segment(&self, at: u32) -> Option<&Segment> {
        self.segments.get(self.segments.partition_point(|segment| segment.lo <= at).checked_sub(1)?)
    }

    /// File, line and column of the start of a span; `None` for an empty map.
    pub fn position(&self, span: Span) -> Option<Position> {
        let segment = self.segment(span.lo)?;
        let file = self.files.get(segment.file as usize)?;
        if segment.expanded {
            return Some(Position { file: file.name.clone(), line: segment.line, column: 1 });
        }
        let (start, inside) = self.inside(segment, file, span.lo);
        let line = file.starts().partition_point(|at| *at <= inside).max(1);
        let before = file.starts().get(line - 1).copied().unwrap_or(start);
        let column = file.text.get(before as usize..inside as usize).map_or(0, |text| text.chars().count());
        Some(Position { file: file.name.clone(), line: line as u32, column: column as u32 + 1 })
    }

    /// First character of a span and the first one behind it, in the file as written: for an expansion those of the
    /// whole line that was expanded.
    pub fn ends(&self, span: Span) -> Option<(Position, Position)> {
        let (number, range, _) = self.origin(span)?;
        let file = self.files.get(number)?;
        let place = |at: usize| {
            let line = file.starts().partition_point(|start| *start as usize <= at).max(1);
            let before = file.starts().get(line - 1).map_or(0, |start| *start as usize);
            let column = file.text.get(before..at).map_or(0, |text| text.chars().count());
            Position { file: file.name.clone(), line: line as u32, column: column as u32 + 1 }
        };
        Some((place(range.start), place(range.end.max(range.start))))
    }

    /// Takes in another map behind this one; its spans are valid here once shifted by what is returned.
    pub fn absorb(&mut self, other: SourceMap) -> u32 {
        let (lo, files) = (self.text.len() as u32, self.files.len() as u32);
        self.text.push_str(&other.text);
        self.files.extend(other.files);
        let shifted = |segment: Segment| Segment { lo: segment.lo + lo, file: segment.file + files, ..segment };
        self.segments.extend(other.segments.into_iter().map(shifted));
        lo
    }

    /// Start of the segment in its file, and the offset there of a byte of the expanded text.
    fn inside(&self, segment: &Segment, file: &File, at: u32) -> (u32, u32) {
        let start = file.starts().get(segment.line.saturating_sub(1) as usize).copied().unwrap_or(0);
        (start, (start + (at - segment.lo)).min(file.text.len() as u32))
    }

    /// The number of the file and the bytes in its own text that a span stands for: the span itself, or for an
    /// expansion the whole line that was expanded (without its line end), and whether it was one.
    pub fn origin(&self, span: Span) -> Option<(usize, std::ops::Range<usize>, bool)> {
        let segment = self.segment(span.lo)?;
        let file = self.files.get(segment.file as usize)?;
        if segment.expanded {
            let lo = *file.starts().get(segment.line.saturating_sub(1) as usize)? as usize;
            let line = file.text.get(lo..)?.lines().next().unwrap_or_default();
            let blank = line.len() - line.trim_start().len();
            return Some((segment.file as usize, lo + blank..lo + line.trim_end().len().max(blank), true));
        }
        let (_, lo) = self.inside(segment, file, span.lo);
        let hi = (lo + (span.hi.saturating_sub(span.lo))).min(file.text.len() as u32);
        Some((segment.file as usize, lo as usize..hi as usize, false))
    }

    /// Name and text of a file by its number.
    pub fn file(&self, number: usize) -> Option<(&str, &str)> {
        self.files.get(number).map(|file| (file.name.as_str(), file.text.as_str()))
    }
}
