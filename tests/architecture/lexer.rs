//! Rust text as the rules need it: code without comments and without what stands in quotes, comments apart.

/// One source file, line by line.
pub struct Source {
    /// Code with comments and the insides of strings blanked out, up to the file's own `#[cfg(test)] mod`.
    pub code: Vec<String>,
    /// The comment of each line, with its slashes.
    pub comments: Vec<String>,
    /// The file belongs to the tests.
    pub test: bool,
    pub first_line: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Code,
    LineComment,
    BlockComment(u32),
    Text,
    RawText(usize),
}

impl Source {
    pub fn read(text: &str, test: bool) -> Source {
        let (mut code, mut comments) = split(text);
        if let Some(end) = inline_tests(&code) {
            code.truncate(end);
            comments.truncate(end);
        }
        Source { code, comments, test, first_line: text.lines().next().unwrap_or_default().to_owned() }
    }

    /// The comment on line `at` or on the comment lines directly above it (attributes may stand between).
    pub fn comment_near(&self, at: usize) -> String {
        let mut near = self.comments[at].clone();
        for line in (0..at).rev() {
            let code = self.code[line].trim();
            if !self.comments[line].is_empty() && code.is_empty() {
                near.push_str(&self.comments[line]);
            } else if !code.starts_with("#[") {
                break;
            }
        }
        near
    }

    /// The comment near line `at`, or near the line on which the statement or expression that reaches `at` begins.
    pub fn comment_of_statement(&self, at: usize) -> String {
        let mut first = at;
        while first > 0 {
            let above = self.code[first - 1].trim_end();
            let ended = above.is_empty() || above.ends_with([';', '{', '}', ',']);
            if ended && !self.code[first].trim_start().starts_with('.') {
                break;
            }
            first -= 1;
        }
        format!("{}{}", self.comment_near(at), self.comment_near(first))
    }
}

/// The line of `#[cfg(test)]` above an inline `mod … {`, which by convention ends a file.
fn inline_tests(code: &[String]) -> Option<usize> {
    let lines = || code.iter().enumerate();
    lines().position(|(at, line)| {
        line.trim() == "#[cfg(test)]"
            && code[at + 1..]
                .iter()
                .find(|next| !next.trim().is_empty() && !next.trim().starts_with("#["))
                .is_some_and(|next| next.contains("mod ") && next.contains('{'))
    })
}

fn split(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut code, mut comments) = (vec![String::new()], vec![String::new()]);
    let characters: Vec<char> = text.chars().collect();
    let mut place = Place::Code;
    let mut at = 0;
    let next = |at: usize, ahead: usize| characters.get(at + ahead).copied().unwrap_or('\0');
    let last = |lines: &mut Vec<String>, character| {
        if let Some(line) = lines.last_mut() {
            line.push(character);
        }
    };
    while at < characters.len() {
        let character = characters[at];
        if character == '\n' {
            if place == Place::LineComment {
                place = Place::Code;
            }
            code.push(String::new());
            comments.push(String::new());
            at += 1;
            continue;
        }
        match place {
            Place::Code => match (character, next(at, 1)) {
                ('/', '/') => {
                    place = Place::LineComment;
                    continue;
                }
                ('/', '*') => {
                    place = Place::BlockComment(1);
                    at += 1;
                }
                ('"', _) => {
                    place = Place::Text;
                    last(&mut code, '"');
                }
                ('r', '"' | '#') if !word_before(&characters, at) => {
                    let marks = characters[at + 1..].iter().take_while(|mark| **mark == '#').count();
                    if next(at, 1 + marks) == '"' {
                        place = Place::RawText(marks);
                        at += 1 + marks;
                    }
                    last(&mut code, if matches!(place, Place::RawText(_)) { '"' } else { 'r' });
                }
                ('\'', _) => {
                    let length = quoted_character(&characters[at..]);
                    last(&mut code, '\'');
                    at += length;
                }
                _ => last(&mut code, character),
            },
            Place::LineComment => last(&mut comments, character),
            Place::BlockComment(depth) => match (character, next(at, 1)) {
                ('*', '/') => {
                    place = if depth == 1 { Place::Code } else { Place::BlockComment(depth - 1) };
                    at += 1;
                }
                ('/', '*') => {
                    place = Place::BlockComment(depth + 1);
                    at += 1;
                }
                _ => last(&mut comments, character),
            },
            Place::Text => match character {
                '\\' if next(at, 1) != '\n' => at += 1,
                '"' => {
                    place = Place::Code;
                    last(&mut code, '"');
                }
                _ => {}
            },
            Place::RawText(marks) => {
                if character == '"' && (1..=marks).all(|ahead| next(at, ahead) == '#') {
                    place = Place::Code;
                    last(&mut code, '"');
                    at += marks;
                }
            }
        }
        at += 1;
    }
    (code, comments)
}

fn word_before(characters: &[char], at: usize) -> bool {
    at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_') && characters[at - 1] != 'b'
}

/// How many characters follow the quote up to and with the closing one; 0 for a lifetime.
fn quoted_character(from: &[char]) -> usize {
    match from {
        ['\'', '\\', rest @ ..] => 2 + rest.iter().skip(1).position(|character| *character == '\'').unwrap_or(0) + 1,
        ['\'', _, '\'', ..] => 2,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_and_comments_are_taken_apart() {
        let text = "let a = \"unsafe // no\"; // unsafe yes\nlet b = r#\"x \" unsafe\"#; /* c\nd */ let e = '\"'; f::<'a>('\\'');";
        let (code, comments) = split(text);
        assert_eq!(code, ["let a = \"\"; ", "let b = \"\"; ", " let e = '; f::<'a>(');"]);
        assert_eq!(comments, ["// unsafe yes", " c", "d "]);
    }

    #[test]
    fn inline_tests_end_the_code() {
        let source = Source::read("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n", false);
        assert_eq!(source.code, ["fn a() {}"]);
        let source = Source::read("#[cfg(test)]\nmod tests;\nfn a() {}", false);
        assert_eq!(source.code.len(), 3);
    }
}
