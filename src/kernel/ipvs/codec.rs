//! The messages of the IPVS generic netlink family (linux/ip_vs.h): bytes <-> attributes, pure.
//!
//! Numbers are in host order, but ports and IPv4 masks and addresses, which are in network order (LV-111 to LV-115).

use netlink_packet_core::{
    DecodeError, DefaultNla, Emitable, NLA_F_NESTED, Nla, NlaBuffer, NlasIterator, Parseable, ParseableParametrized,
    emit_i32, emit_u16, emit_u16_be, emit_u32, parse_i32, parse_string, parse_u8, parse_u16, parse_u16_be, parse_u32,
};
use netlink_packet_generic::{GenlFamily, GenlHeader};

/// IPVS_GENL_NAME.
pub const FAMILY_NAME: &str = "IPVS";
/// IPVS_GENL_VERSION.
pub const VERSION: u8 = 1;

/// IPVS_CMD_*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Operation {
    NewService = 1,
    SetService = 2,
    DeleteService = 3,
    GetService = 4,
    NewDestination = 5,
    SetDestination = 6,
    DeleteDestination = 7,
    GetDestination = 8,
    NewDaemon = 9,
    DeleteDaemon = 10,
    GetDaemon = 11,
    SetConfig = 12,
    GetConfig = 13,
    /// Only in answers to `GetInfo`.
    SetInfo = 14,
    GetInfo = 15,
    Zero = 16,
    Flush = 17,
}

impl Operation {
    pub const ALL: [Operation; 17] = [
        Operation::NewService,
        Operation::SetService,
        Operation::DeleteService,
        Operation::GetService,
        Operation::NewDestination,
        Operation::SetDestination,
        Operation::DeleteDestination,
        Operation::GetDestination,
        Operation::NewDaemon,
        Operation::DeleteDaemon,
        Operation::GetDaemon,
        Operation::SetConfig,
        Operation::GetConfig,
        Operation::SetInfo,
        Operation::GetInfo,
        Operation::Zero,
        Operation::Flush,
    ];

    pub fn from_number(number: u8) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| *operation as u8 == number)
    }
}

/// The payload of one message after its generic netlink header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    pub operation: Operation,
    pub attributes: Vec<Attribute>,
}

impl Message {
    pub fn new(operation: Operation, attributes: Vec<Attribute>) -> Message {
        Message { operation, attributes }
    }
}

impl GenlFamily for Message {
    fn family_name() -> &'static str {
        FAMILY_NAME
    }

    fn command(&self) -> u8 {
        self.operation as u8
    }

    fn version(&self) -> u8 {
        VERSION
    }
}

impl Emitable for Message {
    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer);
    }
}

impl ParseableParametrized<[u8], GenlHeader> for Message {
    fn parse_with_param(bytes: &[u8], header: GenlHeader) -> Result<Message, DecodeError> {
        let operation = Operation::from_number(header.cmd)
            .ok_or_else(|| DecodeError::from(format!("unknown IPVS command {}", header.cmd)))?;
        let attributes = match operation {
            // Answers to GetInfo count their attributes apart (IPVS_INFO_ATTR_*).
            Operation::SetInfo => all::<InfoAttribute>(bytes)?.into_iter().map(Attribute::Info).collect(),
            _ => all::<Attribute>(bytes)?,
        };
        Ok(Message { operation, attributes })
    }
}

/// A value inside an attribute.
trait Value: Sized {
    const NESTED: bool = false;
    fn length(&self) -> usize;
    fn put(&self, buffer: &mut [u8]);
    fn take(bytes: &[u8]) -> Result<Self, DecodeError>;
}

/// Declares one level of attributes: variant, value, number. What we do not know is kept as it is.
macro_rules! attributes {
    ($(#[$doc:meta])* $level:ident { $($name:ident($value:ty) = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $level {
            $($name($value),)*
            Other(DefaultNla),
        }

        impl Nla for $level {
            fn value_len(&self) -> usize {
                match self {
                    $($level::$name(value) => value.length(),)*
                    $level::Other(other) => other.value_len(),
                }
            }

            fn kind(&self) -> u16 {
                match self {
                    $($level::$name(_) => $number | if <$value as Value>::NESTED { NLA_F_NESTED } else { 0 },)*
                    $level::Other(other) => other.kind(),
                }
            }

            fn emit_value(&self, buffer: &mut [u8]) {
                match self {
                    $($level::$name(value) => value.put(buffer),)*
                    $level::Other(other) => other.emit_value(buffer),
                }
            }
        }

        impl<'a> Parseable<NlaBuffer<&'a [u8]>> for $level {
            fn parse(bytes: &NlaBuffer<&'a [u8]>) -> Result<$level, DecodeError> {
                Ok(match bytes.kind() {
                    $($number => $level::$name(<$value as Value>::take(bytes.value())?),)*
                    // `kind` is without the flags nested and network byte order, which say nothing here.
                    unknown => $level::Other(DefaultNla::new(unknown, bytes.value().to_vec())),
                })
            }
        }
    };
}

/// Top level (IPVS_CMD_ATTR_*); `Info` is the top level of answers to GetInfo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    Command(CommandAttribute),
    Info(InfoAttribute),
}

impl Nla for Attribute {
    fn value_len(&self) -> usize {
        match self {
            Attribute::Command(attribute) => attribute.value_len(),
            Attribute::Info(attribute) => attribute.value_len(),
        }
    }

    fn kind(&self) -> u16 {
        match self {
            Attribute::Command(attribute) => attribute.kind(),
            Attribute::Info(attribute) => attribute.kind(),
        }
    }

    fn emit_value(&self, buffer: &mut [u8]) {
        match self {
            Attribute::Command(attribute) => attribute.emit_value(buffer),
            Attribute::Info(attribute) => attribute.emit_value(buffer),
        }
    }
}

impl<'a> Parseable<NlaBuffer<&'a [u8]>> for Attribute {
    fn parse(bytes: &NlaBuffer<&'a [u8]>) -> Result<Attribute, DecodeError> {
        CommandAttribute::parse(bytes).map(Attribute::Command)
    }
}

attributes! {
    /// IPVS_CMD_ATTR_* (LV-110); timeouts in seconds.
    CommandAttribute {
        Service(Vec<ServiceAttribute>) = 1,
        Destination(Vec<DestinationAttribute>) = 2,
        Daemon(Vec<DaemonAttribute>) = 3,
        TimeoutTcp(u32) = 4,
        TimeoutTcpFin(u32) = 5,
        TimeoutUdp(u32) = 6,
    }
}

attributes! {
    /// IPVS_INFO_ATTR_*.
    InfoAttribute {
        Version(u32) = 1,
        ConnectionTableSize(u32) = 2,
    }
}

attributes! {
    /// IPVS_SVC_ATTR_* (LV-111). Statistics (10, 12) are kept as `Other`.
    ServiceAttribute {
        Family(u16) = 1,
        Protocol(u16) = 2,
        Address([u8; 16]) = 3,
        Port(NetworkOrder) = 4,
        Fwmark(u32) = 5,
        Scheduler(String) = 6,
        Flags(ServiceFlags) = 7,
        Timeout(u32) = 8,
        Netmask([u8; 4]) = 9,
        Engine(String) = 11,
    }
}

attributes! {
    /// IPVS_DEST_ATTR_* (LV-114). Connection counts (7 to 9) and statistics (10, 12) are kept as `Other`.
    DestinationAttribute {
        Address([u8; 16]) = 1,
        Port(NetworkOrder) = 2,
        Method(u32) = 3,
        Weight(u32) = 4,
        UpperThreshold(u32) = 5,
        LowerThreshold(u32) = 6,
        Family(u16) = 11,
        TunnelType(u8) = 13,
        TunnelPort(NetworkOrder) = 14,
        TunnelFlags(u16) = 15,
    }
}

attributes! {
    /// IPVS_DAEMON_ATTR_* (LV-115); the port is in host order.
    DaemonAttribute {
        State(i32) = 1,
        Interface(String) = 2,
        SyncId(i32) = 3,
        MaxLength(u16) = 4,
        Group([u8; 4]) = 5,
        Group6([u8; 16]) = 6,
        Port(u16) = 7,
        Ttl(u8) = 8,
    }
}

/// A port number, in network order in the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NetworkOrder(pub u16);

/// `struct ip_vs_flags`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceFlags {
    pub flags: u32,
    pub mask: u32,
}

impl Value for u8 {
    fn length(&self) -> usize {
        1
    }
    fn put(&self, buffer: &mut [u8]) {
        buffer[0] = *self;
    }
    fn take(bytes: &[u8]) -> Result<u8, DecodeError> {
        parse_u8(bytes)
    }
}

/// Numbers go through the emit and parse functions of netlink-packet-core.
macro_rules! number {
    ($type:ty, $size:literal, $emit:ident, $parse:ident) => {
        impl Value for $type {
            fn length(&self) -> usize {
                $size
            }
            fn put(&self, buffer: &mut [u8]) {
                // invariant: the buffer has `length()` bytes, so this cannot fail.
                $emit(buffer, *self).unwrap_or_default();
            }
            fn take(bytes: &[u8]) -> Result<$type, DecodeError> {
                $parse(bytes)
            }
        }
    };
}

number!(u16, 2, emit_u16, parse_u16);
number!(u32, 4, emit_u32, parse_u32);
number!(i32, 4, emit_i32, parse_i32);

impl Value for NetworkOrder {
    fn length(&self) -> usize {
        2
    }
    fn put(&self, buffer: &mut [u8]) {
        // invariant: the buffer has `length()` bytes, so this cannot fail.
        emit_u16_be(buffer, self.0).unwrap_or_default();
    }
    fn take(bytes: &[u8]) -> Result<NetworkOrder, DecodeError> {
        parse_u16_be(bytes).map(NetworkOrder)
    }
}

impl<const SIZE: usize> Value for [u8; SIZE] {
    fn length(&self) -> usize {
        SIZE
    }
    fn put(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(self);
    }
    fn take(bytes: &[u8]) -> Result<[u8; SIZE], DecodeError> {
        bytes.try_into().map_err(|_| DecodeError::invalid_number(SIZE, bytes.len()))
    }
}

/// A string with its NUL.
impl Value for String {
    fn length(&self) -> usize {
        self.len() + 1
    }
    fn put(&self, buffer: &mut [u8]) {
        buffer[..self.len()].copy_from_slice(self.as_bytes());
        buffer[self.len()] = 0;
    }
    fn take(bytes: &[u8]) -> Result<String, DecodeError> {
        parse_string(bytes)
    }
}

impl Value for ServiceFlags {
    fn length(&self) -> usize {
        8
    }
    fn put(&self, buffer: &mut [u8]) {
        self.flags.put(&mut buffer[..4]);
        self.mask.put(&mut buffer[4..]);
    }
    fn take(bytes: &[u8]) -> Result<ServiceFlags, DecodeError> {
        match bytes.split_at_checked(4) {
            Some((flags, mask)) => Ok(ServiceFlags { flags: parse_u32(flags)?, mask: parse_u32(mask)? }),
            None => Err(DecodeError::invalid_number(8, bytes.len())),
        }
    }
}

impl<A> Value for Vec<A>
where
    A: Nla + for<'a> Parseable<NlaBuffer<&'a [u8]>>,
{
    const NESTED: bool = true;
    fn length(&self) -> usize {
        self.as_slice().buffer_len()
    }
    fn put(&self, buffer: &mut [u8]) {
        self.as_slice().emit(buffer);
    }
    fn take(bytes: &[u8]) -> Result<Vec<A>, DecodeError> {
        all(bytes)
    }
}

fn all<A: for<'a> Parseable<NlaBuffer<&'a [u8]>>>(bytes: &[u8]) -> Result<Vec<A>, DecodeError> {
    NlasIterator::new(bytes).map(|attribute| A::parse(&attribute?)).collect()
}

#[cfg(test)]
mod tests;
