//! `global_defs` and what stands at top level beside it.

use super::writer::{Writer, word};
use super::{later, notify, upkeep};
use crate::model::global::{Global, ProcessSettings};

/// What stands outside of `global_defs`.
pub fn top(out: &mut Writer, global: &Global) {
    out.given("instance", global.instance.as_deref().map(word));
    out.given("net_namespace", global.net_namespace.as_deref().map(word));
    out.value("child_wait_time", global.child_wait_time);
    out.flag("use_pid_dir", global.upkeep.pid_folder);
}

/// Settings of the whole router.
pub fn settings(out: &mut Writer, global: &Global) {
    let Global {
        router_id,
        // Of the top level.
        instance: _,
        net_namespace: _,
        child_wait_time: _,
        no_email_faults,
        mail,
        script_user,
        script_security,
        notify_fifo,
        vrrp_notify_fifo,
        lvs_notify_fifo,
        umask,
        vrrp_process,
        checker_process,
        dynamic_interfaces,
        allow_if_changes,
        upkeep,
        later,
    } = global;
    out.value("router_id", word(router_id));
    out.flag("no_email_faults", *no_email_faults);
    if let Some(mail) = mail {
        notify::mail(out, mail);
    }
    out.given("script_user", script_user.as_ref().map(notify::identity));
    out.flag("enable_script_security", *script_security);
    out.flag("dynamic_interfaces", *dynamic_interfaces && !allow_if_changes);
    out.flag("dynamic_interfaces allow_if_changes", *allow_if_changes);
    notify::fifo(out, "notify_fifo", notify_fifo);
    notify::fifo(out, "vrrp_notify_fifo", vrrp_notify_fifo);
    notify::fifo(out, "lvs_notify_fifo", lvs_notify_fifo);
    out.given("umask", umask.map(|mask| format!("0{mask:o}")));
    process(out, "vrrp", vrrp_process);
    process(out, "checker", checker_process);
    upkeep::settings(out, upkeep);
    later::settings(out, later);
}

/// How a task's thread is scheduled.
fn process(out: &mut Writer, name: &str, settings: &ProcessSettings) {
    let ProcessSettings { nice, rt_priority, cpu_affinity, no_swap } = settings;
    out.given(&format!("{name}_priority"), *nice);
    out.given(&format!("{name}_rt_priority"), *rt_priority);
    if !cpu_affinity.is_empty() {
        let processors: Vec<String> = cpu_affinity.iter().map(u16::to_string).collect();
        out.value(&format!("{name}_cpu_affinity"), processors.join(" "));
    }
    out.flag(&format!("{name}_no_swap"), *no_swap);
}
