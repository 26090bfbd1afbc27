//! How a link is, asked of its driver: the transceiver's status register, ethtool, or the flags (netdevice(7)). For
//! drivers that do not tell the kernel of a cable that was pulled.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;
use nix::libc;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::base::name::InterfaceName;
use crate::model::vrrp::PollMethod;

/// linux/sockios.h.
const SIOCGIFFLAGS: libc::c_ulong = 0x8913;
const SIOCETHTOOL: libc::c_ulong = 0x8946;
const SIOCGMIIPHY: libc::c_ulong = 0x8947;
const SIOCGMIIREG: libc::c_ulong = 0x8948;
/// linux/ethtool.h.
const ETHTOOL_GLINK: u32 = 0x0a;
/// linux/mii.h: registers, and a bit of the second.
const MII_BMCR: u16 = 0;
const MII_BMSR: u16 = 1;
const BMSR_LSTATUS: u16 = 4;
/// What an empty socket of transceivers answers.
const NO_BMCR: u16 = 0xffff;
const NO_BMSR: u16 = 0;
/// linux/if.h.
const UP_AND_RUNNING: u16 = 0x1 | 0x40;
/// IFNAMSIZ, with the zero behind the name.
const NAME: usize = 16;

/// Asks links how they are.
#[derive(Debug)]
pub struct LinkState(OwnedFd);

/// struct ifreq: name and a union of 24 bytes, which begins with flags, with a pointer, or with struct mii_ioctl_data.
#[repr(C)]
struct Request<T> {
    name: [u8; NAME],
    body: T,
}

/// struct mii_ioctl_data, with what is left of the union.
#[repr(C, align(8))]
#[derive(Clone, Copy, Default)]
struct Mii {
    transceiver: u16,
    register: u16,
    value_in: u16,
    value_out: u16,
    rest: [u8; 16],
}

#[repr(C, align(8))]
#[derive(Clone, Copy, Default)]
struct Flags {
    flags: u16,
    rest: [u8; 22],
}

#[repr(C, align(8))]
struct Pointer<'a> {
    value: &'a mut EthtoolValue,
    rest: [u8; 16],
}

/// struct ethtool_value.
#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

impl LinkState {
    pub fn open() -> io::Result<LinkState> {
        Ok(LinkState(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?))
    }

    /// Whether the link is up by this method.
    ///
    /// # Errors
    /// ENODEV when there is no such link; EOPNOTSUPP or others when it does not know the method.
    pub fn ask(&self, name: &InterfaceName, method: PollMethod) -> io::Result<bool> {
        match method {
            PollMethod::Mii => Ok(self.mii(name)? && self.flags(name)?),
            PollMethod::Ethtool => Ok(self.ethtool(name)? && self.flags(name)?),
            PollMethod::Ioctl => self.flags(name),
        }
    }

    fn mii(&self, name: &InterfaceName) -> io::Result<bool> {
        let found = self.request(name, SIOCGMIIPHY, Mii::default())?;
        let read = |register| {
            let wanted = Mii { transceiver: found.transceiver, register, ..Mii::default() };
            self.request(name, SIOCGMIIREG, wanted).map(|answer| answer.value_out)
        };
        let control = read(MII_BMCR)?;
        // The register holds that the link was down until it is read: the second answer is how it is now.
        read(MII_BMSR)?;
        let status = read(MII_BMSR)?;
        if control == NO_BMCR || status == NO_BMSR {
            return Err(Errno::ENODEV.into());
        }
        Ok(status & BMSR_LSTATUS != 0)
    }

    fn ethtool(&self, name: &InterfaceName) -> io::Result<bool> {
        let mut value = EthtoolValue { command: ETHTOOL_GLINK, data: 0 };
        self.request(name, SIOCETHTOOL, Pointer { value: &mut value, rest: [0; 16] })?;
        Ok(value.data != 0)
    }

    fn flags(&self, name: &InterfaceName) -> io::Result<bool> {
        let answer = self.request(name, SIOCGIFFLAGS, Flags::default())?;
        Ok(answer.flags & UP_AND_RUNNING == UP_AND_RUNNING)
    }

    /// Every `body` here fills the union of struct ifreq.
    fn request<T>(&self, name: &InterfaceName, what: libc::c_ulong, body: T) -> io::Result<T> {
        let mut request = Request { name: [0; NAME], body };
        let bytes = name.as_str().as_bytes();
        // A longer name is no link's; the last byte stays zero.
        let Some(place) = request.name.get_mut(..bytes.len()).filter(|_| bytes.len() < NAME) else {
            return Err(Errno::ENODEV.into());
        };
        place.copy_from_slice(bytes);
        // SAFETY: the descriptor is open; the request has the size and layout of struct ifreq as this call reads and
        // writes it, and lives through the call, as does what a pointer in it points to.
        let done = unsafe { libc::ioctl(self.0.as_raw_fd(), what as _, &raw mut request) };
        Errno::result(done)?;
        Ok(request.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The loopback interface has no transceiver, ethtool knows it, and another is not there.
    #[test]
    fn the_kernel_reads_our_requests() {
        assert_eq!(size_of::<Request<Mii>>(), size_of::<libc::ifreq>());
        assert_eq!(size_of::<Request<Flags>>(), size_of::<libc::ifreq>());
        assert_eq!(size_of::<Request<Pointer>>(), size_of::<libc::ifreq>());
        let links = LinkState::open().unwrap();
        let lo = InterfaceName::new("lo");
        let up = links.ask(&lo, PollMethod::Ioctl).unwrap();
        assert_eq!(links.ask(&lo, PollMethod::Ethtool).unwrap(), up);
        assert_eq!(links.ask(&lo, PollMethod::Mii).unwrap_err().raw_os_error(), Some(libc::EOPNOTSUPP));
        let none = links.ask(&InterfaceName::new("no-such-link"), PollMethod::Ioctl);
        assert_eq!(none.unwrap_err().raw_os_error(), Some(libc::ENODEV));
    }
}
