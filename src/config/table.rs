//! All tables of keywords by the path of their block, for messages, manuals and tests.

use std::sync::OnceLock;

use super::block::root::{ROOT, rows};
use super::block::{
    auth_hmac, bfd, checker, global_defs, interfaces, minor, statics, track, url, virtual_server, vrrp_instance,
    vrrp_sync_group, watched,
};
use super::schema::Row;

/// Every block and its keywords; the path is `(root)` or the names of the blocks joined by points.
pub fn all() -> &'static [(&'static str, Vec<&'static Row>)] {
    static ALL: OnceLock<Vec<(&'static str, Vec<&'static Row>)>> = OnceLock::new();
    ALL.get_or_init(|| {
        vec![
            ("(root)", rows(ROOT)),
            ("global_defs", rows(global_defs::GLOBAL_DEFS)),
            ("track_group", rows(statics::TRACK_GROUP)),
            ("vrrp_sync_group", rows(vrrp_sync_group::VRRP_SYNC_GROUP)),
            ("garp_group", rows(interfaces::GARP_GROUP)),
            ("vrrp_instance", rows(vrrp_instance::VRRP_INSTANCE)),
            ("vrrp_instance.authentication", rows(vrrp_instance::AUTHENTICATION)),
            ("vrrp_instance.auth_hmac", rows(auth_hmac::AUTH_HMAC)),
            ("vrrp_script", rows(track::VRRP_SCRIPT)),
            ("vrrp_track_process", rows(watched::TRACK_PROCESS)),
            ("track_file", rows(watched::TRACK_FILE)),
            ("vrrp_track_file", rows(watched::TRACK_FILE)),
            ("bfd_instance", rows(bfd::BFD_INSTANCE)),
            ("SSL", rows(minor::SSL)),
            ("virtual_server", rows(virtual_server::VIRTUAL_SERVER)),
            ("virtual_server.real_server", rows(virtual_server::REAL_SERVER)),
            ("virtual_server.real_server.HTTP_GET", rows(checker::HTTP_GET)),
            ("virtual_server.real_server.HTTP_GET.url", rows(url::HTTP_URL)),
            ("virtual_server.real_server.SSL_GET", rows(checker::SSL_GET)),
            ("virtual_server.real_server.SSL_GET.url", rows(url::SSL_URL)),
            ("virtual_server.real_server.TCP_CHECK", rows(checker::TCP_CHECK)),
            ("virtual_server.real_server.UDP_CHECK", rows(checker::UDP_CHECK)),
            ("virtual_server.real_server.PING_CHECK", rows(checker::TCP_CHECK)),
            ("virtual_server.real_server.SMTP_CHECK", rows(checker::SMTP_CHECK)),
            ("virtual_server.real_server.SMTP_CHECK.host", rows(checker::SMTP_HOST)),
            ("virtual_server.real_server.DNS_CHECK", rows(checker::DNS_CHECK)),
            ("virtual_server.real_server.MISC_CHECK", rows(checker::MISC_CHECK)),
            ("virtual_server.real_server.FILE_CHECK", rows(checker::FILE_CHECK)),
            ("virtual_server.real_server.BFD_CHECK", rows(checker::BFD_CHECK)),
        ]
    })
}

/// The blocks that know a word.
pub fn contexts(word: &str) -> Vec<&'static str> {
    let knows = |rows: &[&Row]| rows.iter().any(|row| row.name == word);
    all().iter().filter(|(_, rows)| knows(rows)).map(|(context, _)| *context).collect()
}
