//! The word that was probably meant.

/// The known word nearest to an unknown one, if it is near: at most a third of its letters differ.
pub fn near<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    let most = (word.len() / 3).clamp(1, 3);
    known
        .filter(|other| other.len().abs_diff(word.len()) <= most)
        .map(|other| (distance(word, other), other))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

/// Letters to insert, remove, change or swap with their neighbour to make one word of the other, case ignored.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().map(|c| c.to_ascii_lowercase()).collect();
    let other: Vec<char> = other.chars().map(|c| c.to_ascii_lowercase()).collect();
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = Vec::with_capacity(other.len() + 1);
        row.push(i + 1);
        for (j, b) in other.iter().enumerate() {
            let mut best = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == other[j - 1] && one[i - 1] == *b {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a short word one letter may be wrong, and two that changed places count as one.
    #[test]
    fn near_words() {
        let known = ["dev", "via", "weight", "priority"];
        let near = |word| near(word, known.into_iter());
        assert_eq!(
            [near("dve"), near("DEV"), near("devi"), near("vai")],
            [Some("dev"), Some("dev"), Some("dev"), Some("via")]
        );
        assert_eq!([near("edv"), near("dxx"), near("wehgtt"), near("xy")], [Some("dev"), None, Some("weight"), None]);
        assert_eq!(near("priotiry"), Some("priority"));
    }
}
