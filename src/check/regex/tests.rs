use proptest::prelude::*;

use super::*;
use crate::model::check::Pattern;

/// Finds a word; looks back as far as it is told.
struct Word {
    word: &'static [u8],
    lookbehind: usize,
}

impl Matcher for Word {
    fn search(&self, subject: &[u8], from: usize, _: Option<(usize, usize)>) -> Found {
        for at in from..subject.len() {
            let rest = &subject[at..];
            if rest.starts_with(self.word) {
                return Found::Match(at);
            }
            if self.word.starts_with(rest) {
                return Found::Partial(at);
            }
        }
        Found::Nothing
    }

    fn lookbehind(&self) -> usize {
        self.lookbehind
    }
}

fn regex(min_offset: usize, max_offset: Option<usize>) -> Regex {
    let pattern = Pattern { text: String::new(), options: Vec::new() };
    Regex { pattern, no_match: false, min_offset, max_offset, stack: None }
}

fn matched(word: &'static [u8], regex: &Regex, text: &[u8], piece: usize) -> bool {
    let mut stream = Stream::new(Arc::new(Word { word, lookbehind: 3 }));
    for bytes in text.chunks(piece) {
        stream.take(regex, bytes);
        assert!(stream.held.len() <= MOST_HELD);
    }
    stream.matched()
}

/// CK-52: a word is found however it is cut, far behind what is held at once.
#[test]
fn a_word_in_pieces() {
    let text = [&vec![b'w'; 10_000][..], b"world", &[b'x'; 10]].concat();
    for piece in [1, 2, 3, 5, 4095, 4096, 20_000] {
        assert!(matched(b"world", &regex(0, None), &text, piece), "in pieces of {piece}");
        assert!(!matched(b"worlds", &regex(0, None), &text, piece), "in pieces of {piece}");
    }
}

/// CK-53: the first and the last place where a match may start.
#[test]
fn first_and_last_places() {
    let text = b"0123456world9world";
    for piece in [1, 4, 100] {
        let found = |least, most| matched(b"world", &regex(least, most), text, piece);
        assert!(found(7, None) && found(8, None) && found(13, None) && !found(14, None));
        assert!(found(0, Some(7)) && !found(0, Some(6)) && found(7, Some(7)));
        assert!(!found(8, Some(12)) && found(8, Some(13)) && !found(0, Some(0)));
        assert!(matched(b"0", &regex(0, Some(0)), text, piece));
    }
}

/// Finds anything, but for its price.
struct Costly(std::sync::atomic::AtomicUsize);

impl Matcher for Costly {
    fn search(&self, _: &[u8], _: usize, _: Option<(usize, usize)>) -> Found {
        self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Found::TooCostly
    }

    fn lookbehind(&self) -> usize {
        0
    }
}

/// CK-52: a page that drives a pattern to its limits does so once, in however many pieces it comes.
#[test]
fn what_costs_too_much_is_given_up() {
    let costly = Arc::new(Costly(0.into()));
    let mut stream = Stream::new(costly.clone());
    for _ in 0..1000 {
        stream.take(&regex(0, None), b"a");
    }
    assert!(!stream.matched() && stream.held.is_empty());
    assert_eq!(costly.0.load(std::sync::atomic::Ordering::Relaxed), 1);
}

proptest! {
    /// CK-52, CK-53: however it is cut, the same; never more held than allowed.
    #[test]
    fn pieces_do_not_decide(
        text in prop::collection::vec(prop::sample::select(&b"abc"[..]), 0..200),
        least in 0_usize..50,
        most in prop::option::of(0_usize..200),
        piece in 1_usize..20,
    ) {
        let regex = regex(least, most);
        let expected = (least..=most.unwrap_or(usize::MAX).min(text.len()))
            .any(|at| text.get(at..).is_some_and(|rest| rest.starts_with(b"abca")));
        prop_assert_eq!(matched(b"abca", &regex, &text, piece), expected);
    }
}
