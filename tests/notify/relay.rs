//! A mail relay on loopback that writes every dialogue down.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use keepalived_rs::base::net::Endpoint;

pub struct Relay {
    pub at: Endpoint,
    /// The lines of each dialogue that has ended.
    pub dialogues: Receiver<Vec<String>>,
}

/// Answers every command well, but `RCPT TO:<REFUSED…` with 550.
pub fn relay() -> Relay {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let (ended, dialogues) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if ended.send(dialogue(stream)).is_err() {
                return;
            }
        }
    });
    Relay { at: Endpoint { address: IpAddr::V4(Ipv4Addr::LOCALHOST), port }, dialogues }
}

fn dialogue(stream: TcpStream) -> Vec<String> {
    let mut lines = Vec::new();
    let mut out = stream.try_clone().expect("a socket");
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes()).is_ok();
    say("220 sink ESMTP");
    let mut data = false;
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        lines.push(line.clone());
        let answer = match line.as_str() {
            "." if data => {
                data = false;
                "250 queued"
            }
            _ if data => continue,
            "DATA" => {
                data = true;
                "354 go"
            }
            "QUIT" => {
                say("221 bye");
                break;
            }
            refused if refused.starts_with("RCPT TO:<refused") => "550 no such user",
            _ => "250 ok",
        };
        if !say(answer) {
            break;
        }
    }
    lines
}
