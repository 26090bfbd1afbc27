//! A mail as it goes over the wire: headers in the original's order, CRLF line ends (IF-211).

use super::Mail;
use crate::base::calendar::LocalTime;
use crate::model::notify::MailSettings;

/// The whole message, without the empty line and the dot that end it. Recipients are folded, one on a line (IF-212).
pub fn message(settings: &MailSettings, date: &LocalTime, mail: &Mail) -> String {
    let to: Vec<String> = settings.to.iter().map(|address| shown(address)).collect();
    let from = shown(&settings.from);
    let Mail { subject, body } = mail;
    let headers = [
        format!("Date: {}", date.mail()),
        format!("From: {from}"),
        format!("Subject: {}", one_line(subject)),
        "X-Mailer: Keepalived".to_owned(),
        format!("To: {}", to.join(",\r\n ")),
    ];
    format!("{}\r\n\r\n{}\r\n", headers.join("\r\n"), one_line(body))
}

/// The address that MAIL and RCPT name: what stands in angle brackets, if anything does (IF-213).
pub fn bare_address(text: &str) -> &str {
    match text.rsplit_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or(rest).trim(),
        None => text.trim(),
    }
}

/// The address as headers show it: a name with special characters (RFC 5322 section 3.2.3) is quoted.
fn shown(text: &str) -> String {
    const SPECIALS: &[char] = &['(', ')', '[', ']', ':', ';', '@', '\\', ',', '.'];
    match text.split_once('<') {
        Some((name, address)) if !name.trim().is_empty() => {
            let name = name.trim();
            if name.contains(SPECIALS) && !name.starts_with('"') {
                one_line(&format!("\"{}\" <{address}", name.replace('\\', "\\\\")))
            } else {
                one_line(&format!("{name} <{address}"))
            }
        }
        _ => one_line(text),
    }
}

/// A line end in a name must not begin a header of its own.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}
