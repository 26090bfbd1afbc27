//! Any bytes as what the kernel says: netlink's frames, IPVS answers, events of processes.

#![no_main]

use keepalived_rs::base::net::Family;
use keepalived_rs::kernel::ipvs::codec::Message;
use keepalived_rs::kernel::ipvs::value;
use keepalived_rs::kernel::netlink::frames;
use keepalived_rs::kernel::process_events;
use libfuzzer_sys::fuzz_target;
use netlink_packet_core::{Emitable, ParseableParametrized};
use netlink_packet_generic::GenlHeader;

fuzz_target!(|bytes: &[u8]| {
    let mut count = 0;
    for frame in frames(bytes) {
        count += 1;
        let _ = frame.status();
        assert!(frame.payload.len() <= bytes.len());
    }
    assert!(count <= bytes.len() / 4 + 1, "each takes something");
    let _ = process_events::parse(bytes);
    if let Some((command, attributes)) = bytes.split_first()
        && let Ok(message) = Message::parse_with_param(attributes, GenlHeader { cmd: *command, version: 1 })
    {
        // What was understood can be said.
        let mut written = vec![0; message.buffer_len()];
        message.emit(&mut written);
        for family in [Family::V4, Family::V6] {
            let _ = value::destination_of(&message, family);
        }
        let _ = (value::service(&message), value::timeouts(&message), value::command(&message));
    }
});
