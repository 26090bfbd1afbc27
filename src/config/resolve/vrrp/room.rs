//! How many addresses an advert can carry.

use crate::base::net::Family;
use crate::model::vrrp::Version;

/// The most addresses of an advert (VR-8).
const ADDRESSES: usize = 255;

/// What takes room in an advert beside the addresses.
pub struct Room {
    pub version: Version,
    pub family: Family,
    pub ah: bool,
    pub trailer: bool,
}

impl Room {
    /// VR-8: how many addresses fit a packet of `mtu` bytes.
    pub fn addresses(&self, mtu: usize) -> usize {
        let (ip, size) = match self.family {
            Family::V4 => (20, 4),
            Family::V6 => (40, 16),
        };
        let mut headers = 14 + ip + 8;
        if (self.version, self.family) == (Version::V2, Family::V4) {
            headers += 8;
        }
        if self.ah {
            headers += 24;
        }
        if self.trailer {
            headers += 28;
        }
        ADDRESSES.min(mtu.saturating_sub(headers) / size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// VR-8: how many addresses fit, by all that takes room.
    #[test]
    fn room_for_addresses() {
        let room = |version, family, ah, trailer| Room { version, family, ah, trailer };
        let cases = [
            (room(Version::V3, Family::V4, false, false), 1500, 255),
            (room(Version::V3, Family::V6, false, false), 1500, 89),
            (room(Version::V3, Family::V6, false, true), 1500, 88),
            (room(Version::V3, Family::V4, false, false), 142, 25),
            (room(Version::V2, Family::V4, false, false), 142, 23),
            (room(Version::V2, Family::V4, true, false), 142, 17),
            (room(Version::V2, Family::V4, false, true), 142, 16),
            (room(Version::V3, Family::V4, false, false), 40, 0),
        ];
        for (room, mtu, most) in cases {
            assert_eq!(room.addresses(mtu), most, "{:?} {:?} {mtu}", room.version, room.family);
        }
    }
}
