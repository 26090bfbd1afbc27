//! Whole routers on a simulated LAN, in any weather. Time jumps; everything follows from one seed.
//!
//! `KA_SIM_SEED=n` replays one seed and tells it input by input, `KA_SIM_SEEDS=n` widens (`.ci/run` plays 10,000),
//! `KA_SIM_STEPS=n` deepens.
//! A failure prints the seed, the step and the last 30 inputs.

mod lan;
#[path = "sim/calm.rs"]
mod calm;
#[path = "sim/neighbours.rs"]
mod neighbours;
#[path = "sim/town.rs"]
mod town;
#[path = "sim/weather.rs"]
mod weather;

use std::panic::{AssertUnwindSafe, catch_unwind};

use weather::{Sim, Tally};

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

fn steps() -> u64 {
    number("KA_SIM_STEPS").unwrap_or(300)
}

/// Runs one seed; the error tells all that is needed to run it again.
fn run(seed: u64, prepare: impl FnOnce(&mut Sim)) -> Result<Tally, String> {
    let mut sim = Sim::new(seed);
    prepare(&mut sim);
    let outcome = catch_unwind(AssertUnwindSafe(|| sim.run(steps())));
    let error = match outcome {
        Ok(Ok(())) => return Ok(sim.tally),
        Ok(Err(error)) => error,
        Err(panic) => {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
            format!("panic: {}", text.unwrap_or_default())
        }
    };
    Err(format!(
        "KA_SIM_SEED={seed} step {}: {error}\n{}\nthe last inputs:\n{}",
        sim.step,
        sim.topology(),
        sim.journal.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    ))
}

/// The ten rules of `lan/rule.rs` and `sim/calm.rs`, for many seeds.
///
/// VR-239, VR-240, VR-242, VR-243: members of a sync group are Master together or not at all, and all agree before.
/// VR-212, VR-235, VR-299, VR-302, VR-306, VR-312: BFD sessions in the same weather, and who follows them.
/// VR-121, VR-136, VR-146, VR-148: on a calm LAN one router is Master, the one with the highest priority.
#[test]
fn any_weather() {
    let mut tally = Tally::default();
    let seeds = match number("KA_SIM_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("KA_SIM_SEEDS").unwrap_or(500),
    };
    let count = seeds.end - seeds.start;
    let lanes = std::thread::available_parallelism().map_or(1, |lanes| lanes.get() as u64);
    // Each lane takes every so many-th seed; the first broken one is told, whichever lane finds it.
    let lane = |first: u64| -> Result<Tally, (u64, String)> {
        let mut tally = Tally::default();
        for seed in (seeds.start + first..seeds.end).step_by(lanes as usize) {
            tally.add(&run(seed, |sim| sim.narrate = count == 1).map_err(|error| (seed, error))?);
        }
        Ok(tally)
    };
    let found = std::thread::scope(|scope| {
        let running: Vec<_> = (0..lanes)
            .map(|first| {
                scope.spawn({
                    let lane = &lane;
                    move || lane(first)
                })
            })
            .collect();
        let end = |lane: std::thread::ScopedJoinHandle<'_, _>| lane.join().expect("a lane catches its panics");
        running.into_iter().map(end).collect::<Vec<_>>()
    });
    if let Some((_, error)) = found.iter().filter_map(|lane| lane.as_ref().err()).min() {
        panic!("{error}");
    }
    found.iter().flatten().for_each(|one| tally.add(one));
    println!("{count} seeds: {tally:?}");
    if count >= 100 {
        assert!(tally.masters > 5 * count, "the routers hardly ever became Master: {tally:?}");
        assert!(tally.faults > count, "hardly any fault: {tally:?}");
        assert!(tally.calms > 2 * count, "hardly ever calm: {tally:?}");
        assert!(tally.received > 100 * count, "hardly any advert arrived: {tally:?}");
        assert!(tally.sessions > count, "hardly any BFD session came up: {tally:?}");
    }
}

/// One seed is one story: the same inputs, the same effects.
#[test]
fn a_seed_repeats_itself() {
    for seed in 1000..1005 {
        let first = run(seed, |_| ()).unwrap_or_else(|error| panic!("{error}"));
        let second = run(seed, |_| ()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(first, second, "seed {seed}");
    }
}

/// The simulation is no good if it finds nothing: each of these must be found in a few seeds.
#[test]
fn planted_faults_are_found() {
    type Plant = fn(&mut Sim);
    let planted: [(&str, Plant, &str); 7] = [
        ("orders to remove addresses are lost", |sim| sim.hosts[0].planted.addresses_stay = true, "Masters want"),
        ("one router hears nothing", |sim| sim.hosts[0].planted.deaf = true, "Master"),
        ("one router's adverts never leave", |sim| sim.hosts[0].planted.mute = true, "Masters:"),
        ("a Backup advertises", |sim| sim.hosts[0].planted.talkative = true, "is not Master"),
        ("addresses go before priority 0", |sim| sim.hosts[0].planted.hasty = true, "before it says priority 0"),
        (
            "a group does not ask its members",
            |sim| sim.hosts.iter_mut().for_each(|host| host.planted.rash = true),
            "after it heard one of priority",
        ),
        ("a reload begins anew", |sim| sim.hosts[0].planted.forgetful = true, "reload of an unchanged model"),
    ];
    for (what, plant, words) in planted {
        let found = (0..60).any(|seed| run(seed, plant).is_err_and(|error| error.contains(words)));
        assert!(found, "nobody noticed that {what}");
    }
}
