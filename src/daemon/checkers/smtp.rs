//! SMTP_CHECK: the conversation of `check::smtp` over a connection.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout_at;

use super::probe::{PIECE, Waits, reason};
use crate::check::Outcome;
use crate::check::smtp::{Dialogue, Next};
use crate::kernel::clock;
use crate::kernel::tcp::{ConnectError, connect};
use crate::model::check::SmtpCheck;
use crate::model::event::check::{Obstacle, SmtpFailure};

/// CK-11: the connect has `patience`, then each wait; all together have an end.
pub(super) async fn smtp(check: &SmtpCheck, patience: Duration) -> Outcome {
    let waits = Waits::from(clock::instant(), patience);
    let mut stream = match connect(&check.connect, waits.next()).await {
        Ok(stream) => stream,
        Err(ConnectError::Create(error)) => return Outcome::Hindered(Obstacle::Create { error: reason(&error) }),
        Err(ConnectError::Bind(error)) => return Outcome::Hindered(Obstacle::Bind { error: reason(&error) }),
        Err(ConnectError::Unreachable(_)) => return Outcome::Smtp(Err(SmtpFailure::Unreachable)),
        Err(ConnectError::Failed(_)) => return Outcome::Smtp(Err(SmtpFailure::Refused)),
        Err(ConnectError::Timeout) => return Outcome::Smtp(Err(SmtpFailure::ConnectTimeout)),
    };
    let mut dialogue = Dialogue::new(&check.helo_name);
    let mut piece = [0; PIECE];
    loop {
        let length = match timeout_at(waits.next(), stream.read(&mut piece)).await {
            Err(_late) => return Outcome::Smtp(Err(SmtpFailure::ReadTimeout)),
            Ok(Ok(0) | Err(_)) => return Outcome::Smtp(Err(SmtpFailure::Read)),
            // A server that sends and sends is always ready, so that no wait would ever end.
            Ok(Ok(_)) if clock::instant() >= waits.end => return Outcome::Smtp(Err(SmtpFailure::ReadTimeout)),
            Ok(Ok(length)) => length,
        };
        match dialogue.hear(&piece[..length]) {
            Next::Read => {}
            Next::Say(words) => match timeout_at(waits.next(), stream.write_all(&words)).await {
                Err(_late) => return Outcome::Smtp(Err(SmtpFailure::WriteTimeout)),
                Ok(Err(_)) => return Outcome::Smtp(Err(SmtpFailure::Write)),
                Ok(Ok(())) => {}
            },
            Next::Good => return Outcome::Smtp(Ok(())),
            Next::Bad(failure) => return Outcome::Smtp(Err(failure)),
        }
    }
}
