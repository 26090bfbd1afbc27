//! Text -> stories: a title of `#` lines, then lines that begin with `given`, `when`, `expect` or `and`.

/// One scenario.
pub struct Story {
    pub file: String,
    pub title: String,
    pub lines: Vec<Line>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Given,
    When,
    Expect,
}

pub struct Line {
    pub kind: Kind,
    /// True when it begins with its own word, not with `and`: a new moment begins.
    pub opens: bool,
    pub place: String,
    pub words: Vec<String>,
}

/// A file holds one story or several, each begun by its title.
pub fn stories(file: &str, content: &str) -> Vec<Story> {
    let mut found: Vec<Story> = Vec::new();
    let mut in_title = false;
    let mut kind = Kind::Given;
    for (at, row) in content.lines().enumerate() {
        let row = row.trim();
        if let Some(title) = row.strip_prefix('#') {
            if !in_title {
                found.push(Story { file: file.to_owned(), title: String::new(), lines: Vec::new() });
                kind = Kind::Given;
            }
            in_title = true;
            if let Some(story) = found.last_mut() {
                story.title = format!("{} {}", story.title, title.trim()).trim().to_owned();
            }
            continue;
        }
        let mut words: Vec<String> = row.split_whitespace().map(str::to_owned).collect();
        let Some(first) = words.first().cloned() else { continue };
        in_title = false;
        let opens = match first.as_str() {
            "given" => Some(Kind::Given),
            "when" => Some(Kind::When),
            "expect" => Some(Kind::Expect),
            _ => None,
        };
        if let Some(opened) = opens {
            kind = opened;
        }
        if opens.is_some() || first == "and" {
            words.remove(0);
        }
        let Some(story) = found.last_mut() else {
            panic!("{file}:{}: a scenario begins with its title, a line with `#`", at + 1)
        };
        if !words.is_empty() {
            story.lines.push(Line { kind, opens: opens.is_some(), place: format!("{file}:{}", at + 1), words });
        }
    }
    found
}

/// The words of a line, taken one by one; every complaint names the place.
pub struct Words<'a> {
    line: &'a Line,
    next: usize,
}

impl<'a> Words<'a> {
    pub fn of(line: &'a Line) -> Words<'a> {
        Words { line, next: 0 }
    }

    pub fn peek(&self) -> Option<&'a str> {
        self.line.words.get(self.next).map(String::as_str)
    }

    pub fn take(&mut self) -> Option<&'a str> {
        let word = self.peek();
        self.next += 1;
        word
    }

    /// The next word, unless it begins another clause.
    pub fn unless_and(&mut self) -> Option<&'a str> {
        if self.peek() == Some("and") { None } else { self.take() }
    }

    pub fn word(&mut self, what: &str) -> Result<&'a str, String> {
        self.take().ok_or_else(|| self.wrong(&format!("{what} is missing")))
    }

    pub fn parse<T: std::str::FromStr>(&mut self, what: &str) -> Result<T, String> {
        let word = self.word(what)?;
        word.parse().map_err(|_| self.wrong(&format!("`{word}` is not {what}")))
    }

    /// True, and the words are taken, when they come next.
    pub fn accept(&mut self, words: &str) -> bool {
        let count = words.split(' ').count();
        let matches = words
            .split(' ')
            .enumerate()
            .all(|(at, word)| self.line.words.get(self.next + at).map(String::as_str) == Some(word));
        if matches {
            self.next += count;
        }
        matches
    }

    pub fn rest(&mut self) -> String {
        let rest = self.line.words.get(self.next..).unwrap_or_default().join(" ");
        self.next = self.line.words.len();
        rest
    }

    pub fn end(&self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(self.wrong(&format!("`{word}` is not understood here"))),
        }
    }

    pub fn wrong(&self, message: &str) -> String {
        format!("{}: {message}\n    {}", self.line.place, self.line.words.join(" "))
    }
}

/// Seconds with decimals.
pub fn seconds(words: &mut Words, what: &str) -> Result<u64, String> {
    let value: f64 = words.parse(what)?;
    Ok((value * 1e6).round() as u64)
}
