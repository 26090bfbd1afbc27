//! The packet's bytes, and each one that is refused.

use super::{Control, LENGTH, Reject};
use crate::base::bfd::{Diagnostic, State};
use crate::base::time::Interval;

fn control() -> Control {
    Control {
        diagnostic: Diagnostic::NeighborSignaledDown,
        state: State::Up,
        poll: true,
        last: false,
        independent: false,
        authenticated: false,
        demand: false,
        multiplier: 5,
        my_discriminator: 0x0102_0304,
        your_discriminator: 0xa1b2_c3d4,
        desired_min_tx: Interval::from_millis(100),
        required_min_rx: Interval::from_millis(1000),
        required_min_echo_rx: Interval::ZERO,
    }
}

const BYTES: [u8; LENGTH] =
    [0x23, 0xe0, 5, 24, 1, 2, 3, 4, 0xa1, 0xb2, 0xc3, 0xd4, 0, 0x01, 0x86, 0xa0, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0];

/// VR-291: version 1 and diagnostic, state and flags, multiplier, length, then five words.
#[test]
fn the_packet_of_the_drawing() {
    assert_eq!(control().to_wire(), BYTES);
    assert_eq!(Control::from_wire(&BYTES), Ok(control()));
}

/// Every state, diagnostic and flag stands where RFC 5880 section 4.1 has it.
#[test]
fn each_field_has_its_bits() {
    for (state, bits) in State::ALL.into_iter().zip([0x00, 0x40, 0x80, 0xc0]) {
        assert_eq!(Control { state, poll: false, ..control() }.to_wire()[1], bits);
    }
    for (at, diagnostic) in Diagnostic::ALL.iter().enumerate() {
        assert_eq!(Control { diagnostic: *diagnostic, ..control() }.to_wire()[0], 0x20 | at as u8);
    }
    let bare = Control { state: State::AdminDown, poll: false, ..control() };
    for (packet, bits) in [
        (Control { poll: true, ..bare }, 0x20),
        (Control { last: true, ..bare }, 0x10),
        (Control { independent: true, ..bare }, 0x08),
        (Control { authenticated: true, ..bare }, 0x04),
        (Control { demand: true, ..bare }, 0x02),
    ] {
        assert_eq!(packet.to_wire()[1], bits);
        assert_eq!(Control::from_wire(&packet.to_wire()), Ok(packet));
    }
}

/// An interval that has no room on the wire is the longest that has.
#[test]
fn a_long_interval_is_cut() {
    let bytes = Control { desired_min_tx: Interval::from_secs(5000), ..control() }.to_wire();
    assert_eq!(bytes[12..16], [0xff; 4]);
}

/// VR-298: whatever a packet may not be, one at a time.
#[test]
fn packets_that_are_refused() {
    type Change = fn(&mut Vec<u8>);
    let cases: [(Change, Reject); 10] = [
        (|bytes| bytes.truncate(23), Reject::TooShort { length: 23 }),
        (|bytes| bytes[3] = 23, Reject::Length { stated: 23, received: 24 }),
        (|bytes| bytes.push(0), Reject::Length { stated: 24, received: 25 }),
        (|bytes| bytes[0] = 0x43, Reject::Version { received: 2 }),
        (|bytes| bytes[2] = 0, Reject::Multiplier),
        (|bytes| bytes[1] |= 1, Reject::Multipoint),
        (|bytes| bytes[4..8].fill(0), Reject::MyDiscriminator),
        (|bytes| bytes[8..12].fill(0), Reject::YourDiscriminator),
        (|bytes| bytes[1] |= 0x10, Reject::PollAndFinal),
        (|bytes| bytes[0] = 0x29, Reject::Diagnostic { received: 9 }),
    ];
    for (change, reject) in cases {
        let mut bytes = BYTES.to_vec();
        change(&mut bytes);
        assert_eq!(Control::from_wire(&bytes), Err(reject));
    }
}

/// VR-298: a session that is not yet known to the sender is 0 while it is Down or AdminDown, and only then.
#[test]
fn who_may_not_know_us_yet() {
    for state in State::ALL {
        let packet = Control { state, your_discriminator: 0, poll: false, ..control() };
        let read = Control::from_wire(&packet.to_wire());
        let may = matches!(state, State::Down | State::AdminDown);
        assert_eq!(read, if may { Ok(packet) } else { Err(Reject::YourDiscriminator) });
    }
}

/// A packet with an authentication section is read as far as its flag (VR-301).
#[test]
fn a_packet_with_authentication_is_read() {
    let mut bytes = BYTES.to_vec();
    bytes[1] |= 0x04;
    bytes[3] = 28;
    bytes.extend([1, 4, 1, b'x']);
    assert_eq!(Control::from_wire(&bytes), Ok(Control { authenticated: true, ..control() }));
}
