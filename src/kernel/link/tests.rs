//! What is read of a VRF, and what is written to promote secondaries.

use super::*;

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = ((value.len() + 4) as u16).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn message(attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0; 16];
    bytes[4] = 5;
    bytes.extend(attribute(3, b"blue\0"));
    bytes.extend(attributes.concat());
    bytes
}

/// The table of a VRF is that of its routes; without one in the message it is none.
#[test]
fn the_table_of_a_vrf() {
    let about = |detail: &[Vec<u8>]| {
        let detail = attribute(IFLA_INFO_DATA, &detail.concat());
        attribute(IFLA_LINKINFO, &[attribute(IFLA_INFO_KIND, b"vrf\0"), detail].concat())
    };
    let kind = |detail: &[Vec<u8>]| nature(&message(&[about(detail)])).unwrap().kind;
    assert_eq!(kind(&[attribute(1, &1001u32.to_ne_bytes())]), LinkKind::Vrf { table: 1001 });
    assert_eq!(kind(&[]), LinkKind::Vrf { table: 0 });
}

/// VR-207: the sysctl is read out of the array of IPv4 settings, and written by its number.
#[test]
fn promote_secondaries() {
    let settings = |on: u32| {
        let mut values = [0u32; 30];
        values[19] = on;
        let conf = attribute(1, &values.iter().flat_map(|value| value.to_ne_bytes()).collect::<Vec<u8>>());
        message(&[attribute(IFLA_AF_SPEC, &attribute(2, &conf))])
    };
    assert!(parse(&settings(1)).unwrap().promote_secondaries);
    assert!(!parse(&settings(0)).unwrap().promote_secondaries);
    let RouteNetlinkMessage::SetLink(message) = promotion(InterfaceIndex(5), true) else { panic!("another message") };
    let mut bytes = vec![0; message.buffer_len()];
    message.emit(&mut bytes);
    let nested = |kind: u16, value: &[u8]| attribute(kind | NESTED, value);
    let wanted = nested(26, &nested(2, &nested(1, &attribute(20, &1u32.to_ne_bytes()))));
    assert_eq!((bytes[4], &bytes[16..]), (5, &wanted[..]));
}

/// VR-165: an InfiniBand port has an address of 20 bytes and that of everybody; a link of another kind with an address as
/// long has neither, nor has one of 20 bytes without the other.
#[test]
fn infiniband_ports() {
    let of = |kind: u16, attributes: &[Vec<u8>]| {
        let mut bytes = message(attributes);
        bytes[2..4].copy_from_slice(&kind.to_ne_bytes());
        let link = parse(&bytes).unwrap();
        (link.mac, link.infiniband)
    };
    let (own, everybody) = ([7; 20], [255; 20]);
    let both = [attribute(IFLA_ADDRESS, &own), attribute(IFLA_BROADCAST, &everybody)];
    assert_eq!(of(ARPHRD_INFINIBAND, &both), (None, Some(Infiniband { own, everybody })));
    assert_eq!(of(ARPHRD_ETHER, &both), (None, None));
    assert_eq!(of(ARPHRD_INFINIBAND, &both[..1]), (None, None));
    assert_eq!(of(ARPHRD_ETHER, &[attribute(IFLA_ADDRESS, &[2; 6])]), (Some(MacAddress([2; 6])), None));
}
