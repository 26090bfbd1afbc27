//! Reading a configuration with `-t`: a large file, and how time and memory grow with the real servers of one virtual
//! server.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::libc;

use super::Programs;
use super::figure::{quantile, row, sorted, title};
use super::size::virtual_servers;
use crate::namespace::{Outcome, doing};

pub const TCP_CHECK: &str = "        TCP_CHECK {\n            connect_timeout 3\n        }\n";
/// Real servers of the one virtual server.
const SIZES: [u32; 6] = [1_000, 5_000, 10_000, 50_000, 100_000, 200_000];
/// Larger files are not given to a program that took longer for one, in milliseconds.
const BEARABLE: f64 = 20_000.0;

/// One reading: milliseconds, and the most memory in MB.
fn read(program: &Path, file: &Path) -> Outcome<(f64, f64)> {
    let begun = Instant::now();
    let mut command = Command::new(program);
    command.args(["-t", "-f"]).arg(file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = doing(program.display(), command.spawn())?;
    // SAFETY: a rusage is numbers alone, for which zeros are values.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let mut status = 0;
    // SAFETY: both places are ours and live through the call; the child is ours and nobody else waits for it.
    let waited = unsafe { libc::wait4(child.id() as i32, &mut status, 0, &mut usage) };
    let took = begun.elapsed().as_secs_f64() * 1000.0;
    if waited != child.id() as i32 || status != 0 {
        return Err(format!("{} -t: status {status}", program.display()));
    }
    Ok((took, usage.ru_maxrss as f64 / 1024.0))
}

/// The middle one of some readings, and the most memory of any.
fn median(program: &Path, file: &Path, times: usize) -> Outcome<(f64, f64)> {
    let (mut all, mut most) = (Vec::new(), 0.0_f64);
    for _ in 0..times {
        let (took, memory) = read(program, file)?;
        all.push(took);
        most = most.max(memory);
    }
    Ok((quantile(&sorted(all), 0.5).unwrap_or_default(), most))
}

/// 50,000 real servers in 500 virtual servers, and the curve of one virtual server.
pub fn reading(programs: &Programs) -> Outcome<()> {
    doing("place", std::fs::create_dir_all(&programs.place))?;
    let file = programs.place.join("large.conf");
    let write = |text: String| doing("large.conf", std::fs::write(&file, text));
    write(virtual_servers(500, 100, TCP_CHECK))?;
    let original = median(&programs.original, &file, 5)?;
    let ours = median(&programs.ours, &file, 5)?;
    title();
    row("`-t` of 50,000 real servers, median of 5", Some(original.0), Some(ours.0), "ms");
    row("memory at most", Some(original.1), Some(ours.1), "MB");
    println!("\nOne virtual server, median of 3:\n");
    println!(
        "| real servers | keepalived 2.2.7 | memory | keepalived-rs | memory | ratio |\n|---|---|---|---|---|---|"
    );
    let (mut theirs, mut mine): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut bearable = true;
    for servers in SIZES {
        write(virtual_servers(1, servers, TCP_CHECK))?;
        let original = if bearable { Some(median(&programs.original, &file, 3)?) } else { None };
        bearable &= original.is_some_and(|(took, _)| took < BEARABLE);
        let (took, memory) = median(&programs.ours, &file, 3)?;
        let show = original.map_or(("–".to_owned(), "–".to_owned(), "–".to_owned()), |(theirs, room)| {
            (format!("{theirs:.0} ms"), format!("{room:.0} MB"), format!("{:.2}", took / theirs))
        });
        println!("| {servers} | {} | {} | {took:.0} ms | {memory:.0} MB | {} |", show.0, show.1, show.2);
        theirs.extend(original.map(|(took, _)| format!("{took:.0}")));
        mine.push(format!("{took:.0}"));
    }
    println!("\noriginal: [{}]\nours: [{}]", theirs.join(", "), mine.join(", "));
    Ok(())
}
