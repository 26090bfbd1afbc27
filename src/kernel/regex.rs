//! Regular expressions by PCRE2, which is what the original uses: other dialects match other things.

use std::ffi::c_int;
use std::ptr::{self, NonNull};

use pcre2_sys as pcre2;

use crate::model::check::{Pattern, RegexOption};

/// Backtracks of one search. PCRE2's own limit lets a hostile page keep a bad pattern busy for a second.
const MOST_BACKTRACKS: u32 = 1_000_000;

/// A compiled pattern.
#[derive(Debug)]
pub struct Compiled {
    code: NonNull<pcre2::pcre2_code_8>,
    lookbehind: usize,
}

// SAFETY: PCRE2's documentation (pcre2api, "Multithreading") says that compiled code is not changed by matching and
// may be used by several threads; it is compiled for JIT only before it is handed out.
unsafe impl Send for Compiled {}
// SAFETY: as above.
unsafe impl Sync for Compiled {}

/// Why a pattern is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatternError {
    /// Bytes of the pattern before the mistake.
    pub offset: usize,
    pub words: String,
}

/// Where a search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    Nothing,
    /// It went back more often than is allowed.
    TooCostly,
    /// The subject ends where a match that starts here could go on.
    Partial(usize),
    Match(usize),
}

impl Compiled {
    /// # Errors
    /// When the text is no regular expression.
    pub fn new(pattern: &Pattern) -> Result<Compiled, PatternError> {
        let mut options = pattern.options.iter().fold(0, |options, option| options | bit(*option));
        if options & pcre2::PCRE2_UTF != 0 {
            // Pages need not be UTF-8, and pieces end anywhere.
            options |= pcre2::PCRE2_MATCH_INVALID_UTF;
        }
        let (mut error, mut offset): (c_int, usize) = (0, 0);
        let text = pattern.text.as_bytes();
        // SAFETY: pattern and length belong together, and the two places for the error live until the call returns.
        let code = unsafe {
            pcre2::pcre2_compile_8(text.as_ptr(), text.len(), options, &mut error, &mut offset, ptr::null_mut())
        };
        let Some(code) = NonNull::new(code) else { return Err(PatternError { offset, words: describe(error) }) };
        let mut lookbehind: u32 = 0;
        // SAFETY: the code is valid; this question is answered by a uint32_t (pcre2api). Where there is no JIT the
        // interpreter matches, so the result of the second call does not matter.
        unsafe {
            pcre2::pcre2_pattern_info_8(
                code.as_ptr(),
                pcre2::PCRE2_INFO_MAXLOOKBEHIND,
                ptr::from_mut(&mut lookbehind).cast(),
            );
            pcre2::pcre2_jit_compile_8(code.as_ptr(), pcre2::PCRE2_JIT_PARTIAL_HARD);
        }
        Ok(Compiled { code, lookbehind: lookbehind as usize })
    }

    /// Characters that it looks back at most.
    pub fn lookbehind(&self) -> usize {
        self.lookbehind
    }

    /// Looks for a match that starts at or after byte `from`. `stack`: bytes at the start and at most.
    pub fn search(&self, subject: &[u8], from: usize, stack: Option<(usize, usize)>) -> Search {
        if from > subject.len() {
            return Search::Nothing;
        }
        let Some(work) = Work::of(self, stack) else { return Search::Nothing };
        // SAFETY: subject and length belong together, `from` is within, and what `work` holds is valid. Unlike
        // pcre2_jit_match this checks that the subject suits the pattern.
        let found = unsafe {
            pcre2::pcre2_match_8(
                self.code.as_ptr(),
                subject.as_ptr(),
                subject.len(),
                from,
                pcre2::PCRE2_PARTIAL_HARD,
                work.matches.as_ptr(),
                work.context.as_ptr(),
            )
        };
        match found {
            pcre2::PCRE2_ERROR_MATCHLIMIT | pcre2::PCRE2_ERROR_DEPTHLIMIT | pcre2::PCRE2_ERROR_HEAPLIMIT => {
                return Search::TooCostly;
            }
            0.. | pcre2::PCRE2_ERROR_PARTIAL => {}
            _ => return Search::Nothing,
        }
        // SAFETY: a match and a partial match set the first pair, which every match data has.
        let start = unsafe { *pcre2::pcre2_get_ovector_pointer_8(work.matches.as_ptr()) };
        if found < 0 { Search::Partial(start) } else { Search::Match(start) }
    }
}

impl Drop for Compiled {
    fn drop(&mut self) {
        // SAFETY: made by pcre2_compile and freed once.
        unsafe { pcre2::pcre2_code_free_8(self.code.as_ptr()) }
    }
}

/// What one search needs.
struct Work {
    matches: NonNull<pcre2::pcre2_match_data_8>,
    context: NonNull<pcre2::pcre2_match_context_8>,
    stack: Option<NonNull<pcre2::pcre2_jit_stack_8>>,
}

impl Work {
    /// `None`: there is no memory.
    fn of(regex: &Compiled, stack: Option<(usize, usize)>) -> Option<Work> {
        // SAFETY: the code is valid; each of these gives a null pointer when there is no memory.
        let (matches, context) = unsafe {
            (
                NonNull::new(pcre2::pcre2_match_data_create_from_pattern_8(regex.code.as_ptr(), ptr::null_mut())),
                NonNull::new(pcre2::pcre2_match_context_create_8(ptr::null_mut())),
            )
        };
        let (matches, context) = match (matches, context) {
            (Some(matches), Some(context)) => (matches, context),
            (matches, context) => {
                // SAFETY: each frees what it made, or nothing.
                unsafe {
                    pcre2::pcre2_match_data_free_8(matches.map_or(ptr::null_mut(), NonNull::as_ptr));
                    pcre2::pcre2_match_context_free_8(context.map_or(ptr::null_mut(), NonNull::as_ptr));
                }
                return None;
            }
        };
        // SAFETY: the context is valid and outlives its stack's assignment; a null pointer means: no own stack.
        let stack = unsafe {
            pcre2::pcre2_set_match_limit_8(context.as_ptr(), MOST_BACKTRACKS);
            let stack = stack
                .and_then(|(start, most)| NonNull::new(pcre2::pcre2_jit_stack_create_8(start, most, ptr::null_mut())));
            if let Some(stack) = stack {
                pcre2::pcre2_jit_stack_assign_8(context.as_ptr(), None, stack.as_ptr().cast());
            }
            stack
        };
        Some(Work { matches, context, stack })
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        // SAFETY: each was made by its counterpart, and is freed once.
        unsafe {
            pcre2::pcre2_match_data_free_8(self.matches.as_ptr());
            pcre2::pcre2_match_context_free_8(self.context.as_ptr());
            if let Some(stack) = self.stack {
                pcre2::pcre2_jit_stack_free_8(stack.as_ptr());
            }
        }
    }
}

fn describe(error: c_int) -> String {
    let mut words = [0_u8; 256];
    // SAFETY: buffer and length belong together.
    let length = unsafe { pcre2::pcre2_get_error_message_8(error, words.as_mut_ptr(), words.len()) };
    let length = usize::try_from(length).unwrap_or(0).min(words.len());
    String::from_utf8_lossy(&words[..length]).into_owned()
}

/// pcre2.h.
fn bit(option: RegexOption) -> u32 {
    match option {
        RegexOption::AllowEmptyClass => pcre2::PCRE2_ALLOW_EMPTY_CLASS,
        RegexOption::AltBsux => pcre2::PCRE2_ALT_BSUX,
        RegexOption::AutoCallout => pcre2::PCRE2_AUTO_CALLOUT,
        RegexOption::Caseless => pcre2::PCRE2_CASELESS,
        RegexOption::DollarEndonly => pcre2::PCRE2_DOLLAR_ENDONLY,
        RegexOption::Dotall => pcre2::PCRE2_DOTALL,
        RegexOption::Dupnames => pcre2::PCRE2_DUPNAMES,
        RegexOption::Extended => pcre2::PCRE2_EXTENDED,
        RegexOption::Firstline => pcre2::PCRE2_FIRSTLINE,
        RegexOption::MatchUnsetBackref => pcre2::PCRE2_MATCH_UNSET_BACKREF,
        RegexOption::Multiline => pcre2::PCRE2_MULTILINE,
        RegexOption::NeverUcp => pcre2::PCRE2_NEVER_UCP,
        RegexOption::NeverUtf => pcre2::PCRE2_NEVER_UTF,
        RegexOption::NoAutoCapture => pcre2::PCRE2_NO_AUTO_CAPTURE,
        RegexOption::NoAutoPossess => pcre2::PCRE2_NO_AUTO_POSSESS,
        RegexOption::NoDotstarAnchor => pcre2::PCRE2_NO_DOTSTAR_ANCHOR,
        RegexOption::NoStartOptimize => pcre2::PCRE2_NO_START_OPTIMIZE,
        RegexOption::Ucp => pcre2::PCRE2_UCP,
        RegexOption::Ungreedy => pcre2::PCRE2_UNGREEDY,
        RegexOption::Utf => pcre2::PCRE2_UTF,
        RegexOption::NeverBackslashC => pcre2::PCRE2_NEVER_BACKSLASH_C,
        RegexOption::AltCircumflex => pcre2::PCRE2_ALT_CIRCUMFLEX,
        RegexOption::AltVerbnames => pcre2::PCRE2_ALT_VERBNAMES,
        RegexOption::UseOffsetLimit => pcre2::PCRE2_USE_OFFSET_LIMIT,
    }
}

#[cfg(test)]
mod tests;
