//! What we tell the author of a file: mistakes as data, with the places they are about.

pub mod code;
mod findings;
mod json;
pub mod manual;
pub mod render;
pub mod source;

pub use code::{Class, Code, Severity};
pub use findings::Findings;
pub use source::{SourceMap, Span};

/// A value and the place in the configuration where it was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spanned<T> {
    pub value: T,
    pub span: Span,
}

impl<T> Spanned<T> {
    pub const fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }

    /// Another value of the same place.
    pub fn with<U>(&self, value: U) -> Spanned<U> {
        Spanned { value, span: self.span }
    }
}

/// A place and what is to be said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    pub span: Span,
    pub text: String,
}

/// One finding about a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    /// One line that stands alone, in the original's words where it has any.
    pub message: String,
    /// The place it is about; `None` when it is about the whole.
    pub primary: Option<Label>,
    /// Other places that matter to it.
    pub secondary: Vec<Label>,
    /// Facts that help to understand it.
    pub notes: Vec<String>,
    /// What to do about it; only this advises.
    pub help: Option<String>,
    /// Found after reading: the original then names no line in its own message (CL-107).
    pub late: bool,
}

impl Diagnostic {
    /// A finding without a place.
    pub fn new(code: Code, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            message: message.into(),
            primary: None,
            secondary: Vec::new(),
            notes: Vec::new(),
            help: None,
            late: false,
        }
    }

    /// A finding at a place; the label is empty, so only the place is shown.
    pub fn at(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { primary: Some(Label { span, text: String::new() }), ..Diagnostic::new(code, message) }
    }

    /// A finding of the time after reading.
    pub fn late(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { late: true, ..Diagnostic::at(code, span, message) }
    }

    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        if let Some(primary) = &mut self.primary {
            primary.text = text.into();
        }
        self
    }

    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.secondary.push(Label { span, text: text.into() });
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(text.into());
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    pub fn severity(&self) -> Severity {
        self.code.severity()
    }
}
