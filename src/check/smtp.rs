//! SMTP_CHECK: what is said and heard (CK-70 to CK-72).
//!
//! ```text
//!   Banner ── 220 ──▶ say HELO, Helo ── 250 ──▶ say QUIT, Quit ── a line ──▶ good
//! ```
//! Of what has come together only the first line counts; the rest of it is dropped, as the original does.

use crate::model::event::check::SmtpFailure;

/// A line that is longer is none (the original starts to read anew behind as many bytes, and finds no status there).
const MOST_LINE: usize = 511;

/// One conversation.
#[derive(Clone, Debug)]
pub struct Dialogue {
    helo_name: String,
    step: Step,
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Banner,
    Helo,
    Quit,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    Read,
    /// Send this, then read.
    Say(Vec<u8>),
    Good,
    Bad(SmtpFailure),
}

impl Dialogue {
    /// It begins with reading.
    pub fn new(helo_name: &str) -> Dialogue {
        Dialogue { helo_name: helo_name.to_owned(), step: Step::Banner, line: Vec::new() }
    }

    /// Takes what has come.
    pub fn hear(&mut self, bytes: &[u8]) -> Next {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let part = &bytes[..end.unwrap_or(bytes.len())];
        let room = (MOST_LINE + 1).saturating_sub(self.line.len());
        self.line.extend_from_slice(&part[..part.len().min(room)]);
        if end.is_none() && self.line.len() <= MOST_LINE {
            return Next::Read;
        }
        let line = std::mem::take(&mut self.line);
        let is = |code: &[u8]| line.len() <= MOST_LINE && status(&line) == Some(code);
        match self.step {
            Step::Banner if is(b"220") => {
                self.step = Step::Helo;
                Next::Say(format!("HELO {}\r\n", self.helo_name).into_bytes())
            }
            Step::Banner => Next::Bad(SmtpFailure::Banner),
            Step::Helo if is(b"250") => {
                self.step = Step::Quit;
                Next::Say(b"QUIT\r\n".to_vec())
            }
            Step::Helo => Next::Bad(SmtpFailure::Helo),
            // Whatever it says.
            Step::Quit => Next::Good,
        }
    }
}

/// CK-71: three digits with a blank or nothing behind them; a carriage return is something.
fn status(line: &[u8]) -> Option<&[u8]> {
    let (code, rest) = line.split_at_checked(3)?;
    let ends = matches!(rest.first(), None | Some(b' ' | 0));
    (ends && code.iter().all(u8::is_ascii_digit)).then_some(code)
}

#[cfg(test)]
mod tests;
