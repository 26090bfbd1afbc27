//! The plan: words, order, whom.

use keepalived_rs::base::calendar::LocalTime;
use keepalived_rs::base::name::{InstanceName, Priority, SyncGroupName};
use keepalived_rs::model::Model;
use keepalived_rs::model::event::{Notification, NotifyState};
use keepalived_rs::model::lvs::{RealServerId, VirtualServerId};
use keepalived_rs::model::notify::MailSettings;
use keepalived_rs::model::vrrp::InstanceId;
use keepalived_rs::notify::message::{bare_address, message};
use keepalived_rs::notify::plan::Planner;
use keepalived_rs::notify::{Action, Mail};

use crate::telling::{endpoint, global, mail, model};

fn all() -> Model {
    model(&["/bin/tell"], global(Some(mail(endpoint(25)))))
}

pub fn instance(state: NotifyState, priority: u8) -> Notification {
    let name = InstanceName::new("VI_1");
    Notification::Instance { generation: 0, instance: InstanceId(0), name, state, priority: Priority(priority) }
}

pub fn group(state: NotifyState) -> Notification {
    Notification::SyncGroup { generation: 0, group: 0, name: SyncGroupName::new("G1"), state }
}

fn shown(actions: &[Action]) -> Vec<String> {
    let one = |action: &Action| match action {
        Action::Run { script, more } => format!("run {}", [&script.argv[1..], more].concat().join(" ")),
        Action::Line { fifo, text } => format!("{fifo:?} {text}"),
        Action::Mail(Mail { subject, body }) => format!("mail {subject} / {body}"),
    };
    actions.iter().map(one).collect()
}

fn planned(planner: &mut Planner, model: &Model, notification: &Notification) -> Vec<String> {
    let mut actions = Vec::new();
    planner.plan(model, notification, &mut actions);
    shown(&actions)
}

/// IF-181, IF-182, IF-186, IF-202, IF-214, IF-215: state script with its own words, `notify` with four more, the
/// FIFO lines, the mail.
#[test]
fn an_instance_is_told_in_order() {
    let states = [
        (NotifyState::Backup, "b", "BACKUP", "Entering BACKUP state", "VRRP Instance is no longer owning VRRP VIPs"),
        (NotifyState::Master, "m", "MASTER", "Entering MASTER state", "VRRP Instance is now owning VRRP VIPs"),
        (NotifyState::Fault, "f", "FAULT", "Entering FAULT state", "VRRP Instance is no longer owning VRRP VIPs"),
        (NotifyState::Stop, "s", "STOP", "Stopping", "VRRP Instance stopping"),
        (NotifyState::Deleted, "d", "DELETED", "Deleted", "VRRP Deleted at reload"),
    ];
    let mut planner = Planner::default();
    for (state, own, word, event, body) in states {
        let wanted = [
            format!("run i {own}"),
            format!("run i n INSTANCE VI_1 {word} 100"),
            format!("Global INSTANCE \"VI_1\" {word} 100\n"),
            format!("Vrrp INSTANCE \"VI_1\" {word} 100\n"),
            format!("mail [RTR] VRRP Instance VI_1 - {event} / => {body} <="),
        ];
        assert_eq!(planned(&mut planner, &all(), &instance(state, 100)), wanted);
    }
}

/// IF-182, IF-202, IF-214, IF-215: a group has priority 0.
#[test]
fn a_group_is_told_in_order() {
    let states = [
        (NotifyState::Master, "m", "MASTER", "Entering MASTER state", "now in MASTER state"),
        (NotifyState::Backup, "b", "BACKUP", "Entering BACKUP state", "now in BACKUP state"),
        (NotifyState::Fault, "f", "FAULT", "Entering FAULT state", "now in FAULT state"),
        (NotifyState::Stop, "s", "STOP", "Stopping", "now stopping"),
    ];
    let mut planner = Planner::default();
    for (state, own, word, event, body) in states {
        let wanted = [
            format!("run g {own}"),
            format!("run g n GROUP G1 {word} 0"),
            format!("Global GROUP \"G1\" {word} 0\n"),
            format!("Vrrp GROUP \"G1\" {word} 0\n"),
            format!("mail [RTR] VRRP Group G1 - {event} / => All VRRP group instances are {body} <="),
        ];
        assert_eq!(planned(&mut planner, &all(), &group(state)), wanted);
    }
}

/// IF-189, IF-202: of an advert with a lower priority its own script and the FIFOs are told, of a changed priority the
/// FIFOs only; nobody is mailed.
#[test]
fn lesser_news_go_to_few() {
    let mut planner = Planner::default();
    let lower = planned(&mut planner, &all(), &instance(NotifyState::MasterRxLowerPri, 100));
    let line = "INSTANCE \"VI_1\" MASTER_RX_LOWER_PRI 100\n";
    assert_eq!(lower, ["run i l".to_owned(), format!("Global {line}"), format!("Vrrp {line}")]);
    for (state, word) in
        [(NotifyState::MasterPriority, "MASTER_PRIORITY"), (NotifyState::BackupPriority, "BACKUP_PRIORITY")]
    {
        let line = format!("INSTANCE \"VI_1\" {word} 106\n");
        let planned = planned(&mut planner, &all(), &instance(state, 106));
        assert_eq!(planned, [format!("Global {line}"), format!("Vrrp {line}")]);
    }
}

/// IF-192, IF-204, IF-205, IF-214: real and virtual servers: nothing added to the words, no NUL behind the line.
#[test]
fn servers_are_told_of() {
    let mut planner = Planner::default();
    let real = |at, up, scripts, mail: Option<&str>| Notification::RealServer {
        generation: 0,
        virtual_server: VirtualServerId(at),
        real_server: RealServerId(0),
        endpoint: endpoint(9),
        up,
        scripts,
        mail: mail.map(str::to_owned),
    };
    let (rs, vs) = ("[10.0.0.9]:tcp:80", "[10.0.0.1]:tcp:80");
    let down = planned(&mut planner, &all(), &real(0, false, true, Some("=> TCP CHECK failed on service <=")));
    let wanted = [
        "run down".to_owned(),
        format!("Global RS {rs} {vs} DOWN\n"),
        format!("Lvs RS {rs} {vs} DOWN\n"),
        format!("mail [RTR] Realserver {rs} of virtual server {vs} - DOWN / => TCP CHECK failed on service <="),
    ];
    assert_eq!(down, wanted);
    let mailed = planned(&mut planner, &all(), &real(0, true, false, Some("=> x <=")));
    assert_eq!(mailed, [format!("mail [RTR] Realserver {rs} of virtual server {vs} - UP / => x <=")]);
    let marked = planned(&mut planner, &all(), &real(1, true, true, None));
    assert_eq!(marked[1], "Global RS [10.0.0.9]:none:80 FWM 7 UP\n");

    let quorum = |up, mail: Option<&str>| Notification::VirtualServer {
        generation: 0,
        virtual_server: VirtualServerId(0),
        up,
        mail: mail.map(str::to_owned),
    };
    let lost = planned(&mut planner, &all(), &quorum(false, Some("=> Lost quorum 1+0=1 <= 0 <=")));
    let wanted = [
        "run quorum-down".to_owned(),
        format!("Global VS {vs} DOWN\n"),
        format!("Lvs VS {vs} DOWN\n"),
        format!("mail [RTR] Virtualserver {vs} - DOWN / => Lost quorum 1+0=1 <= 0 <="),
    ];
    assert_eq!(lost, wanted);
    assert_eq!(planned(&mut planner, &all(), &quorum(true, None))[0], "run quorum-up");
}

/// IF-207, IF-217: no mail twice about the same state, none without recipients or without `smtp_alert`.
#[test]
fn mail_only_about_changes_and_to_those_who_want_it() {
    let mails = |planned: Vec<String>| planned.iter().filter(|line| line.starts_with("mail")).count();
    let mut planner = Planner::default();
    for (state, wanted) in [(NotifyState::Backup, 1), (NotifyState::Backup, 0), (NotifyState::Master, 1)] {
        assert_eq!(mails(planned(&mut planner, &all(), &instance(state, 100))), wanted, "{state:?}");
    }
    let nobody = model(&["/bin/tell"], global(None));
    assert_eq!(mails(planned(&mut Planner::default(), &nobody, &instance(NotifyState::Master, 100))), 0);
    let mut silent = all();
    let mut quiet = (*silent.vrrp.instances[0]).clone();
    quiet.smtp_alert = false;
    silent.vrrp.instances[0] = quiet.into();
    assert_eq!(mails(planned(&mut Planner::default(), &silent, &instance(NotifyState::Master, 100))), 0);
}

/// A notification that a reload has overtaken is about a name, not about a place.
#[test]
fn an_instance_that_has_moved_is_found_by_name() {
    let mut moved = all();
    let other = crate::lan::draft::instance("VI_0", 50, "eth0", 100, keepalived_rs::base::net::Family::V4);
    moved.vrrp.instances.insert(0, other.into());
    assert_eq!(planned(&mut Planner::default(), &moved, &instance(NotifyState::Master, 100))[0], "run i m");
    moved.vrrp.instances.clear();
    assert!(planned(&mut Planner::default(), &moved, &instance(NotifyState::Master, 100)).is_empty());
}

/// IF-211, IF-212, IF-213: headers in order, recipients folded, line ends CRLF, a special name quoted.
#[test]
fn a_message_has_the_original_form() {
    let date = LocalTime { year: 2026, month: 11, day: 23, hour: 7, minute: 16, second: 10, weekday: 1, offset: 0 };
    let settings = MailSettings {
        to: ["a@x", "Plain Name <b@x>", "Dr. Who <c@x>"].map(str::to_owned).to_vec(),
        ..mail(endpoint(25))
    };
    let mail = Mail { subject: "[R] sub\r\nBcc: evil@x".to_owned(), body: "=> body <=".to_owned() };
    let wanted = "Date: Mon, 23 Nov 2026 07:16:10 +0000\r\nFrom: keepalived@a.example.com\r\n\
        Subject: [R] sub  Bcc: evil@x\r\nX-Mailer: Keepalived\r\n\
        To: a@x,\r\n Plain Name <b@x>,\r\n \"Dr. Who\" <c@x>\r\n\r\n=> body <=\r\n";
    assert_eq!(message(&settings, &date, &mail), wanted);
    assert_eq!(["a@x", " a@x ", "N <b@x>", "<c@x>"].map(bare_address), ["a@x", "a@x", "b@x", "c@x"]);
}

/// VR-273: a state that is told again after a reload is a line for both FIFOs and nothing else.
#[test]
fn a_state_told_again_is_a_line() {
    let still = |group, name: &str, state, priority| Notification::StillInState {
        generation: 0,
        group,
        name: name.to_owned(),
        state,
        priority: Priority(priority),
    };
    let mut planner = Planner::default();
    let told = planned(&mut planner, &all(), &still(false, "VI_1", NotifyState::Master, 100));
    assert_eq!(told, ["Global INSTANCE \"VI_1\" MASTER 100\n", "Vrrp INSTANCE \"VI_1\" MASTER 100\n"]);
    let told = planned(&mut planner, &all(), &still(true, "G1", NotifyState::Fault, 0));
    assert_eq!(told, ["Global GROUP \"G1\" FAULT 0\n", "Vrrp GROUP \"G1\" FAULT 0\n"]);
}
