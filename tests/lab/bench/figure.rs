//! Printing figures: side by side, with their ratio, as rows of a Markdown table.

pub fn title() {
    println!("| figure | keepalived 2.2.7 | keepalived-rs | ratio |\n|---|---|---|---|");
}

/// One figure of both programs, smaller is better.
pub fn row(what: &str, original: Option<f64>, ours: Option<f64>, unit: &str) {
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2} {unit}"));
    let ratio = match (original, ours) {
        (Some(original), Some(ours)) if original > 0.0 => format!("{:.2}", ours / original),
        _ => "–".to_owned(),
    };
    println!("| {what} | {} | {} | {ratio} |", show(original), show(ours));
}

/// The least that can be had on this machine, measured in the same run by `doer`.
pub fn bare(what: &str, doer: &str, value: Option<f64>, unit: &str) {
    let value = value.map_or_else(|| "–".to_owned(), |value| format!("{value:.2} {unit}"));
    println!("| {what}, {doer} | {value} | | |");
}

/// The value below which `part` of them lie.
pub fn quantile(sorted: &[f64], part: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    sorted.get((last as f64 * part).round() as usize).copied()
}

pub fn sorted(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values
}
