//! Breadth-first: every state once, the shortest way to a broken rule.

use std::collections::{HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use crate::world::{Action, World};

pub enum Found {
    Nothing { states: usize, masters: usize },
    Broken { states: usize, error: String, way: Vec<String> },
}

/// More is a sign that some field counts without end.
const MOST_STATES: usize = 2_000_000;

fn key(world: &World) -> u128 {
    let half = |salt: u8| {
        let mut hasher = DefaultHasher::new();
        salt.hash(&mut hasher);
        world.hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

pub fn explore(start: World) -> Found {
    let mut known = HashSet::from([key(&start)]);
    // For each state: which one it came from, and how.
    let mut origin: Vec<Option<(usize, Action)>> = vec![None];
    let mut queue = VecDeque::from([(0, start.clone())]);
    let mut masters = 0;
    while let Some((at, world)) = queue.pop_front() {
        masters += usize::from(world.has_master());
        for action in world.actions() {
            let mut next = world.clone();
            if let Err(error) = next.apply(action) {
                return Found::Broken { states: known.len(), error, way: way(&start, &origin, at, action) };
            }
            if known.insert(key(&next)) {
                origin.push(Some((at, action)));
                queue.push_back((origin.len() - 1, next));
            }
        }
        assert!(known.len() < MOST_STATES, "no end after {} states", known.len());
    }
    Found::Nothing { states: known.len(), masters }
}

/// Plays the way again and tells it.
fn way(start: &World, origin: &[Option<(usize, Action)>], mut at: usize, last: Action) -> Vec<String> {
    let mut actions = vec![last];
    while let Some((before, action)) = origin[at] {
        actions.push(action);
        at = before;
    }
    let mut world = start.clone();
    let mut told = Vec::new();
    for action in actions.into_iter().rev() {
        let outcome = world.apply(action);
        told.push(format!("{action:?} -> {}", world.show()));
        if let Err(error) = outcome {
            told.push(error);
        }
    }
    told
}
