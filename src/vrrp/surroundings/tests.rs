//! What is told of addresses that come and go.

use crate::model::vrrp::Vrrp;
use crate::vrrp::Input;
use crate::vrrp::fixture::*;

/// IF-31: with `--address-monitoring` every address that comes or goes is told once: one that adverts leave from, and one of
/// ours that somebody takes away, in the words that these have anyway; without it the others are not told.
#[test]
fn addresses_are_monitored_when_wanted() {
    let told = |tells_addresses: bool| -> Vec<String> {
        let mut stage = Stage::master(Vrrp { tells_addresses, ..vrrp(vec![instance("VI_1", 51, 100)]) });
        let inputs = [
            Input::Address(host_address(ETH0, "10.0.0.7/24")),
            Input::Address(host_address(ETH1, "10.1.0.7/24")),
            Input::AddressGone(host_address(ETH1, "10.1.0.7/24")),
            Input::AddressGone(host_address(ETH0, "10.0.0.7/24")),
            Input::AddressGone(host_address(ETH0, "10.0.0.100/24")),
            Input::AddressGone(host_address(ETH0, "10.0.0.1/24")),
        ];
        stage.echo = false;
        let lines: Vec<String> = inputs.into_iter().flat_map(|input| stage.input(input)).collect();
        let about =
            |line: &String| ["AddressSeen", "AddressTaken", "SourceGone"].iter().any(|word| line.contains(word));
        lines.into_iter().filter(about).map(|line| line.replace("InterfaceName", "")).collect()
    };
    let always = [
        "[AddressTaken { address: Cidr { address: 10.0.0.100, prefix: 24 }, interface: (\"eth0\") }]",
        "[SourceGone { address: 10.0.0.1, interface: (\"eth0\") }]",
    ];
    assert_eq!(told(false), always);
    let seen = |address: &str, interface: &str, gone: bool| {
        format!("[AddressSeen {{ address: {address}, interface: ({interface:?}), gone: {gone} }}]")
    };
    let more = [
        seen("10.0.0.7", "eth0", false),
        seen("10.1.0.7", "eth1", false),
        seen("10.1.0.7", "eth1", true),
        seen("10.0.0.7", "eth0", true),
    ];
    assert_eq!(told(true), [&more[..], &always.map(str::to_owned)].concat());
}
