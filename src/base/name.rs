//! Names and small numbers of the field, each with its own type so that they cannot be swapped.

use std::fmt;
use std::num::NonZeroU8;
use std::sync::Arc;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            pub fn new(text: &str) -> $name {
                $name(Arc::from(text))
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )* };
}

names! {
    /// The name of a `vrrp_instance`.
    InstanceName;
    /// The name of a `vrrp_sync_group`.
    SyncGroupName;
    /// The name of a network interface; the kernel allows 15 bytes (IFNAMSIZ - 1, linux/if.h).
    InterfaceName;
    /// The name of a `track_group`.
    TrackGroupName;
    /// The name of a `vrrp_script`.
    ScriptName;
    /// The name of a `bfd_instance`, at most 31 bytes.
    BfdName;
    /// The name of a `track_file`.
    TrackFileName;
    /// The path of a watched file, as the configuration has it.
    FilePath;
    /// The name of a `vrrp_track_process`.
    TrackProcessName;
    /// The name of a `virtual_server_group`.
    GroupName;
}

/// Virtual router identifier, 1..=255 (RFC 9568 section 5.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Vrid(NonZeroU8);

impl Vrid {
    pub const fn new(value: u8) -> Option<Vrid> {
        match NonZeroU8::new(value) {
            Some(value) => Some(Vrid(value)),
            None => None,
        }
    }

    pub const fn get(self) -> u8 {
        self.0.get()
    }
}

impl fmt::Display for Vrid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Election priority (RFC 9568 section 5.2.4): 1..=254 configured, 255 the address owner,
/// 0 on the wire only: "I am leaving".
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(pub u8);

impl Priority {
    pub const RELEASE: Priority = Priority(0);
    pub const DEFAULT: Priority = Priority(100);
    pub const OWNER: Priority = Priority(255);

    pub const fn is_owner(self) -> bool {
        self.0 == 255
    }
}

impl fmt::Display for Priority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a tracked object adds to the priority, -254..=254; zero means "fault instead" (VR-212).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Weight(pub i16);

/// The protocol's version: 2 (RFC 3768) or 3 (RFC 9568).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    V2,
    V3,
}

impl Version {
    /// The number in the packet's first byte.
    pub const fn number(self) -> u8 {
        match self {
            Version::V2 => 2,
            Version::V3 => 3,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// `authentication { auth_type … auth_pass … }`, VRRPv2 only (RFC 2338 section 5.3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    None,
    /// The password, zero padded to 8 bytes (VR-7).
    Pass([u8; 8]),
    /// Key of the IPsec AH form (VR-35).
    Ah([u8; 8]),
}

impl Authentication {
    /// The packet's Auth Type: 0 none, 1 simple password, 2 IP authentication header (VR-2).
    pub const fn number(self) -> u8 {
        match self {
            Authentication::None => 0,
            Authentication::Pass(_) => 1,
            Authentication::Ah(_) => 2,
        }
    }

    pub const fn is_ah(self) -> bool {
        matches!(self, Authentication::Ah(_))
    }
}
