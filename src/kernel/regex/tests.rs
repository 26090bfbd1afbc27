use proptest::prelude::*;

use super::*;

fn compiled(text: &str, options: &[RegexOption]) -> Compiled {
    let pattern = Pattern { text: text.to_owned(), options: options.to_vec() };
    Compiled::new(&pattern).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn search(text: &str, options: &[RegexOption], subject: &[u8]) -> Search {
    compiled(text, options).search(subject, 0, None)
}

/// CK-52: a match, none, and what may become one.
#[test]
fn whole_partial_and_no_matches() {
    assert_eq!(search("wor(ld)", &[], b"hello world"), Search::Match(6));
    assert_eq!(search("world", &[], b"hello wor"), Search::Partial(6));
    assert_eq!(search("wor.*", &[], b"hello world"), Search::Partial(6), "more could belong to it");
    assert_eq!(search("xyz", &[], b"hello world"), Search::Nothing);
    let regex = compiled("(?<=ab)c", &[]);
    assert_eq!((regex.lookbehind(), regex.search(b"abc", 2, None)), (2, Search::Match(2)));
    assert_eq!(regex.search(b"abc", 4, None), Search::Nothing, "behind its end");
}

/// CK-53: options have the effect of their names.
#[test]
fn options_act() {
    use RegexOption as O;
    for (text, options, subject, with, without) in [
        ("A", &[O::Caseless][..], "xa", Search::Match(1), Search::Nothing),
        ("a.b", &[O::Dotall], "a\nb", Search::Match(0), Search::Nothing),
        ("a b", &[O::Extended], "xab", Search::Match(1), Search::Nothing),
        ("^b", &[O::Multiline], "a\nb ", Search::Match(2), Search::Nothing),
        ("^..b", &[O::Utf], "éab", Search::Match(0), Search::Nothing),
        ("[]a", &[O::AllowEmptyClass], "xyz", Search::Nothing, Search::Nothing),
    ] {
        assert_eq!(search(text, options, subject.as_bytes()), with, "{text} with {options:?}");
        if text != "[]a" {
            assert_eq!(search(text, &[], subject.as_bytes()), without, "{text}");
        }
    }
    // Each is one that the library knows.
    for (name, option) in RegexOption::ALL {
        assert!(Compiled::new(&Pattern { text: "a".to_owned(), options: vec![*option] }).is_ok(), "{name}");
    }
}

/// CK-53: a text that is none says where and why.
#[test]
fn what_is_no_pattern() {
    let error = Compiled::new(&Pattern { text: "a(b".to_owned(), options: Vec::new() }).expect_err("no pattern");
    assert_eq!(error, PatternError { offset: 3, words: "missing closing parenthesis".to_owned() });
}

/// A page that drives a bad pattern to its limits is given up in bounded time.
#[test]
fn endless_backtracking_ends() {
    let begun = crate::kernel::clock::now();
    let page = [&[b'a'; 100][..], b"!"].concat();
    assert_eq!(search("(a+)+[bc]", &[], &page), Search::TooCostly);
    let took = crate::kernel::clock::now().since(begun).as_duration();
    assert!(took < std::time::Duration::from_secs(2), "{took:?}");
}

proptest! {
    /// Any page, with UTF and without, with a stack of its own: no panic, and a place within.
    #[test]
    fn any_page(page in prop::collection::vec(any::<u8>(), 0..200), from in 0_usize..210, utf in any::<bool>()) {
        let options: &[RegexOption] = if utf { &[RegexOption::Utf] } else { &[] };
        let regex = compiled("(?<!x)[a-f]+.é?", options);
        match regex.search(&page, from, Some((1024, 65536))) {
            Search::Match(at) | Search::Partial(at) => prop_assert!(at <= page.len()),
            Search::Nothing | Search::TooCostly => {}
        }
    }
}
