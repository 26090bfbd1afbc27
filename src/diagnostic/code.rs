//! Every code once: its id, the original's class of error, and what it means.

/// The original's classes of configuration error in its order: of several the numerically greatest decides the exit
/// status of `-t` (CL-110).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Only logged: no effect on the exit status (CL-116).
    Logged,
    FileNotFound,
    BadInterface,
    Fatal,
    MultipleFiles,
    UnknownKeyword,
    UnexpectedOpen,
    MissingOpen,
    UnexpectedClose,
    MissingClose,
    UnmatchedQuote,
    MissingParameter,
    InvalidNumber,
    General,
    Warning,
    Deprecated,
    Security,
}

impl Class {
    /// Exit status of `-t` when this is the greatest class found (CL-109).
    pub const fn exit(self) -> u8 {
        match self {
            Class::Logged => 0,
            Class::FileNotFound | Class::BadInterface | Class::Fatal => 4,
            Class::MultipleFiles
            | Class::UnknownKeyword
            | Class::UnexpectedOpen
            | Class::MissingOpen
            | Class::UnexpectedClose
            | Class::MissingClose
            | Class::UnmatchedQuote
            | Class::MissingParameter
            | Class::InvalidNumber
            | Class::General
            | Class::Warning
            | Class::Deprecated => 5,
            Class::Security => 6,
        }
    }
}

/// How much it matters to the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Said by us alone; the configuration is as the original takes it.
    Note,
    /// Coped with.
    Warning,
    /// Something the author wrote is not in effect.
    Error,
}

impl Severity {
    pub const fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

macro_rules! codes {
    ($($name:ident $id:literal $class:ident $severity:ident $text:literal;)*) => {
        /// What kind of finding it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $(#[doc = $text] $name,)* }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// `KA` and four digits; never reused.
            pub const fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            pub const fn class(self) -> Class {
                match self { $(Code::$name => Class::$class,)* }
            }

            pub const fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// One sentence for the manual.
            pub const fn explanation(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }
        }
    };
}

impl Code {
    /// Whether more may be missing from the model than the value that is complained of: a block, or all that a brace
    /// or a quote in the wrong place swallowed.
    pub const fn may_lose_a_block(self) -> bool {
        matches!(
            self,
            Code::UnmatchedQuote
                | Code::UnexpectedOpen
                | Code::MissingOpen
                | Code::ExtraClose
                | Code::MissingClose
                | Code::BlockRefused
                | Code::Replication
                | Code::LineTooLong
                | Code::EmbeddedNul
                | Code::IncludeMissing
                | Code::IncludeLoop
        )
    }
}

codes! {
    FileMissing       "KA0001" FileNotFound     Error   "The configuration file cannot be read.";
    IncludeMissing    "KA0002" Logged           Warning "An included file is missing or cannot be read.";
    IncludeRequired   "KA0003" Security         Error   "A file that must be there is missing or cannot be read; the daemon does not start.";
    SeveralFiles      "KA0004" MultipleFiles    Warning "The pattern of the configuration file matches several files.";
    IncludeLoop       "KA0005" General          Error   "A file includes itself, directly or through others; it is left out there.";
    LineTooLong       "KA0010" General          Error   "A line has more than 1022 bytes and is ignored.";
    EmbeddedNul       "KA0011" General          Error   "A line holds a NUL byte and is ignored.";
    TooLarge          "KA0012" Fatal            Error   "The configuration is larger than can be read; nothing of it is used.";
    MoreFindings      "KA0013" Logged           Warning "There are more findings than are shown.";
    Definition        "KA0020" General          Error   "A definition cannot be used as written.";
    DefinitionLogged  "KA0021" Logged           Warning "A definition does not fit and the line is used as written.";
    Replication       "KA0022" General          Error   "A ~SEQ or ~LST line is malformed and is ignored.";
    UnmatchedQuote    "KA0030" UnmatchedQuote   Error   "A double quote has no partner on its line.";
    UnexpectedOpen    "KA0031" UnexpectedOpen   Error   "An opening brace stands where no block begins.";
    MissingOpen       "KA0032" MissingOpen      Error   "A block lacks its opening brace.";
    ExtraClose        "KA0033" UnexpectedClose  Error   "A closing brace has no partner.";
    MissingClose      "KA0034" MissingClose     Error   "The file ends inside a block.";
    UnknownKeyword    "KA0101" UnknownKeyword   Error   "The word is not known here and its line is ignored.";
    WrongBlock        "KA0102" UnknownKeyword   Error   "The word is a keyword, but not of this block; its line is ignored.";
    MissingParameter  "KA0103" MissingParameter Error   "A keyword lacks its value; the daemon does not start.";
    InvalidNumber     "KA0104" InvalidNumber    Error   "The text is not a number of the kind wanted, or out of bounds.";
    InvalidValue      "KA0105" General          Error   "The value cannot be used.";
    Duplicate         "KA0106" General          Error   "Something is given twice.";
    BlockRefused      "KA0107" General          Error   "A block cannot be used and is left out.";
    NotFound          "KA0108" General          Error   "Something named is not there.";
    MissingInterface  "KA0109" BadInterface     Error   "An interface does not exist on this host.";
    Fatal             "KA0110" Fatal            Error   "The configuration cannot be used at all.";
    Warning           "KA0120" Warning          Warning "Allowed, but hardly meant.";
    Deprecated        "KA0121" Deprecated       Warning "An old form that still works.";
    Adjusted          "KA0122" General          Warning "A value is changed so that it can be used.";
    Logged            "KA0123" Logged           Warning "Worth knowing; the original only logs it.";
    Security          "KA0130" Security         Warning "Scripts run without script security.";
    NotActedOn        "KA0201" Logged           Note    "The keyword is read but not yet acted on.";
    SameVirtualRouter "KA0301" Logged           Warning "Two instances have one virtual_router_id on one interface.";
    GroupTiming       "KA0302" Logged           Warning "Members of a sync group differ in version or advert_int.";
    MasterNopreempt   "KA0303" Logged           Warning "nopreempt has no effect together with state MASTER.";
    HostRoute         "KA0304" Logged           Warning "A virtual address without mask is in no network of its interface.";
    StrictAddress     "KA0305" Logged           Warning "Strict mode drops what is sent to the virtual addresses.";
    PeerMissing       "KA0310" Logged           Warning "The other router does not have this virtual router.";
    PeerVersion       "KA0311" Logged           Warning "The two routers speak different versions of VRRP.";
    PeerVrid          "KA0312" Logged           Warning "The two routers give one instance different virtual_router_ids.";
    PeerAddresses     "KA0313" Logged           Warning "The two routers advertise different addresses.";
    PeerInterval      "KA0314" Logged           Warning "The two routers advertise at different intervals.";
    PeerAuthentication "KA0315" Logged          Warning "The two routers authenticate differently.";
    PeerPriority      "KA0316" Logged           Warning "The two routers have the same priority.";
    PeerGroups        "KA0317" Logged           Warning "The two routers group their instances differently.";
    PeerTransport     "KA0318" Logged           Warning "The two routers do not send where the other one listens.";
}
