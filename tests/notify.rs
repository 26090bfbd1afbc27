//! Whom the daemon tells, what, and in which order: the plan, then real scripts, FIFOs and mail.

#[path = "notify/act.rs"]
mod act;
#[path = "lan/mod.rs"]
mod lan;
#[path = "notify/plan.rs"]
mod plan;
#[path = "notify/relay.rs"]
mod relay;
#[path = "notify/telling.rs"]
mod telling;
