//! States and diagnostics of BFD, as packets carry them and logs name them (RFC 5880 section 4.1).

use std::fmt;

/// State of a session (`Sta`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    AdminDown,
    Down,
    Init,
    Up,
}

impl State {
    pub const ALL: [State; 4] = [State::AdminDown, State::Down, State::Init, State::Up];

    /// The number on the wire.
    pub const fn number(self) -> u8 {
        match self {
            State::AdminDown => 0,
            State::Down => 1,
            State::Init => 2,
            State::Up => 3,
        }
    }

    /// By the two lowest bits.
    pub const fn from_number(number: u8) -> State {
        match number & 3 {
            0 => State::AdminDown,
            1 => State::Down,
            2 => State::Init,
            _ => State::Up,
        }
    }
}

/// As the log spells it.
impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            State::AdminDown => "AdminDown",
            State::Down => "Down",
            State::Init => "Init",
            State::Up => "Up",
        })
    }
}

macro_rules! diagnostics {
    ($($name:ident $number:literal $text:literal;)*) => {
        /// Why a session last changed its state (`Diag`).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Diagnostic { $($name),* }

        impl Diagnostic {
            pub const ALL: &[Diagnostic] = &[$(Diagnostic::$name),*];

            /// The number on the wire.
            pub const fn number(self) -> u8 {
                match self { $(Diagnostic::$name => $number),* }
            }

            /// `None`: reserved.
            pub const fn from_number(number: u8) -> Option<Diagnostic> {
                match number { $($number => Some(Diagnostic::$name),)* _ => None }
            }
        }

        impl fmt::Display for Diagnostic {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Diagnostic::$name => $text),* })
            }
        }
    };
}

diagnostics! {
    None                    0 "No Diagnostic";
    DetectionTimeExpired    1 "Control Detection Time Expired";
    EchoFailed              2 "Echo Function Failed";
    NeighborSignaledDown    3 "Neighbor Signaled Session Down";
    ForwardingPlaneReset    4 "Forwarding Plane Reset";
    PathDown                5 "Path Down";
    ConcatenatedPathDown    6 "Concatenated Path Down";
    AdministrativelyDown    7 "Administratively Down";
    ReverseConcatenatedDown 8 "Reverse Concatenated Path Down";
}
