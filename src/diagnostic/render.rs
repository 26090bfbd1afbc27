//! A finding as text: one line for the log and for pipes, the full look with the excerpt for a terminal, or JSON.

use ariadne::{CharSet, Config, IndexType, Label, Report, ReportKind, Source};

use super::{Diagnostic, Severity, SourceMap, json};

/// How findings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Full { colour: bool },
    Line,
    Json,
}

/// Findings in a form, one after the other; each ends in a newline.
pub fn findings<'d>(all: impl IntoIterator<Item = &'d Diagnostic>, sources: &SourceMap, form: Form) -> String {
    // The lines of a file are counted once, not for each finding.
    let mut files = Files::new(sources);
    let mut text = String::new();
    for diagnostic in all {
        match form {
            Form::Full { colour } => text += &excerpt(diagnostic, sources, colour, &mut files),
            Form::Line => text += &format!("{}\n", advised(diagnostic, sources)),
            Form::Json => text += &format!("{}\n", json::object(diagnostic, sources)),
        }
    }
    text
}

/// The line of the log with the advice behind it: what looks for the original's words finds them.
pub fn advised(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let line = line(diagnostic, sources);
    match &diagnostic.help {
        Some(help) => format!("{line} - {help}"),
        None => line,
    }
}

/// One line for the log: the original's `(FILE: Line N) words` (CL-107). What was found after reading has no place
/// in the original's words; neither has it here.
pub fn line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let place = diagnostic.primary.as_ref().filter(|_| !diagnostic.late).and_then(|label| sources.position(label.span));
    match place {
        Some(at) => format!("({}: Line {}) {}", at.file, at.line, diagnostic.message),
        None => diagnostic.message.clone(),
    }
}

/// The full look: heading with the code, excerpt with labels, notes, advice; ends in a newline.
pub fn full(diagnostic: &Diagnostic, sources: &SourceMap, colour: bool) -> String {
    excerpt(diagnostic, sources, colour, &mut Files::new(sources))
}

fn excerpt(diagnostic: &Diagnostic, sources: &SourceMap, colour: bool, files: &mut Files<'_>) -> String {
    let kind = match diagnostic.severity() {
        Severity::Error => ReportKind::Error,
        Severity::Warning => ReportKind::Warning,
        Severity::Note => ReportKind::Advice,
    };
    let word = diagnostic.severity().word();
    let Some((file, range, expanded)) = diagnostic.primary.as_ref().and_then(|label| sources.origin(label.span)) else {
        let mut text = format!("{word}[{}]: {}\n", diagnostic.code.id(), diagnostic.message);
        text.extend(diagnostic.notes.iter().map(|note| format!("  = note: {note}\n")));
        if let Some(help) = &diagnostic.help {
            text.push_str(&format!("  = help: {help}\n"));
        }
        return text;
    };
    let mut report = Report::build(kind, (file, range.clone()))
        .with_config(
            Config::default().with_color(colour).with_char_set(CharSet::Ascii).with_index_type(IndexType::Byte),
        )
        .with_code(diagnostic.code.id())
        .with_message(&diagnostic.message);
    let own = diagnostic.primary.as_ref().map_or("", |label| label.text.as_str());
    let became = diagnostic.primary.as_ref().map_or("", |label| sources.slice(label.span));
    let text = match (expanded, own.is_empty()) {
        (true, true) => format!("this became `{became}`"),
        (true, false) => format!("{own} (this became `{became}`)"),
        (false, _) => own.to_owned(),
    };
    let mut labels = vec![(file, range, if text.is_empty() { "here".to_owned() } else { text })];
    let others = diagnostic.secondary.iter();
    labels.extend(others.filter_map(|other| {
        let (file, range, _) = sources.origin(other.span)?;
        Some((file, range, other.text.clone()))
    }));
    // In the order of the file, as they are read; the file that it is about first.
    labels.sort_by_key(|(number, range, _)| (*number != file, *number, range.start));
    for (file, range, text) in labels {
        report = report.with_label(Label::new((file, range)).with_message(text));
    }
    report.with_notes(&diagnostic.notes);
    if let Some(help) = &diagnostic.help {
        report = report.with_help(help);
    }
    let mut out = Vec::new();
    let written = report.finish().write(files, &mut out);
    match written {
        Ok(()) => String::from_utf8_lossy(&out).into_owned(),
        Err(_) => format!("{}\n", line(diagnostic, sources)),
    }
}

/// The files of a source map as ariadne asks for them.
struct Files<'a> {
    sources: &'a SourceMap,
    read: std::collections::BTreeMap<usize, Source<&'a str>>,
}

impl<'a> Files<'a> {
    fn new(sources: &'a SourceMap) -> Files<'a> {
        Files { sources, read: std::collections::BTreeMap::new() }
    }
}

impl<'a> ariadne::Cache<usize> for Files<'a> {
    type Storage = &'a str;

    fn fetch(&mut self, id: &usize) -> Result<&Source<&'a str>, impl std::fmt::Debug> {
        let text = self.sources.file(*id).map_or("", |(_, text)| text);
        Ok::<_, std::fmt::Error>(self.read.entry(*id).or_insert_with(|| Source::from(text)))
    }

    fn display<'b>(&self, id: &'b usize) -> Option<impl std::fmt::Display + 'b> {
        self.sources.file(*id).map(|(name, _)| name.to_owned())
    }
}
