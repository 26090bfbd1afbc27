//! A finding as JSON, for editors and other programs. The fields are documented in docs/diagnostics.md.

use serde_json::{Map, Value, json};

use super::{Diagnostic, SourceMap, Span};

/// One object on one line.
pub fn object(diagnostic: &Diagnostic, sources: &SourceMap) -> Value {
    let Diagnostic { code, message, primary, secondary, notes, help, late: _ } = diagnostic;
    let mut object = Map::new();
    object.insert("code".to_owned(), json!(code.id()));
    object.insert("severity".to_owned(), json!(code.severity().word()));
    object.insert("message".to_owned(), json!(message));
    object.extend(place(primary.as_ref().map(|label| label.span), sources));
    let labels = primary.iter().chain(secondary).enumerate();
    let label = |(at, label): (usize, &super::Label)| {
        let mut object = place(Some(label.span), sources);
        object.insert("text".to_owned(), json!(label.text));
        object.insert("primary".to_owned(), json!(at == 0 && primary.is_some()));
        object
    };
    object.insert("labels".to_owned(), json!(labels.map(label).collect::<Vec<_>>()));
    object.insert("notes".to_owned(), json!(notes));
    object.insert("help".to_owned(), json!(help));
    Value::Object(object)
}

/// `file`, `line` and `column` of the first character and `end` behind the last one; null without a place.
fn place(span: Option<Span>, sources: &SourceMap) -> Map<String, Value> {
    let ends = span.and_then(|span| sources.ends(span));
    let mut object = Map::new();
    let (start, end) = ends.map_or((None, None), |(start, end)| (Some(start), Some(end)));
    object.insert("file".to_owned(), json!(start.as_ref().map(|at| &at.file)));
    object.insert("line".to_owned(), json!(start.as_ref().map(|at| at.line)));
    object.insert("column".to_owned(), json!(start.as_ref().map(|at| at.column)));
    let end = end.map(|at| json!({ "line": at.line, "column": at.column }));
    object.insert("end".to_owned(), json!(end));
    object
}
