//! Any bytes as the answer to HTTP_GET: what is judged does not depend on how the network cuts it. The first bytes say
//! what is wanted: a digest, a regular expression, where it may begin.

#![no_main]

use std::sync::{Arc, LazyLock};

use keepalived_rs::check::http::{Answer, Judgement};
use keepalived_rs::check::regex::Stream;
use keepalived_rs::kernel::regex::Compiled;
use keepalived_rs::model::check::{Pattern, Regex, RegexOption, Url};
use libfuzzer_sys::fuzz_target;

/// Look back, look ahead, anchors, what cannot match at an end, what backtracks.
const PATTERNS: [&str; 6] = ["good", "(?<=a)b.*c", "^x+y$", r"\bword\b", "(a+)+$", "ä[^a]{2,3}(?!b)"];

static COMPILED: LazyLock<Vec<(Pattern, Arc<Compiled>)>> = LazyLock::new(|| {
    let with = |options: Vec<RegexOption>| {
        PATTERNS.into_iter().map(move |text| Pattern { text: text.to_owned(), options: options.clone() })
    };
    with(Vec::new())
        .chain(with(vec![RegexOption::Utf, RegexOption::Multiline]))
        .map(|pattern| (pattern.clone(), Arc::new(Compiled::new(&pattern).expect("a pattern"))))
        .collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Some(([what, least, most], text)) = bytes.split_first_chunk() else { return };
    let regex = COMPILED.get(usize::from(what & 0x1f));
    let url = Url {
        path: "/".to_owned(),
        virtual_host: None,
        server_name: None,
        digest: (what & 0x80 != 0).then_some([7; 16]),
        status_codes: vec![(200, 299), (500, 500)],
        tls_compliant: false,
        regex: regex.map(|(pattern, _)| Regex {
            pattern: pattern.clone(),
            no_match: what & 0x20 != 0,
            min_offset: usize::from(*least),
            max_offset: (*most != 0).then_some(usize::from(*most) * 16),
            stack: (what & 0x40 != 0).then_some((1 << 10, 1 << 16)),
        }),
    };
    let judged = |piece: usize, regex: Option<&Arc<Compiled>>| {
        let mut answer = Answer::to(&url, regex.map(|compiled| Stream::new(compiled.clone())));
        for bytes in text.chunks(piece) {
            if answer.take(bytes).is_err() {
                break;
            }
        }
        answer.judge()
    };
    for piece in [1, 7, 4096] {
        judged(piece, regex.map(|(_, compiled)| compiled));
    }
    let [one, seven, all]: [Judgement; 3] = [1, 7, 1 << 20].map(|piece| judged(piece, None));
    assert!(one == seven && seven == all, "{one:?} {seven:?} {all:?}");
});
