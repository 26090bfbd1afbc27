//! The findings about a configuration: the first ones whole, the others counted, so that a file of a million mistakes
//! neither fills the memory nor the log.

use super::{Code, Diagnostic};

/// What was found so far, in the order of its finding. Of each code there is always the first, whatever the number of
/// others: what a file is judged by does not depend on how much is shown.
#[derive(Debug)]
pub struct Findings {
    kept: Vec<Diagnostic>,
    most: usize,
    /// By code, how many are not kept.
    left_out: Vec<(Code, u64)>,
}

impl Findings {
    /// At most about `most` are kept.
    pub const fn new(most: usize) -> Findings {
        Findings { kept: Vec::new(), most, left_out: Vec::new() }
    }

    /// Whether one more of that code would be kept; counts it if not. Asked where a finding is costly to make.
    pub fn wants(&mut self, code: Code) -> bool {
        if self.kept.len() < self.most {
            return true;
        }
        if let Some((_, count)) = self.left_out.iter_mut().find(|(other, _)| *other == code) {
            *count += 1;
            return false;
        }
        if self.kept.iter().any(|one| one.code == code) {
            self.left_out.push((code, 1));
            return false;
        }
        true
    }

    pub fn push(&mut self, finding: Diagnostic) {
        if self.wants(finding.code) {
            self.kept.push(finding);
        }
    }

    /// All that is kept, and a word about the others.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let count: u64 = self.left_out.iter().map(|(_, count)| count).sum();
        if count > 0 {
            let others = if count == 1 { "finding is" } else { "findings are" };
            let words = format!("{count} more {others} not shown");
            self.kept
                .push(Diagnostic::new(Code::MoreFindings, words).help("mend these first, and read the file again"));
        }
        self.kept
    }
}

impl Extend<Diagnostic> for Findings {
    fn extend<All: IntoIterator<Item = Diagnostic>>(&mut self, all: All) {
        all.into_iter().for_each(|finding| self.push(finding));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first ones are kept, of each code the first as well, and the others are counted.
    #[test]
    fn a_million_findings_take_the_room_of_a_few() {
        let mut found = Findings::new(3);
        for at in 0..1_000_000 {
            found.push(Diagnostic::new(Code::UnknownKeyword, at.to_string()));
        }
        assert!(!found.wants(Code::UnknownKeyword));
        found.extend([Diagnostic::new(Code::ExtraClose, "brace"), Diagnostic::new(Code::ExtraClose, "again")]);
        let told: Vec<String> = found.finish().into_iter().map(|one| one.message).collect();
        assert_eq!(told, ["0", "1", "2", "brace", "999999 more findings are not shown"]);
    }

    #[test]
    fn a_few_findings_are_all_there() {
        let mut found = Findings::new(3);
        found.extend(["a", "b", "c"].map(|words| Diagnostic::new(Code::Fatal, words)));
        assert_eq!(found.finish().len(), 3);
    }
}
