use netlink_packet_core::DecodeError;
use netlink_packet_generic::GenlHeader;

use super::*;

fn read(operation: Operation, bytes: &[u8]) -> Result<Message, DecodeError> {
    Message::parse_with_param(bytes, GenlHeader { cmd: operation as u8, version: VERSION })
}

fn written(message: &Message) -> Vec<u8> {
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    bytes
}

/// LV-110, LV-111: nested attributes carry the flag, ports are in network order, strings end in NUL.
#[test]
#[cfg(target_endian = "little")]
fn attributes_are_laid_out_as_the_kernel_wants_them() {
    let message = Message::new(
        Operation::NewService,
        vec![Attribute::Command(CommandAttribute::Service(vec![
            ServiceAttribute::Port(NetworkOrder(0x1234)),
            ServiceAttribute::Scheduler("rr".to_owned()),
            ServiceAttribute::Flags(ServiceFlags { flags: 1, mask: u32::MAX }),
        ]))],
    );
    assert_eq!(
        written(&message),
        [
            32, 0, 1, 0x80, // service, nested
            6, 0, 4, 0, 0x12, 0x34, 0, 0, // port and padding
            7, 0, 6, 0, b'r', b'r', 0, 0, // scheduler
            12, 0, 7, 0, 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff,
        ]
    );
}

/// An attribute that we do not know stays as it is; a known one of the wrong size is an error, not a guess.
#[test]
#[cfg(target_endian = "little")]
fn unknown_attributes_stay_and_wrong_sizes_are_refused() {
    let unknown = [8, 0, 99, 0, 1, 2, 3, 4];
    let message = read(Operation::GetConfig, &unknown).unwrap();
    assert_eq!(written(&message), unknown);
    assert!(read(Operation::GetConfig, &[6, 0, 4, 0, 1, 2, 0, 0]).is_err(), "a timeout of two bytes");
    assert!(read(Operation::GetConfig, &[9, 0, 4, 0, 1, 2, 3, 4]).is_err(), "longer than the message");
    assert!(read(Operation::GetConfig, &[3, 0, 4, 0]).is_err(), "shorter than its own head");
    let unknown = GenlHeader { cmd: 77, version: VERSION };
    assert!(Message::parse_with_param(&[], unknown).is_err(), "a command that does not exist");
}

/// LV-109: the numbers of linux/ip_vs.h.
#[test]
fn operations_have_the_kernel_s_numbers() {
    for (number, operation) in (1..=17).zip(Operation::ALL) {
        assert_eq!((operation as u8, Operation::from_number(number)), (number, Some(operation)));
    }
    assert_eq!((Operation::GetInfo as u8, Operation::Flush as u8), (15, 17));
    assert_eq!(Operation::from_number(0), None);
}
